import type { Deployment } from '#deployments/schemas.ts';
import { colours, count, cutTo, print, table } from '../../cli/output.ts';
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

export interface Screen {
  /** Prints a line that stays. */
  say(text: string): void;
  /** What is shown of the deployment from now on. */
  show(deployment: Deployment): void;
  stop(): void;
}

/** Draws what is going on twice a second: in place on a terminal, elsewhere as a line when something changed and each 5 s. */
export function startScreen(shown: Shown): Screen {
  const inPlace = Boolean(process.stdout.isTTY);
  let stopped = false;
  let drawn = 0;
  let told = '';
  let toldAt = 0;

  function clear(): void {
    if (inPlace && drawn > 0) process.stdout.write(`\u001b[${drawn}A\u001b[J`);
    drawn = 0;
  }

  function draw(): void {
    const { deployment, title } = shown;
    const lost = Object.values(lostIn(shown.seconds, { from: 0, to: Date.now() + 1 }));
    const lines = [
      ...(deployment === undefined ? [] : deploymentLines(deployment, inPlace)),
      ...table(versionRows(shown)),
      `  ${count(lost.reduce((sum, one) => sum + one, 0))} requests lost`,
    ];
    if (inPlace) {
      clear();
      const cut = [colours.bold(title), ...lines].map((line) => cutTo(line, process.stdout.columns));
      for (const line of cut) print(line);
      drawn = cut.length;
      return;
    }
    const state = `${title} ${deployment?.phase} ${deployment?.traffic?.percent}`;
    if (state === told && Date.now() - toldAt < recentMs) return;
    told = state;
    toldAt = Date.now();
    print([title, ...lines.map((line) => line.trim())].join(' | '));
  }

  const timer = setInterval(draw, 500);
  draw();
  return {
    say(text) {
      if (stopped) return;
      clear();
      print(text);
      draw();
    },
    show(deployment) {
      shown.deployment = deployment;
    },
    stop() {
      stopped = true;
      clearInterval(timer);
      clear();
    },
  };
}
