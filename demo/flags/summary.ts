import { colours, count, duration, print, table } from '../../cli/output.ts';
import type { Outcome, SeenChange } from './outcome.ts';
import { limits } from './shop.ts';

const after = (ms: number | null): string => (ms === null ? 'never' : duration(ms));
const good = (ok: boolean, text: string): string => (ok ? colours.green(text) : colours.red(text));

const row = (name: string, { inForce, effect, kept }: SeenChange): string[] => [
  `  ${name}`,
  after(inForce),
  after(effect.first),
  after(effect.everywhere),
  after(effect.lastWithout),
  kept ? colours.green('as promised') : colours.yellow('later than promised'),
];

/** What was measured, by the requests of the users. */
export function printSummary(outcome: Outcome): void {
  const { requests, lost, rollout, bad, otherFailures, problems } = outcome;
  print(colours.bold('\nFrom the command to its effect'));
  const head = ['', 'in force', 'first request', 'all instances', 'last without it', ''];
  const rows = [
    ...rollout.steps.map((one) => row(`the flag at ${one.percentage} %`, one)),
    row(`${limits.good} ms for payments`, outcome.good),
    row(`${limits.bad} ms for payments`, bad),
    row('the kill switch', outcome.kill),
  ];
  for (const line of table([head, ...rows])) print(line);
  print(
    colours.dim(
      '  Promised after "in force": flags and kill switches 2 s, configuration 1 s (docs/openfeature.md, docs/configuration-clients.md)',
    ),
  );
  print(colours.bold('\nWhat the users saw'));
  for (const { percentage, withIt, users, settled, asAsked } of rollout.steps) {
    const share = `${((100 * withIt) / users).toFixed(1)} % of ${count(users)} users`;
    print(
      `  asked ${String(percentage).padStart(3)} %          ${settled ? good(asAsked, share) : colours.yellow(`${share}, too short to be counted`)}`,
    );
  }
  print(
    `  the bad value        ${good(bad.status === 'rolled_back', bad.status.replaceAll('_', ' '))}: applied after ${after(bad.inForce)}, found after ${after(bad.foundAfter)}, restored after ${after(bad.restoredAfter)}, last seen after ${after(bad.goneAfter)}`,
  );
  if (bad.why !== '') print(`    ${bad.why}`);
  print(`  its failures         ${count(bad.failed)} of the ${count(bad.requests)} requests that had it`);
  print(`  other failures       ${good(otherFailures === 0, String(otherFailures))}`);
  print(`  not answered         ${good(lost === 0, String(lost))} of ${count(requests)} requests`);
  for (const problem of problems) print(colours.red(`  ✗ ${problem}`));
}
