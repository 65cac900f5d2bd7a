import type { Deprecation } from '#apis/deprecations/schemas.ts';
import { colours, count, print, table } from '../../cli/output.ts';
import type { Tally } from './consumers.ts';
import type { Registered } from './register.ts';
import type { Stage } from './stage.ts';

/** What came of the demo, by the consumers' own counts. */
export interface Outcome {
  status: string;
  days: number;
  brownouts: string[];
  registered: Registered;
  /** Besides the webhooks. */
  mails: number;
  consumers: {
    consumer: string;
    requests: { v1: number; v2: number };
    valid: { v1: number; v2: number };
    /** In brownouts, as somebody new, and after the removal. */
    refused: { brownout: number; newcomer: number; removed: number };
    told: number;
    moved: { at: string; why: string } | null;
  }[];
  /** What is not as it should be. */
  problems: string[];
}

const dayMs = 86_400_000;

const lineOf = ({
  consumer,
  requests,
  valid,
  refused,
  told,
  moved,
}: Tally): Outcome['consumers'][number] => ({
  consumer,
  requests,
  valid,
  refused: {
    brownout: refused.get('BrownedOut') ?? 0,
    newcomer: refused.get('DeprecatedForNewConsumers') ?? 0,
    removed: refused.get('ApiVersionRemoved') ?? 0,
  },
  told: told.length,
  moved,
});

/** What must hold of each consumer besides that no answer was wrong. */
function misfits({ consumer, refused, told, moved, valid }: Outcome['consumers'][number]): string[] {
  const expect = (holds: boolean, what: string) => (holds ? [] : [`${consumer} ${what}`]);
  const onOld = consumer === 'mobile' || consumer === 'partner' || consumer === 'legacy';
  return [
    ...expect(onOld === told > 0, onOld ? 'was told nothing' : 'was told of what it does not use'),
    ...expect(consumer === 'web' || moved !== null, 'never moved'),
    ...expect(refused.brownout === 0 || consumer === 'partner', 'was refused in a brownout'),
    ...expect(refused.brownout > 0 || consumer !== 'partner', 'noticed no brownout'),
    ...expect(refused.removed > 0 === (consumer === 'legacy'), 'met the removal otherwise than it was to'),
    ...expect(refused.newcomer > 0 === (consumer === 'newcomer'), 'was taken for somebody else'),
    ...expect(consumer !== 'newcomer' || valid.v1 === 0, 'was served a version that takes nobody new'),
    ...expect(valid.v2 > 0, 'never used the new version'),
  ];
}

/** The figures of a finished demo, and what is wrong with them. */
export async function outcomeOf(stage: Stage, view: Deprecation, registered: Registered): Promise<Outcome> {
  const tallies = [...stage.consumers.values()].map(({ tally }) => tally);
  const consumers = tallies.map(lineOf);
  const brownouts = view.brownouts.map(({ state }) => state);
  const forged = stage.receiver.forged();
  const mails = await stage.platform.mails();
  const told = consumers.reduce((sum, one) => sum + one.told, 0);
  return {
    status: view.status,
    days: Math.round((Date.parse(view.removedAt ?? '') - Date.parse(view.announcedAt ?? '')) / dayMs),
    brownouts,
    registered,
    mails,
    consumers,
    problems: [
      ...(view.status === 'completed'
        ? []
        : [`The deprecation is ${view.status} in its phase ${view.phase}`]),
      ...(brownouts.join() === 'interrupted,held,held' ? [] : [`The brownouts are ${brownouts.join(', ')}`]),
      ...(forged === 0 ? [] : [`${forged} messages had no right signature`]),
      ...(mails === told ? [] : [`${told} messages came by webhook and ${mails} by e-mail`]),
      ...(registered.breaking > 0 && registered.documents > 0
        ? []
        : ['Nothing was found to break, or tried']),
      ...tallies.flatMap(({ consumer, problems }) => [...problems].map((one) => `${consumer}: ${one}`)),
      ...consumers.flatMap(misfits),
    ],
  };
}

/** What each consumer saw, as a table, and whether it was as it should be. */
export function printSummary({ consumers, problems, status, days, mails }: Outcome): void {
  print(colours.bold('\nWhat each consumer saw'));
  const rows = consumers.map(({ consumer, requests, valid, refused, told, moved }) => [
    `  ${consumer}`,
    `${count(valid.v1)} of ${count(requests.v1)}`,
    `${count(valid.v2)} of ${count(requests.v2)}`,
    String(refused.brownout),
    String(refused.newcomer + refused.removed),
    String(told),
    moved === null ? 'was there from the beginning' : `moved ${moved.at}: ${moved.why}`,
  ]);
  const head = ['  consumer', 'v1 served', 'v2 served', 'in brownouts', '403 or 410', 'told', ''];
  for (const line of table([head, ...rows])) print(line);
  const good = (ok: boolean, text: string) =>
    print(`  ${ok ? colours.green('✓') : colours.red('✗')} ${text}`);
  print();
  const sum = (of: (one: Outcome['consumers'][number]) => number) =>
    consumers.reduce((total, one) => total + of(one), 0);
  good(
    sum(({ requests, valid }) => requests.v2 - valid.v2) === 0,
    `all ${count(sum(({ requests }) => requests.v2))} requests for v2 were served, each with a valid answer of v2`,
  );
  good(
    sum(
      ({ requests, valid, refused }) =>
        requests.v1 - valid.v1 - refused.brownout - refused.newcomer - refused.removed,
    ) === 0,
    `all ${count(sum(({ valid }) => valid.v1))} answers of v1 were valid, made by a service that knows v2 only; what was refused was announced`,
  );
  good(status === 'completed', `the old version is gone, ${days} days after that was announced`);
  print(`  ${count(mails)} messages were signed, sent and verified, and as many e-mails written`);
  for (const problem of problems) print(`  ${colours.red('✗')} ${problem}`);
}
