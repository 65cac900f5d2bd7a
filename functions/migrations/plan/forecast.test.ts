import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMigrationFile } from '../file/parse.ts';
import { defaultPace, rangeOf } from './duration.ts';
import { Forecast, forecastOf } from './forecast.ts';
import { type LockObservation, learntLocks, type MeasuredLocks } from './lock-times.ts';
import { learnt, nothingMeasured, type Observation } from './pace-measured.ts';
import { createPlan } from './plan.ts';
import { column, shop, snapshot, table } from './testing/snapshot.ts';

const at = '2026-01-02T03:04:05.000Z';
const large = snapshot([
  table('orders', 100, [column('amount', 'integer'), column('sku', 'text')], {
    estimatedRows: 12_000_000,
    bytes: 1_200_000_000,
  }),
]);
const planOf = (operations: unknown[], from = large) =>
  createPlan({ file: parseMigrationFile(JSON.stringify({ name: '01_m', operations })), snapshot: from });
const change = {
  alter_column: { table: 'orders', column: 'amount', type: 'bigint', up: 'amount', down: 'amount::int' },
};
const index = { create_index: { table: 'orders', name: 'by_sku', columns: [{ column: 'sku' }] } };
const of = async (operations: unknown[], facts: Partial<Parameters<typeof forecastOf>[1]> = {}) =>
  forecastOf(await planOf(operations), { concurrency: 1, approvals: [], ...facts });
const rate = (perSecond: number, samples = 1) => ({ perSecond, samples, at });

describe('a forecast', () => {
  it('says of each step its lock, rows, disk, time and what comes before', async () => {
    const forecast = await of([change, index]);
    expect(() => Forecast.parse(forecast)).not.toThrow();
    const by = (phase: string) => forecast.steps.filter((step) => step.phase === phase);
    expect(by('expand')[0]).toMatchObject({
      lock: { mode: 'ACCESS EXCLUSIVE', tables: ['public.orders'], blocks: ['reads', 'writes', 'ddl'] },
      after: [],
      basis: 'catalogue',
    });
    expect(by('backfill')[0]).toMatchObject({
      lock: { mode: 'ROW EXCLUSIVE', blocks: ['ddl'] },
      after: ['expand.1'],
      rows: 12_000_000,
      basis: 'default',
      risk: { level: 'medium' },
    });
    expect(by('backfill')[0]?.diskBytes).toBeGreaterThan(1_200_000_000);
    expect(by('index')[0]).toMatchObject({
      lock: { mode: 'SHARE UPDATE EXCLUSIVE', blocks: ['ddl'] },
      validation: 'pg_index.indisvalid',
      after: by('backfill').map(({ id }) => id),
    });
    expect(by('publish')[0]).toMatchObject({ lock: { mode: 'ACCESS SHARE', tables: [] } });
    expect(forecast.durationMs.low).toBeLessThan(forecast.durationMs.high);
  });

  it('goes by what was measured on the database, and says so', async () => {
    const measured = { ...nothingMeasured, backfill: rate(50_000, 10) };
    const found = (await of([change], { measured })).steps.find(({ phase }) => phase === 'backfill');
    expect(found?.basis).toBe('measured');
    // 240 s at that pace.
    expect(found?.durationMs.low).toBeGreaterThan(150_000);
    expect(found?.durationMs.high).toBeLessThan(400_000);
    const unmeasured = (await of([change])).steps.find(({ phase }) => phase === 'backfill');
    expect(unmeasured?.durationMs.high).toBeGreaterThan((found?.durationMs.high ?? 0) * 5);
  });

  it('knows nothing of the user’s own statements', async () => {
    const forecast = await of([{ sql: { up: 'UPDATE orders SET amount = 1', down: 'SELECT 1' } }]);
    expect(forecast.steps.find(({ phase }) => phase === 'expand')).toMatchObject({
      lock: { mode: null, blocks: ['reads', 'writes', 'ddl'] },
      basis: 'unknown',
      risk: { level: 'high' },
    });
  });

  it('says what a failure means in each phase', async () => {
    const ways = forecastOf(
      await planOf([{ drop_column: { table: 'customers', column: 'name', down: "'x'" } }], shop()),
      {
        concurrency: 1,
        approvals: [],
      },
    ).waysBack;
    expect(ways.map(({ from }) => from)).toEqual([
      'plan to lock',
      'expand to soak',
      'contract',
      'complete',
      'removal',
    ]);
    expect(ways.at(-1)?.how).toContain('name of customers');
  });

  it('every step comes after one before it, and none before itself', async () => {
    const { steps } = await of([change, index]);
    steps.forEach(({ after }, place) => {
      for (const id of after) expect(steps.findIndex((step) => step.id === id)).toBeLessThan(place);
    });
  });
});

describe('the time of a lock', () => {
  const locked = async (locks: MeasuredLocks) => {
    const { steps } = await of([change, index], { measured: { ...nothingMeasured, locks } });
    return (phase: string) => steps.find((step) => step.phase === phase);
  };
  const seen = (heldMs: number, waitedMs: number): LockObservation => ({ kind: 'expand', heldMs, waitedMs });

  it('is that of ordinary servers, and says so, until it was measured there', async () => {
    const of = await locked({});
    expect(of('expand')?.lock).toMatchObject({
      heldMs: { low: 1, high: 50 },
      waitMs: { low: 0, high: 60_000 },
      basis: 'default',
    });
    expect(of('expand')?.durationMs.high).toBe(61_000);
    expect(of('backfill')?.lock).toMatchObject({ waitMs: { low: 0, high: 200 }, basis: 'default' });
    // Nothing bounds how long a transaction stays open that an index has to wait for.
    expect(of('index')?.lock).toMatchObject({ waitMs: null, basis: 'default' });
  });

  it('lies around what was seen of the same kind, and nearer the more often', async () => {
    const once = (await locked(learntLocks({}, [seen(10, 300)])))('expand');
    expect(once?.lock).toMatchObject({
      heldMs: { low: 4, high: 25 },
      waitMs: { low: 120, high: 750 },
      basis: 'measured',
    });
    expect(once?.durationMs.high).toBe(1_750);
    const often = learntLocks({}, [seen(9_000, 1), ...Array.from({ length: 20 }, () => seen(10, 300))]);
    const later = await locked(often);
    expect(later('expand')?.lock.heldMs).toEqual({ low: 7, high: 14 });
    expect(later('backfill')?.lock.basis).toBe('default');
  });
});

describe('a duration', () => {
  it('grows with the rows, shrinks with lanes and pace, and its range narrows with what was seen', () => {
    const amounts = fc.integer({ min: 0, max: 1_000_000_000 });
    fc.assert(
      fc.property(
        amounts,
        amounts,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 50 }),
        (a, b, lanes, samples) => {
          const of = (rows: number, count: number, seen: number) =>
            rangeOf(rows, rate(10_000, seen), defaultPace.backfill, count).range;
          const [less, more] = [Math.min(a, b), Math.max(a, b)];
          expect(of(less, lanes, samples).high).toBeLessThanOrEqual(of(more, lanes, samples).high);
          expect(of(a, lanes, samples).low).toBeLessThanOrEqual(of(a, 1, samples).low);
          expect(of(a, lanes, samples).low).toBeLessThan(of(a, lanes, samples).high);
          expect(of(a, 1, samples + 1).high).toBeLessThanOrEqual(of(a, 1, samples).high);
        },
      ),
    );
  });
});

describe('a measured pace', () => {
  const seen = (amount: number, ms: number, work: Observation['work'] = 'backfill') => ({ work, amount, ms });

  it('is the first one seen, and then moves towards the newest', () => {
    const first = learnt(nothingMeasured, [seen(5_000, 1_000), seen(5_000, 1_000)], at);
    expect(first.backfill).toEqual(rate(5_000));
    expect(first.verify).toBeNull();
    const many = Array.from({ length: 30 }).reduce<typeof first>(
      (pace) => learnt(pace, [seen(20_000, 1_000)], at),
      first,
    );
    expect(many.backfill?.perSecond).toBeCloseTo(20_000, -2);
    expect(many.backfill?.samples).toBe(31);
  });

  it('does not come from a handful of rows', () => {
    expect(learnt(nothingMeasured, [seen(999, 1), seen(999_999, 1, 'index')], at)).toEqual(nothingMeasured);
  });

  it('stays between what was seen', () => {
    const amount = fc.integer({ min: 1_000, max: 1_000_000 });
    fc.assert(
      fc.property(fc.array(amount, { minLength: 1, maxLength: 20 }), (amounts) => {
        const pace = amounts.reduce((before, one) => learnt(before, [seen(one, 1_000)], at), nothingMeasured);
        expect(pace.backfill?.perSecond).toBeGreaterThanOrEqual(Math.min(...amounts) - 0.001);
        expect(pace.backfill?.perSecond).toBeLessThanOrEqual(Math.max(...amounts) + 0.001);
      }),
    );
  });
});
