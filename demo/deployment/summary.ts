import { colours, count, duration, print } from '../../cli/output.ts';
import type { Counted } from './figures.ts';
import type { Outcome, Split } from './outcome.ts';
import { versions } from './story.ts';

const took = ({ p50, p99 }: Counted) => `p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`;
const good = (ok: boolean, text: string) => (ok ? colours.green(text) : colours.red(text));
const later = (seconds: number | null) => (seconds === null ? 'never' : duration(seconds * 1_000));

function splitLine({ version, percent, counted, asAsked }: Split): string {
  const all = Object.values(counted).reduce((sum, { answers }) => sum + answers, 0);
  const own = counted[version];
  const share = ((100 * (own?.answers ?? 0)) / all).toFixed(1);
  return `${version} at ${percent} %: ${good(asAsked, `${share} %`)} of ${count(all)} answers${own === undefined ? '' : `, ${took(own)}`}`;
}

/** What was measured, by the counts of the visitors. */
export function printSummary(outcome: Outcome): void {
  const { requests, lost, before, splits, bad, otherErrors, problems } = outcome;
  const lostCount = Object.values(lost).reduce((sum, one) => sum + one, 0);
  const why = Object.entries(lost).map(([reason, number]) => `${number} ${reason}`);
  print(colours.bold('\nWhat was measured'));
  print(`  requests             ${count(requests)}`);
  print(
    `  lost                 ${good(lostCount === 0, String(lostCount))}${why.length > 0 ? ` (${why.join(', ')})` : ''}`,
  );
  for (const one of Object.values(before)) print(`  before               ${took(one)}`);
  for (const one of splits) print(`  split                ${splitLine(one)}`);
  print(
    `  the good version     ${good(outcome.good.status === 'completed', outcome.good.status.replaceAll('_', ' '))} after ${later(outcome.good.seconds)}`,
  );
  print(
    `  the bad version      ${good(bad.status === 'rolled_back', bad.status.replaceAll('_', ' '))}: condemned by what its first ${later(bad.condemnedAfter)} showed, out of use after ${later(bad.backAfter)}`,
  );
  for (const one of bad.why) print(`    ${one}`);
  print(
    `  its errors           ${count(bad.errors)} of the ${count(bad.answers)} answers of ${versions.bad.version}`,
  );
  print(`  errors of others     ${good(otherErrors === 0, String(otherErrors))}`);
  for (const one of problems) print(colours.red(`  ${one}`));
}
