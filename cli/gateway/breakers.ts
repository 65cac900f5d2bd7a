import { Command } from 'commander';
import { type Breaker, BreakerPage, CountedBreaker } from '#gateway/circuit-breaker/views.ts';
import { call } from '../client.ts';
import { colours, count, duration, print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { breakerPath } from './breaker-path.ts';

const colour = {
  closed: colours.green,
  open: colours.red,
  half_open: colours.yellow,
  isolated: colours.red,
};

/** Why it is not closed, and how it goes on. */
function standing({ why, retryAt, probing, isolated }: Breaker): string {
  if (isolated !== null) return `held open by ${isolated.by}: ${isolated.reason}`;
  if (why === null) return '';
  const cause =
    why.what === 'probe'
      ? 'a probe failed'
      : `${count(why[why.what])} of ${count(why.calls)} calls ${why.what === 'slow' ? 'were slow' : 'failed'}`;
  if (retryAt !== null) return `${cause}; probes from ${retryAt}`;
  return `${cause}; ${probing === null ? 'the next call probes' : `a probe is made, given up at ${probing.until}`}`;
}

/** A line for a person: `orders/1.4.0: open since …; 12 of 20 calls failed; probes from …`. */
export const describeBreaker = (breaker: Breaker): string => {
  const more = standing(breaker);
  const state = colour[breaker.state](breaker.state.replace('_', ' '));
  return `${breaker.name}: ${state} since ${breaker.since}${more === '' ? '' : `; ${more}`}`;
};

function printCounted(breaker: CountedBreaker): void {
  const { window, policy } = breaker;
  print(describeBreaker(breaker));
  const slow = policy.slowMs === null ? '' : `, ${count(window.slow)} slow`;
  print(
    `  last ${duration(policy.windowMs)}: ${count(window.calls)} calls, ${count(window.failures)} failed${slow}`,
  );
  const rates = [
    `${policy.failureRate * 100} % failed`,
    ...(policy.slowMs === null
      ? []
      : [`${policy.slowRate * 100} % took ${duration(policy.slowMs)} or longer`]),
  ];
  print(`  opens when ${rates.join(' or ')} of at least ${count(policy.minimumCalls)} calls`);
}

/** `theseus gateway breakers [name]`: all, or one with what its callers counted. */
export const gatewayBreakers = (): Command =>
  new Command('breakers')
    .description('Circuit breakers, or one of them with what its callers counted')
    .argument('[name]', 'the service and its version: orders/1.4.0')
    .addOption(limitOption(50))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (name: string | undefined, { limit, cursor, json }: PageOptions, command: Command) => {
      const platform = await platformOf(command);
      if (name !== undefined) {
        const breaker = await call(platform, {
          method: 'GET',
          path: breakerPath(name),
          answer: CountedBreaker,
        });
        return json ? printJson(breaker) : printCounted(breaker);
      }
      const page = await call(platform, {
        method: 'GET',
        path: '/gateway/circuit-breakers',
        query: { limit, cursor },
        answer: BreakerPage,
      });
      if (json) return printJson(page);
      if (page.items.length === 0)
        return print('No circuit breaker yet: the first call through one makes it.');
      const rows = page.items.map((one) => [
        one.name,
        colour[one.state](one.state.replace('_', ' ')),
        one.since,
        standing(one),
      ]);
      for (const line of table([['NAME', 'STATE', 'SINCE', ''], ...rows])) print(line.trimEnd());
      printMore(page);
    });
