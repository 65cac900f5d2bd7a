import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FIRST_CONTROL_WAIT_MS,
  firstState,
  inBounds,
  MAX_PAUSE_MS,
  MAX_ROWS,
  type Measurement,
  MIN_ROWS,
  nextPace,
  type PaceState,
  pressure,
  roomBeside,
  START,
  USUAL_LIMITS,
} from './pace.ts';

const quiet: Measurement = {
  at: 0,
  probeP99Ms: 1,
  probeSamples: 30,
  quietP99Ms: null,
  quietSamples: 0,
  application: null,
  chunkMs: 2,
  waiters: 0,
  lockTimedOut: false,
  fresh: true,
  replicationLagMs: null,
  walBytesPerSecond: null,
  deadShare: null,
  slotRoomBytes: null,
  metric: null,
};
/** Something has held it back before: it goes on by steps. */
const started: PaceState = { ...firstState(START, 1, 0), ramping: false };

const state = fc.record({
  pace: fc.record({
    chunkRows: fc.integer({ min: MIN_ROWS, max: MAX_ROWS }),
    pauseMs: fc.integer({ min: 0, max: MAX_PAUSE_MS }),
  }),
  baselineP99Ms: fc.option(fc.double({ min: 0.05, max: 500, noNaN: true })),
  since: fc.integer({ min: 0, max: 1_000 }),
  controlledAt: fc.integer({ min: 0, max: 1_000 }),
  controlMs: fc.constantFrom(0, 200),
  controlWaitMs: fc.constantFrom(2_000, 8_000),
  ramping: fc.boolean(),
});
const limits = fc.record({
  p99Ms: fc.option(fc.double({ min: 0.1, max: 60_000, noNaN: true })),
  replicationLagMs: fc.option(fc.integer({ min: 1, max: 3_600_000 })),
  metric: fc.option(fc.double({ min: 0.1, max: 1e6, noNaN: true })),
});
const measurement = fc.record({
  at: fc.integer({ min: 1_000, max: 100_000 }),
  probeP99Ms: fc.option(fc.double({ min: 0, max: 10_000, noNaN: true })),
  probeSamples: fc.integer({ min: 0, max: 1_000 }),
  quietP99Ms: fc.option(fc.double({ min: 0, max: 10_000, noNaN: true })),
  quietSamples: fc.integer({ min: 0, max: 9 }),
  application: fc.option(
    fc.record({
      meanMs: fc.double({ min: 0, max: 1_000, noNaN: true }),
      usualMs: fc.double({ min: 0, max: 1_000, noNaN: true }),
    }),
  ),
  chunkMs: fc.double({ min: 0, max: 5_000, noNaN: true }),
  waiters: fc.integer({ min: 0, max: 3 }),
  lockTimedOut: fc.boolean(),
  fresh: fc.boolean(),
  replicationLagMs: fc.option(fc.double({ min: 0, max: 100_000, noNaN: true })),
  walBytesPerSecond: fc.option(fc.double({ min: 0, max: 1e9, noNaN: true })),
  deadShare: fc.option(fc.double({ min: 0, max: 10, noNaN: true })),
  slotRoomBytes: fc.option(fc.double({ min: 0, max: 1e11, noNaN: true })),
  metric: fc.option(fc.double({ min: -1e6, max: 1e6, noNaN: true })),
});

/** Less work in unit time: fewer rows, or a longer pause. */
const isSlower = (a: PaceState, b: PaceState) =>
  a.pace.chunkRows < b.pace.chunkRows || a.pace.pauseMs > b.pace.pauseMs;

/** Each by itself holds back, however many ranges there are. */
const sharedHarms: Partial<Measurement>[] = [
  { waiters: 1 },
  { lockTimedOut: true },
  { replicationLagMs: 2_500 },
  { walBytesPerSecond: 300 * 1024 * 1024 },
  { deadShare: 1.6 },
  { slotRoomBytes: 512 * 1024 * 1024 },
  { probeP99Ms: 5 },
  { application: { meanMs: 2.1, usualMs: 1 } },
];

describe('nextPace', () => {
  it('never leaves its bounds, whatever is measured', () => {
    fc.assert(
      fc.property(state, fc.array(measurement, { maxLength: 60 }), limits, (first, seen, named) => {
        let now: PaceState = first;
        for (const each of seen) {
          now = nextPace(now, each, named);
          expect(now.pace).toEqual(inBounds(now.pace));
        }
      }),
    );
  });

  it('backs off with the very next chunk at any limit, until it can go no slower', () => {
    fc.assert(
      fc.property(state, measurement, limits, (first, seen, named) => {
        fc.pre(pressure(first, seen, named) >= 1);
        const slowest = first.pace.chunkRows === MIN_ROWS && first.pace.pauseMs === MAX_PAUSE_MS;
        expect(isSlower(nextPace(first, seen, named), first)).toBe(!slowest);
      }),
    );
  });

  it('never goes faster within reach of a limit', () => {
    fc.assert(
      fc.property(state, measurement, limits, (first, seen, named) => {
        fc.pre(pressure(first, seen, named) >= 0.7);
        const next = nextPace(first, seen, named);
        expect(next.pace.chunkRows).toBeLessThanOrEqual(first.pace.chunkRows);
        expect(next.pace.pauseMs).toBeGreaterThanOrEqual(first.pace.pauseMs);
      }),
    );
  });

  it('recovers from the slowest pace to the fastest when all is quiet', () => {
    let now: PaceState = { ...started, pace: { chunkRows: MIN_ROWS, pauseMs: MAX_PAUSE_MS } };
    for (let at = 1; at <= 40; at++) now = nextPace(now, { ...quiet, at });
    expect(now.pace).toEqual({ chunkRows: MAX_ROWS, pauseMs: 0 });
  });

  it('takes one slow read out of many short ones for chance, and an extreme one for a warning', () => {
    expect(nextPace(started, { ...quiet, probeP99Ms: 3.5, probeSamples: 2 })).toEqual(started);
    expect(nextPace(started, { ...quiet, probeP99Ms: 7, probeSamples: 1 }).pace.chunkRows).toBe(100);
    expect(nextPace(started, { ...quiet, probeP99Ms: 3.5, probeSamples: 5 }).pace.chunkRows).toBe(100);
  });

  it('does not take a faster read of a quick database for harm: the floor is 2 ms over the baseline', () => {
    const local: PaceState = { ...started, baselineP99Ms: 0.2 };
    expect(nextPace(local, { ...quiet, probeP99Ms: 1.5 }).pace.chunkRows).toBe(400);
  });

  it('holds no control window beside other ranges, and takes nothing for the quiet database', () => {
    const seen = { ...quiet, at: 100_000, probeP99Ms: 9, quietP99Ms: 5, quietSamples: 20 };
    expect(nextPace(started, seen)).toMatchObject({ controlMs: 200, baselineP99Ms: 5 });
    expect(nextPace(started, { ...seen, beside: true })).toMatchObject({ controlMs: 0, baselineP99Ms: 1 });
  });

  it('leaves room to others only at full speed, far from every limit that they share', () => {
    const fastest: PaceState = { ...started, pace: { chunkRows: MAX_ROWS, pauseMs: 0 } };
    expect(roomBeside(fastest, quiet)).toBe('more');
    expect(roomBeside(started, quiet)).toBe('enough');
    // Its chunks can be no longer, though the database could do more.
    expect(roomBeside(started, { ...quiet, chunkMs: 40 })).toBe('more');
    expect(roomBeside(fastest, { ...quiet, probeP99Ms: 2.5 })).toBe('enough');
    expect(roomBeside(fastest, { ...quiet, probeSamples: 3 })).toBe(null);
    expect(roomBeside({ ...fastest, baselineP99Ms: null }, quiet)).toBe(null);
    for (const harm of sharedHarms) expect(roomBeside(fastest, { ...quiet, ...harm })).toBe('none');
  });

  it('halves for each limit by itself', () => {
    for (const harm of [{ chunkMs: 60 }, ...sharedHarms])
      expect(nextPace(started, { ...quiet, ...harm }).pace.chunkRows).toBe(100);
  });

  it("follows the application's own statements, with half a millisecond for the quick ones", () => {
    const quick = { ...quiet, application: { meanMs: 0.3, usualMs: 0.05 } };
    expect(nextPace(started, quick).pace.chunkRows).toBe(400);
    const near = { ...quiet, application: { meanMs: 8, usualMs: 5 } };
    expect(nextPace(started, near).pace).toEqual(START);
  });

  it('keeps the limits that are named, however slow reads are without it', () => {
    const slow: PaceState = { ...started, baselineP99Ms: 40 };
    const seen = { ...quiet, probeP99Ms: 12, replicationLagMs: 900 };
    expect(nextPace(slow, seen).pace.chunkRows).toBe(400);
    expect(nextPace(slow, seen, { ...USUAL_LIMITS, p99Ms: 10 }).pace.chunkRows).toBe(100);
    expect(nextPace(slow, seen, { ...USUAL_LIMITS, replicationLagMs: 800 }).pace.chunkRows).toBe(100);
  });

  it.each([{ replicationLagMs: 9_000 }, { metric: 50 }])(
    'waits for a look at the new pace, neither slower nor faster: %o',
    (level) => {
      const named = { ...USUAL_LIMITS, metric: 40 };
      expect(nextPace(started, { ...quiet, ...level, fresh: false }, named)).toEqual(started);
    },
  );

  it('keeps a number of the user below its limit, and goes on without it when it cannot be read', () => {
    const named = { ...USUAL_LIMITS, metric: 40 };
    const rowsAt = (metric: number | null) => nextPace(started, { ...quiet, metric }, named).pace.chunkRows;
    expect([41, 40, 30, 10, -5, null].map(rowsAt)).toEqual([100, 100, 200, 400, 400, 400]);
    expect(nextPace(started, { ...quiet, metric: 1e9 }).pace.chunkRows).toBe(400);
  });

  it('goes by a limit that is named without knowing what is usual', () => {
    const unmeasured: PaceState = { ...started, baselineP99Ms: null };
    const named = { ...USUAL_LIMITS, p99Ms: 10 };
    expect(nextPace(unmeasured, quiet, named).pace.chunkRows).toBe(400);
  });

  it('does not blame itself for what is as slow without it, and notices when that is over', () => {
    const slow: Measurement = {
      ...quiet,
      probeP99Ms: 80,
      quietP99Ms: 78,
      quietSamples: 40,
      probeSamples: 45,
    };
    let now: PaceState = { ...started, pace: { chunkRows: MIN_ROWS, pauseMs: MAX_PAUSE_MS } };
    for (let at = 1; at <= 20; at++) now = nextPace(now, { ...slow, at });
    expect(now).toMatchObject({ baselineP99Ms: 78, pace: { pauseMs: 0 } });
    const calm = { ...slow, probeP99Ms: 3, quietP99Ms: 1 };
    expect(nextPace(now, calm).baselineP99Ms).toBe(1);
  });

  it('holds still to see whether it is to blame when reads are slow, not more than every 2 s, and every 30 s anyway', () => {
    const slow = { ...quiet, probeP99Ms: 50 };
    const blamed = nextPace({ ...started, controlledAt: 8_000 }, { ...slow, at: 10_000 });
    expect(blamed).toMatchObject({ controlMs: 200, controlledAt: 10_000, since: 10_000 });
    expect(nextPace(blamed, { ...slow, at: 11_999 }).controlMs).toBe(0);
    expect(nextPace(blamed, { ...slow, at: 12_000 }).controlMs).toBe(200);
    expect(nextPace(blamed, { ...quiet, at: 39_999 }).controlMs).toBe(0);
    expect(nextPace(blamed, { ...quiet, at: 40_000 }).controlMs).toBe(200);
  });

  it('asks less often what it knows: each window that puts the blame on it doubles the wait, up to 8 s', () => {
    const window = { ...quiet, probeP99Ms: 50, quietP99Ms: 1, quietSamples: 20 };
    let now: PaceState = { ...started, controlMs: 200 };
    const waits = [1, 2, 3].map((at) => {
      now = { ...nextPace(now, { ...window, at }), controlMs: 200 };
      return now.controlWaitMs;
    });
    expect(waits).toEqual([4_000, 8_000, 8_000]);
    expect(nextPace(now, { ...window, quietP99Ms: 40 }).controlWaitMs).toBe(FIRST_CONTROL_WAIT_MS);
  });

  it('asks often where it hardly does anything and reads are slow all the same', () => {
    const slowest = { pace: { chunkRows: MIN_ROWS, pauseMs: 10 }, controlWaitMs: 8_000 };
    const seen = { ...quiet, at: 2_000, probeP99Ms: 50 };
    expect(nextPace({ ...started, ...slowest }, seen).controlMs).toBe(200);
    expect(nextPace({ ...started, controlWaitMs: 8_000 }, seen).controlMs).toBe(0);
  });

  it('doubles from the start until something holds it back, then goes on by steps', () => {
    const rows: number[] = [];
    let now = firstState(START, 1, 0);
    for (let at = 1; at <= 3; at++) {
      now = nextPace(now, { ...quiet, at, probeSamples: 10 });
      rows.push(now.pace.chunkRows);
    }
    now = nextPace(now, { ...quiet, at: 4, probeP99Ms: 5 });
    rows.push(now.pace.chunkRows);
    for (let at = 5; at <= 6; at++) {
      now = nextPace(now, { ...quiet, at });
      rows.push(now.pace.chunkRows);
    }
    expect(rows).toEqual([400, 800, 1_600, 800, 1_000, 1_200]);
  });

  it('does not double again where another range has learnt the pace', () => {
    const learnt = firstState({ chunkRows: 1_000, pauseMs: 0 }, 1, 0);
    expect(nextPace(learnt, { ...quiet, at: 1 }).pace.chunkRows).toBe(1_200);
  });

  it('keeps going under an application that is slow and uneven by itself', () => {
    // Reads take what they take, whatever the backfill does: worst of a window between 20 and 40 ms.
    let now = started;
    let rows = 0;
    let chance = 7;
    for (let at = 0; at < 60_000; ) {
      chance = (chance * 16_807) % 2_147_483_647;
      const p99 = 20 + (chance % 20);
      const inControl = now.controlMs > 0;
      at += 100 + Math.max(now.controlMs, now.pace.pauseMs);
      rows += now.pace.chunkRows;
      const reads = { probeP99Ms: p99, probeSamples: 5 + 3 * Math.ceil((at - now.since) / 60), at };
      now = nextPace(now, {
        ...quiet,
        ...reads,
        ...(inControl ? { quietP99Ms: p99, quietSamples: 15 } : {}),
      });
    }
    expect(rows).toBeGreaterThan(100_000);
  });

  it.each([null, 5])(
    'without a probe, or with one that died, never exceeds the start, and wins it back',
    (baselineP99Ms) => {
      let now: PaceState = { ...started, pace: { chunkRows: MIN_ROWS, pauseMs: 40 }, baselineP99Ms };
      const blind = { ...quiet, probeP99Ms: null, probeSamples: 0 };
      for (let at = 0; at < 20_000; at += 100) now = nextPace(now, { ...blind, at });
      expect(now.pace).toEqual(START);
    },
  );
});
