import { describe, expect, it } from 'vitest';
import { newState } from '../blue-green/schemas.ts';
import { freshRange } from '../executions/progress.ts';
import { type RangeRecord, StepRecord } from '../records.ts';
import type { Phase } from '../schemas.ts';
import { acting, migrationRecord } from '../testing/record.ts';
import { shownReadings } from './metrics.ts';
import { readingsOf } from './readings.ts';

const now = 10_000_000;
const at = (secondsAgo: number) => new Date(now - secondsAgo * 1_000).toISOString();
const inPhase = (phase: Phase, secondsAgo: number, parts = {}) =>
  acting('migration', {
    phase,
    phases: [
      { name: 'plan', startedAt: at(secondsAgo + 100), endedAt: at(secondsAgo), epoch: 0 },
      { name: phase, startedAt: at(secondsAgo), endedAt: null, epoch: 3 },
    ],
    ...parts,
  });
const range = (parts: Partial<RangeRecord>): RangeRecord => ({
  ...freshRange('backfill', 1, { work: 'b', range: 0 }, 'orders'),
  epoch: 3,
  updatedAt: now,
  ...parts,
});
const step = (parts: Partial<StepRecord>): StepRecord =>
  StepRecord.parse({
    phase: 'expand',
    step: 's',
    purpose: 'adds',
    status: 'done',
    lockWaitMs: 0,
    lockHoldMs: 0,
    attempts: 1,
    durationMs: 1,
    progress: null,
    at: at(1),
    ...parts,
  });
const known = (value: number) => ({ state: 'known', value });

describe('the figures of a migration', () => {
  it('say how far the two servers of a move are apart, as long as somebody looks', () => {
    const lag = {
      at: at(70),
      toGreen: { keptBytes: 900, behindBytes: 0 },
      toBlue: { keptBytes: 5_000, behindBytes: null },
    };
    const blueGreen = { ...newState({ id: 'db_2', name: 'green' }), lag };
    const measured = { ranges: [], steps: [], now };
    const soak = { ...inPhase('soak', 200, { blueGreen }), status: 'soaking' as const };
    expect(readingsOf(soak, measured)).toMatchObject({
      target_behind_bytes: known(0),
      source_behind_bytes: { state: 'missing', why: expect.stringContaining('not connected') },
      replication_log_bytes: known(5_000),
    });
    const oneWay = inPhase('follow', 200, { blueGreen: { ...blueGreen, lag: { ...lag, toBlue: null } } });
    expect(readingsOf(oneWay, measured)).toMatchObject({
      target_behind_bytes: known(0),
      source_behind_bytes: { state: 'idle' },
      replication_log_bytes: known(900),
    });
    const late = { ...measured, now: now + 30_000 };
    expect(readingsOf(oneWay, late)).toMatchObject({ replication_log_bytes: { state: 'missing' } });
    expect(readingsOf(inPhase('switch', 5, { blueGreen }), measured)).toMatchObject({
      target_behind_bytes: { state: 'idle' },
    });
  });

  it('are those of all ranges that told of themselves lately', () => {
    const ranges = [
      range({
        rowsPerSecond: 300,
        chunks: 90,
        lockWaits: 10,
        probeP99Ms: 6,
        baselineP99Ms: 2,
        memoryBytes: 7,
      }),
      range({ range: 1, rowsPerSecond: 200.5, replicationLagMs: 12, connections: 2, memoryBytes: 9 }),
      range({ range: 2, rowsPerSecond: 900, updatedAt: now - 91_000 }),
    ];
    const found = readingsOf(inPhase('backfill', 50), { ranges, steps: [], now });
    expect(found).toMatchObject({
      duration_seconds: known(150),
      phase_seconds: known(50),
      seconds_without_progress: known(0),
      rows_per_second: known(500.5),
      lock_wait_share: known(0.1),
      p99_ms: known(6),
      p99_ratio: known(3),
      replication_lag_ms: known(12),
      worker_memory_bytes: known(9),
      worker_connections: known(2),
      error_rate: { state: 'idle' },
      soak_overdue_seconds: { state: 'idle' },
    });
  });

  it('say what is missing instead of guessing it', () => {
    const found = readingsOf(inPhase('backfill', 500), { ranges: [], steps: [], now });
    expect(found.rows_per_second.state).toBe('missing');
    expect(found.seconds_without_progress).toEqual(known(500));
    expect(shownReadings(found).find(({ metric }) => metric === 'p99_ms')).toMatchObject({
      value: null,
      missing: expect.stringContaining('90 s'),
    });
    const verifying = { ranges: [range({ stage: 'verify', rowsSeen: 1_000, wrong: 2 })], steps: [], now };
    expect(readingsOf(inPhase('verify', 5), verifying).error_rate).toEqual(known(0.002));
  });

  it('know that a long statement is told of when its invocation ends', () => {
    const figures = (secondsAgo: number) =>
      readingsOf(inPhase('index', secondsAgo), { ranges: [], steps: [], now }).seconds_without_progress;
    expect(figures(899).state).toBe('missing');
    expect(figures(901)).toEqual(known(901));
    const backup = inPhase('back_up_rows', 5_000);
    expect(readingsOf(backup, { ranges: [], steps: [], now }).seconds_without_progress.state).toBe('missing');
  });

  it('of locks are those of the present phase', () => {
    const steps = [
      step({ step: 'a', lockWaitMs: 40, attempts: 3 }),
      step({ step: 'b', lockWaitMs: 5 }),
      step({ phase: 'lock', lockWaitMs: 900, attempts: 50 }),
    ];
    const found = readingsOf(inPhase('expand', 5), { ranges: [], steps, now });
    expect(found).toMatchObject({ lock_wait_ms: known(40), lock_wait_share: known(0.5) });
  });

  it('of what waits say only for how long', () => {
    const soaking = inPhase('soak', 700, { status: 'soaking', soakUntil: at(100) });
    const none = { ranges: [], steps: [], now };
    expect(readingsOf(soaking, none)).toMatchObject({
      soak_overdue_seconds: known(100),
      seconds_without_progress: { state: 'idle' },
    });
    const waiting = inPhase('approve', 700, { status: 'waiting_for_approval' });
    expect(readingsOf(waiting, none)).toMatchObject({
      waiting_seconds: known(700),
      seconds_without_progress: { state: 'idle' },
    });
    const closed = inPhase('backfill', 700, { waitsUntil: at(-100) });
    expect(readingsOf(closed, none).seconds_without_progress).toEqual({ state: 'idle' });
    expect(shownReadings(readingsOf(migrationRecord({ status: 'completed' }), none))).toEqual([]);
  });
});
