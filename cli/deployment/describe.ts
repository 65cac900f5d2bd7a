import type { Deployment } from '#deployments/schemas.ts';
import { asTyped, bar, colours, duration, print, printJson } from '../output.ts';

const mark = (deployment: Deployment, at: number): string => {
  if (deployment.fullAt !== null && deployment.backAt === null && deployment.status !== 'running')
    return colours.green('✓');
  if (deployment.step === null || at > deployment.step) return ' ';
  return at < deployment.step ? colours.green('✓') : colours.cyan('▸');
};

function stepLines(deployment: Deployment): string[] {
  return deployment.steps.map(({ kind, percent, holdSeconds, canaries }, at) => {
    const whom = kind === 'first' ? `${canaries.length} canaries` : `${percent} %`;
    const sign = mark(deployment, at);
    const what = kind === 'bake' ? 'baked' : 'held';
    return `  ${sign} ${whom.padEnd(12)} ${sign === ' ' ? `to be ${what}` : what} for ${duration(holdSeconds * 1_000)}`;
  });
}

/** The judge's figures, a line for each metric and limit. */
export function judgementLines({ judgement }: Pick<Deployment, 'judgement'>): string[] {
  if (judgement === null) return [];
  const colour =
    judgement.verdict === 'fail'
      ? colours.red
      : judgement.verdict === 'pass'
        ? colours.green
        : colours.yellow;
  return [
    `  judged: ${colour(judgement.verdict)} by ${judgement.samples === 1 ? '1 sample' : `${judgement.samples} samples`}`,
    ...judgement.metrics.map(({ metric, says }) => `    ${metric}: ${says}`),
    ...judgement.limits.map(({ limit, says }) => `    limit of ${limit}: ${says}`),
  ];
}

/** Everything a terminal shows of a deployment. */
export function linesOf(deployment: Deployment): string[] {
  const { service, version, from, status, traffic, failure, notes, secondsLeft, queuedBehind } = deployment;
  const left = secondsLeft === null || secondsLeft === 0 ? '' : `, ${duration(secondsLeft * 1_000)} left`;
  const percent = traffic?.percent ?? 0;
  return [
    `${colours.bold(`${service} ${version}`)}${from === null ? '' : ` in place of ${from}`}: ${status.replaceAll('_', ' ')}`,
    ...(queuedBehind.length > 0 ? [`  waits for ${queuedBehind.join(', ')}`] : []),
    ...stepLines(deployment),
    `  ${bar(percent / 100)} of traffic to ${version}${left}`,
    ...judgementLines(deployment),
    ...(deployment.keepsBlueUntil !== null && status === 'keeping_blue'
      ? [`  keeps ${from ?? 'the old version'} until ${deployment.keepsBlueUntil}`]
      : []),
    ...notes.map((note) => colours.yellow(`  note: ${note}`)),
    ...(failure === null ? [] : [colours.red(`  ${failure.name}: ${failure.message}`)]),
    ...(failure?.action ? [`  ${asTyped(failure.action)}`] : []),
  ];
}

/** Prints where a deployment stands, with what can be done next. */
export function reportDeployment(deployment: Deployment, { json }: { json?: boolean }): void {
  if (json) {
    printJson(deployment);
    return;
  }
  for (const line of linesOf(deployment)) print(line);
  print(`  ${deployment.id}`);
  for (const { command, why } of deployment.next) print(`  ${asTyped(command)}  ${colours.dim(why)}`);
}
