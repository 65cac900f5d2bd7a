import { afterAll, beforeAll, expect, it } from 'vitest';
import { startFlagsTable } from '#local/fixtures/flags-table.ts';
import { dynamodb } from '#platform/clients.ts';
import { clock } from '#platform/clock.ts';
import { decodeSketch, estimate } from '../statistics/hyperloglog.ts';
import { acceptExposures, acceptTracks } from './accept.ts';
import { assign } from './assignments.ts';
import { carryOut } from './carry-out.ts';
import type { ExposureBatch } from './events.ts';
import { hourOf } from './events.ts';
import { changeExperiment, findExperiment } from './experiment-store.ts';
import { type FlagFacts, factsOf } from './flag-facts.ts';
import { checkSampleRatio } from './sample-ratio-check.ts';
import { addUse, type FlagUse, noUse } from './use.ts';
import { readUse } from './use-store.ts';

let close: () => Promise<void>;
beforeAll(async () => {
  close = await startFlagsTable();
});
afterAll(() => close());

const bucket = { cat: ['flag', { var: 'targetingKey' }] };
const experiment = (key: string, sticky = false): FlagFacts =>
  factsOf(key, {
    variants: { control: 'a', treatment: 'b' },
    defaultVariant: 'control',
    targeting: { fractional: [bucket, ['control', 50], ['treatment', 50]] },
    metadata: { kind: 'experiment', sticky },
  });
const flags = new Map([
  ['checkout', experiment('checkout')],
  ['banner', factsOf('banner', { variants: { on: true, off: false }, defaultVariant: 'on' })],
]);

const at = new Date(clock.now() - 60_000).toISOString();
const later = new Date(clock.now() - 30_000).toISOString();
const event = (flag: string, variant: string, targetingKey: string) => ({ flag, variant, targetingKey, at });
const exposures = (id: string): ExposureBatch => ({
  id,
  events: [
    event('checkout', 'control', 'ann'),
    event('checkout', 'treatment', 'ann'),
    event('checkout', 'treatment', 'bob'),
    event('checkout', 'treatment', '__proto__'),
    event('banner', 'on', 'ann'),
  ],
});
const tracks = (id: string) => ({
  id,
  events: [
    { name: 'paid', targetingKey: 'ann', value: 10, at: later },
    { name: 'paid', targetingKey: 'ann', value: 99, at: later },
    { name: 'paid', targetingKey: 'bob', at: later },
    { name: 'paid', targetingKey: 'stranger', at: later },
  ],
});

async function use(environment: string, flag: string): Promise<FlagUse> {
  const [from, to] = [hourOf(clock.now() - 86_400_000), hourOf(clock.now() + 3_600_000)];
  return (await readUse(environment, flag, from, to)).reduce<FlagUse>((sum, one) => addUse(sum, one), noUse);
}
const sorted = <T>(list: readonly T[]) => list.map((one) => JSON.stringify(one)).sort();

/** What there must be after both batches, however they came in. */
async function expectAll(environment: string): Promise<void> {
  const { evaluations, exposed, conversions } = await use(environment, 'checkout');
  const split = '[["control",0.5],["treatment",0.5]]';
  expect(sorted(exposed)).toEqual(
    sorted([
      { run: 1, variant: 'control', split, users: 1 },
      { run: 1, variant: 'treatment', split, users: 2 },
    ]),
  );
  expect(sorted(evaluations.map(({ variant, count }) => [variant, count]))).toEqual(
    sorted([
      ['control', 1],
      ['treatment', 3],
    ]),
  );
  const one = { run: 1, metric: 'paid', users: 1 };
  expect(sorted(conversions)).toEqual(
    sorted(
      [
        { ...one, variant: 'control', values: 1, sum: 10, squares: 100 },
        { ...one, variant: 'treatment', values: 0, sum: 0, squares: 0 },
      ].map(({ run, variant, metric, users, ...rest }) => ({ run, variant, metric, users, ...rest })),
    ),
  );
  const [banner] = (await use(environment, 'banner')).evaluations;
  expect(banner).toMatchObject({ variant: 'on', count: 1 });
  expect(estimate(decodeSketch(banner?.sketch ?? ''))).toBe(1);
}

it('counts a batch once, and what users did for the variant that they saw first', async () => {
  const first = await acceptExposures('once', exposures('batch-00001'), flags);
  expect(first).toEqual({ accepted: 5, ignored: [], repeated: false });
  expect(await acceptExposures('once', exposures('batch-00001'), flags)).toEqual({
    ...first,
    repeated: true,
  });
  const tracked = await acceptTracks('once', tracks('batch-00001'), flags);
  expect(tracked).toEqual({
    accepted: 3,
    ignored: [{ reason: 'the user saw no experiment before', events: 1 }],
    repeated: false,
  });
  expect(await acceptTracks('once', tracks('batch-00001'), flags)).toMatchObject({ repeated: true });
  // Another batch with the same people adds evaluations, and no users.
  await acceptTracks('once', tracks('batch-00002'), flags);
  await expectAll('once');
  await acceptExposures('once', exposures('batch-00002'), flags);
  const after = await use('once', 'checkout');
  expect(after.exposed.reduce((sum, { users }) => sum + users, 0)).toBe(3);
  expect(after.evaluations.reduce((sum, { count }) => sum + count, 0)).toBe(8);
});

it('says what does not count, and why', async () => {
  const answer = await acceptExposures(
    'ignored',
    {
      id: 'batch-00001',
      events: [
        event('gone', 'on', 'ann'),
        event('constructor', 'on', 'ann'),
        event('banner', 'blue', 'ann'),
        { ...event('banner', 'on', 'ann'), at: '2020-01-01T00:00:00Z' },
      ],
    },
    flags,
  );
  expect(answer).toMatchObject({ accepted: 0, repeated: false });
  expect(answer.ignored.map(({ events }) => events)).toEqual([2, 1, 1]);
});

/** Fails at the n-th write from now on: before it happens, or after it did. Returns whether it came to that. */
function cutOff(n: number, when: 'before' | 'after'): { stop: () => boolean } {
  let writes = 0;
  let cut = false;
  const name = 'cutOff';
  dynamodb().middlewareStack.add(
    (next, context) => async (args) => {
      const isWrite = /Put|Update|Delete/.test(String(context.commandName));
      if (!isWrite) return next(args);
      // As after a crash: nothing that the run does any more has an effect.
      if (cut) throw new Error('cut off');
      writes += 1;
      cut = writes === n;
      if (cut && when === 'before') throw new Error('cut off');
      const answer = await next(args);
      if (cut) throw new Error('cut off');
      return answer;
    },
    { step: 'initialize', name },
  );
  return {
    stop() {
      dynamodb().middlewareStack.remove(name);
      return cut;
    },
  };
}

it.each(['before', 'after'] as const)(
  'loses nothing and counts nothing twice when it is cut off %s any write',
  async (when) => {
    let cuts = 0;
    for (let n = 1; n < 100; n += 1) {
      const environment = `cut-${when}-${n}`;
      const run = async () => {
        await acceptExposures(environment, exposures('batch-00001'), flags);
        await acceptTracks(environment, tracks('batch-00001'), flags);
      };
      const drill = cutOff(n, when);
      await run().catch(() => {});
      const cut = drill.stop();
      // As the sweeper would, in whatever order; then the sender, who got no answer, sends again.
      for (const kind of ['tracks', 'exposures'] as const)
        await carryOut({ environment, kind, id: 'batch-00001' });
      await run();
      await expectAll(environment);
      if (!cut) break;
      cuts += 1;
    }
    // Salt, experiment, batch, 3 people, 2 hours, 2 flags seen, mark, close; batch, 2 conversions, hour, close.
    expect(cuts).toBeGreaterThanOrEqual(15);
  },
);

it('counts what is sent by several at the same moment once', async () => {
  await Promise.all(
    Array.from({ length: 6 }, () => acceptExposures('together', exposures('batch-00001'), flags)),
  );
  await Promise.all(Array.from({ length: 6 }, () => acceptTracks('together', tracks('batch-00001'), flags)));
  await expectAll('together');
});

it('keeps no name of a user', async () => {
  const seen: string[] = [];
  dynamodb().middlewareStack.add(
    (next) => (args) => {
      seen.push(JSON.stringify(args.input));
      return next(args);
    },
    { step: 'initialize', name: 'look' },
  );
  const batch = { id: 'batch-00001', events: [event('checkout', 'control', 'ann@example.com')] };
  await acceptExposures('private', batch, flags);
  await acceptTracks(
    'private',
    { id: 'batch-00002', events: [{ name: 'paid', targetingKey: 'ann@example.com', at: later }] },
    flags,
  );
  await assign(
    'private',
    { asks: [{ flag: 'checkout', targetingKey: 'ann@example.com', variant: 'control' }] },
    new Map([['checkout', experiment('checkout', true)]]),
  );
  dynamodb().middlewareStack.remove('look');
  expect(seen.length).toBeGreaterThan(10);
  expect(seen.join('\n')).not.toContain('ann@');
});

it('gives the variant that was first while it is there, and nothing to flags that are not sticky', async () => {
  const sticky = new Map([...flags, ['checkout', experiment('checkout', true)]]);
  const ask = async (variant: string, which = sticky) =>
    (await assign('sticky', { asks: [{ flag: 'checkout', targetingKey: 'ann', variant }] }, which))
      .assignments[0];
  expect(await ask('treatment')).toMatchObject({ variant: 'treatment', sticky: true });
  expect(await ask('control')).toMatchObject({ variant: 'treatment', sticky: true });
  expect(await ask('control', flags)).toMatchObject({ variant: 'control', sticky: false });
  const narrower = new Map([
    ['checkout', { ...experiment('checkout', true), variants: ['control', 'other'] }],
  ]);
  expect(await ask('other', narrower)).toMatchObject({ variant: 'other' });
  expect(await ask('control')).toMatchObject({ variant: 'control' });
  await changeExperiment('sticky', 'checkout', ({ run }) => ({ set: { run: run + 1 } }));
  expect(await ask('treatment')).toMatchObject({ variant: 'treatment' });
  // All at once: one of them is first, and everybody gets that one.
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      assign(
        'sticky',
        { asks: [{ flag: 'checkout', targetingKey: 'zoe', variant: n % 2 ? 'control' : 'treatment' }] },
        sticky,
      ),
    ),
  );
  expect(new Set(answers.map(({ assignments }) => assignments[0]?.variant)).size).toBe(1);
});

it('raises the alarm of a wrong split once a run, and looks again when users come while it looks', async () => {
  const events = Array.from({ length: 60 }, (_, n) =>
    event('checkout', n < 55 ? 'treatment' : 'control', `user ${n}`),
  );
  await acceptExposures('wrong', { id: 'batch-00001', events }, flags);
  const record = await findExperiment('wrong', 'checkout');
  if (record === undefined) throw new Error('There is no experiment');
  expect(record.dueSince).not.toBeNull();
  expect(await checkSampleRatio(record)).toBe(true);
  expect(await checkSampleRatio(record)).toBe(false);
  await acceptExposures(
    'wrong',
    { id: 'batch-00002', events: [event('checkout', 'treatment', 'one more')] },
    flags,
  );
  expect(await checkSampleRatio(record)).toBe(false);
  const after = await findExperiment('wrong', 'checkout');
  expect(after).toMatchObject({ dueSince: null, lookingSince: null });
  expect(after?.outbox.map(({ type, data }) => [type, data.run])).toEqual([
    ['flag.sample_ratio_mismatch', 1],
  ]);
});
