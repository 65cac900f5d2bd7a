import type { Deployment } from '#deployments/schemas.ts';
import { colours, count, table } from '../../cli/output.ts';
import { type LiveBlock, startLiveBlock } from '../live-block.ts';
import { countedBy, lostIn } from './figures.ts';
import type { Shown } from './outcome.ts';

const recentMs = 5_000;

/** Where the deployment is, and what the judge says of it. */
function deploymentLines(
  { status, phase, traffic, judgement, secondsLeft }: Deployment,
  inPlace: boolean,
): string[] {
  const where = [
    (phase ?? status).replaceAll('_', ' '),
    ...(traffic === null ? [] : [`${traffic.percent} % of the traffic`]),
    ...(secondsLeft === null ? [] : [`about ${secondsLeft} s left`]),
  ].join(', ');
  const metrics = (judgement?.metrics ?? []).map((one) => [
    `    ${one.metric}`,
    one.verdict === 'worse' ? colours.red('worse') : one.verdict.replaceAll('_', ' '),
    // A log needs no reasons every five seconds; those that decide are in the summary.
    inPlace ? one.says : '',
  ]);
  return [`  ${colours.cyan('▸')} ${where}`, ...table(metrics)];
}

function versionRows({ seconds }: Shown): string[][] {
  const now = Date.now();
  const recent = countedBy(seconds, { from: now - recentMs, to: now + 1 });
  const all = countedBy(seconds, { from: 0, to: now + 1 });
  const answers = Object.values(recent).reduce((sum, one) => sum + one.answers, 0);
  return Object.entries(all).map(([version, { answers: total, errors }]) => {
    const last = recent[version];
    return [
      `  ${version}`,
      `${last === undefined ? 0 : Math.round((100 * last.answers) / Math.max(1, answers))} % now`,
      `${count(total)} answers`,
      errors === 0 ? colours.green('0 errors') : colours.red(`${count(errors)} errors`),
      last === undefined ? '' : `p50 ${last.p50.toFixed(0)} ms, p99 ${last.p99.toFixed(0)} ms`,
    ];
  });
}

export interface Screen extends LiveBlock {
  /** What is shown of the deployment from now on. */
  show(deployment: Deployment): void;
}

/** Draws what is going on. */
export function startScreen(shown: Shown): Screen {
  const block = startLiveBlock({
    title: () => colours.bold(shown.title),
    lines(inPlace) {
      const { deployment } = shown;
      const lost = Object.values(lostIn(shown.seconds, { from: 0, to: Date.now() + 1 }));
      return [
        ...(deployment === undefined ? [] : deploymentLines(deployment, inPlace)),
        ...table(versionRows(shown)),
        `  ${count(lost.reduce((sum, one) => sum + one, 0))} requests lost`,
      ];
    },
    state: () => `${shown.title} ${shown.deployment?.phase} ${shown.deployment?.traffic?.percent}`,
  });
  return {
    ...block,
    show(deployment) {
      shown.deployment = deployment;
    },
  };
}
