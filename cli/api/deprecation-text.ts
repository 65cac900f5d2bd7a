import { type Deprecation, elementKey } from '#apis/deprecations/schemas.ts';
import { asTyped, colours, print, printJson, table } from '../output.ts';

const minute = (at: string | null): string => at?.slice(0, 16).replace('T', ' ') ?? '';

/** A deprecation for people, or as JSON. */
export function reportDeprecation(shown: Deprecation, { json }: { json?: boolean }): void {
  if (json) {
    printJson(shown);
    return;
  }
  const what = shown.elements === null ? '' : `: ${shown.elements.map(elementKey).join(', ')}`;
  print(`${shown.id}: ${shown.api} ${shown.version}${what}`);
  print(`  ${shown.status}, ${shown.phase}; ${shown.reason}`);
  if (shown.paused !== null) print(colours.yellow(`  paused by ${shown.paused.by}: ${shown.paused.reason}`));
  if (shown.failure !== null) {
    print(colours.red(`  ${shown.failure.name}: ${shown.failure.message}`));
    if (shown.failure.action !== null) print(`  ${asTyped(shown.failure.action)}`);
  }
  for (const line of datesOf(shown)) print(`  ${line}`);
  if (shown.consumers.length > 0) print(`  ${shown.ready} of ${shown.consumers.length} consumers are ready`);
  const rows = shown.consumers
    .slice(0, 20)
    .map((one) => [
      `    ${one.consumer}`,
      `${one.requests} requests`,
      one.consented === null ? (one.ready ? 'does not use it' : 'uses it') : 'consented',
      one.exempt ? 'exempt' : '',
      one.uses.slice(0, 3).join(', '),
    ]);
  for (const line of table(rows)) print(line.trimEnd());
  if (shown.consumers.length > 20) print(`    and ${shown.consumers.length - 20} more: see --json`);
  if (shown.next.length > 0) print('  What you can do:');
  for (const line of table(shown.next.map(({ command, why }) => [`    ${asTyped(command)}`, why])))
    print(line);
}

function datesOf(shown: Deprecation): string[] {
  const dates: [string, string][] = [
    ...(shown.announcedAt === null ? [] : [[shown.announcedAt, 'announced'] as [string, string]]),
    ...shown.reminders.map(({ at, days }): [string, string] => [
      at,
      `reminder, ${days} ${days === 1 ? 'day' : 'days'} before`,
    ]),
    ...shown.brownouts.flatMap(({ from, to, state, harmed }): [string, string][] => {
      if (from === null) return [];
      const hurt = harmed === null ? '' : `, hurt ${harmed.consumer}`;
      return [[from, `brownout until ${minute(to)}, ${state}${hurt}`]];
    }),
    ...shown.extensions.map(({ at, days, by, reason }): [string, string] => [
      at,
      `put off by ${days} days by ${by}: ${reason}`,
    ]),
    ...(shown.sunset === null
      ? []
      : [
          [shown.sunset, shown.removedAt === null ? `removed then, go to ${shown.successor}` : 'removed'] as [
            string,
            string,
          ],
        ]),
    ...(shown.restorableUntil === null || shown.endedAt !== null
      ? []
      : [[shown.restorableUntil, 'the removal can be undone until then'] as [string, string]]),
  ];
  return dates.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([at, text]) => `${minute(at)}  ${text}`);
}
