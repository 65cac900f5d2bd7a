import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGatewayTable } from '#local/fixtures/gateway-table.ts';
import { breakerStore } from './breaker-store.ts';
import { type CircuitBreaker, circuitBreaker } from './circuit-breaker.ts';
import { CircuitOpen } from './errors.ts';
import type { BreakerMetric } from './telemetry.ts';
import { standingClock } from './testing/time.ts';

let close: () => Promise<void>;
let time: ReturnType<typeof standingClock>;
let number = 0;
/** A name of its own for every test: they share one table. */
let name = '';
let told: Partial<Record<BreakerMetric, number>> = {};
/** A busy machine is slow, and here no answer is late. */
const waitMs = 60_000;

beforeAll(async () => {
  close = await startGatewayTable();
});
afterAll(() => close());
beforeEach(() => {
  number += 1;
  name = `orders/${number}.0.0`;
  told = {};
  time = standingClock(1_800_000_000_000);
});
afterEach(() => time.restore());

const caller = (table?: string): CircuitBreaker =>
  circuitBreaker({
    name,
    waitMs,
    policy: { minimumCalls: 20, openMs: 5_000 },
    report: (metric, count) => {
      told[metric] = (told[metric] ?? 0) + count;
    },
    ...(table === undefined ? {} : { table }),
  });
const store = breakerStore(() => 'theseus-gateway', waitMs);
const failing = () => Promise.reject(new Error('refused'));
const fine = () => Promise.resolve('fine');
const fails = (breaker: CircuitBreaker) => breaker.execute(failing).catch((error: unknown) => error);

describe('50 callers, each a process of its own', () => {
  it('open once, and make one probe in every half-open period', async () => {
    const callers = Array.from({ length: 50 }, () => caller());
    await callers[0]?.execute(fine);
    await Promise.all(callers.slice(1).map((one) => one.execute(fine)));
    await Promise.all(callers.slice(25).map(fails));
    expect(await store.read(name)).toMatchObject({ state: 'open', openings: 1 });
    expect(told.CircuitOpened).toBe(1);

    for (let period = 1; period <= 2; period += 1) {
      const open = await store.read(name);
      if (open?.state !== 'open') throw new Error(`It is ${open?.state}`);
      time.advance(open.retryAt - open.since);
      let probes = 0;
      let letGo = () => {};
      const others = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      let refused = 0;
      // The probe ends when all others have been refused.
      const attempts = callers.map((one) =>
        one
          .execute(async () => {
            probes += 1;
            await others;
            if (period < 2) throw new Error('still refused');
          })
          .catch((error: unknown) => {
            if (!(error instanceof CircuitOpen)) return;
            refused += 1;
            if (refused === callers.length - 1) letGo();
          }),
      );
      await Promise.all(attempts);
      expect({ probes, refused }).toEqual({ probes: 1, refused: 49 });
    }
    expect(await store.read(name)).toMatchObject({ state: 'closed', generation: 2 });
    expect(told).toMatchObject({ CircuitOpened: 2, CircuitProbes: 2, CircuitClosed: 1 });
  });

  it('lose no outcome that was shared', async () => {
    const callers = Array.from({ length: 50 }, () => caller());
    for (let round = 0; round < 4; round += 1) {
      await Promise.all(callers.map((one, at) => (at % 10 === 0 ? fails(one) : one.execute(fine))));
      time.advance(100);
    }
    await Promise.all(callers.map((one) => one.flush()));
    expect(await store.sum(name, 1, 0)).toEqual({ calls: 200, failures: 20, slow: 0 });
  });
});

it('lets calls go on while the table does not answer, and asks it no more than a few times', async () => {
  const breaker = caller('missing');
  for (let call = 0; call < 200; call += 1) {
    await fails(breaker);
    await expect(breaker.execute(fine)).resolves.toBe('fine');
  }
  await breaker.flush();
  expect(told.CircuitTableUnreachable).toBeGreaterThan(0);
});
