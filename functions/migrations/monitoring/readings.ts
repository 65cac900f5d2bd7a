import { secondsBetweenLooks } from '../blue-green/soak.ts';
import { isActive } from '../migration-store.ts';
import type { MigrationRecord, RangeRecord, StepRecord } from '../records.ts';
import type { Phase } from '../schemas.ts';
import type { Reading, Readings } from './metrics.ts';

/** What a migration's figures are read from, besides its record. */
export interface Measured {
  /** Of the stage that the present phase works on; none in other phases. */
  ranges: RangeRecord[];
  /** Of all phases. */
  steps: StepRecord[];
  /** Epoch ms. */
  now: number;
}

/** A worker that told nothing for longer is not believed any more, ms. */
const freshMs = 90_000;
/** What an invocation does in one piece is told of when it ends, ms. */
const invocationMs = 900_000;

const throughRanges = new Set<Phase>(['backfill', 'verify', 'verify_published']);
/** Statements that may last as long as an invocation. */
const longStatements = new Set<Phase>([
  'validate',
  'index',
  'constrain',
  'contract',
  'count_losses',
  'restore_constraints',
  'revert',
  'remove',
]);
const backups = new Set<Phase>(['back_up_rows', 'back_up_lost_rows']);
/** Of what goes on by itself: everything else waits for a time or a person. */
const working = new Set(['running', 'rolling_back', 'undoing', 'removing']);

const idle: Reading = { state: 'idle' };
const known = (value: number): Reading => ({ state: 'known', value });
const missing = (why: string): Reading => ({ state: 'missing', why });
const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
const seconds = (from: number, to: number): number => Math.max(0, Math.round((to - from) / 1_000));
/** Shares keep what is enough to tell one row in a million. */
const share = (part: number, whole: number): number => Math.round((part / whole) * 1e6) / 1e6;

function largest(values: (number | null)[]): number | null {
  const some = values.filter((value) => value !== null);
  return some.length === 0 ? null : Math.max(...some);
}

const orMissing = (value: number | null, why: string): Reading =>
  value === null ? missing(why) : known(value);

/** Which ranges say something of the present phase. */
export function stageOf(phase: Phase | null): RangeRecord['stage'] | undefined {
  if (phase === 'verify_published') return 'verify-published';
  return phase === 'backfill' || phase === 'verify' ? phase : undefined;
}

const nothing: Readings = {
  duration_seconds: idle,
  phase_seconds: idle,
  seconds_without_progress: idle,
  rows_per_second: idle,
  error_rate: idle,
  lock_wait_ms: idle,
  lock_wait_share: idle,
  p99_ms: idle,
  p99_ratio: idle,
  replication_lag_ms: idle,
  target_behind_bytes: idle,
  source_behind_bytes: idle,
  replication_log_bytes: idle,
  worker_memory_bytes: idle,
  worker_connections: idle,
  soak_overdue_seconds: idle,
  waiting_seconds: idle,
};

/** Every metric of a migration as it stands. What is not active says nothing. */
export function readingsOf(record: MigrationRecord, measured: Measured): Readings {
  const { phase, status, phases, soakUntil } = record;
  const { now } = measured;
  const [begun] = phases;
  const run = phases.at(-1);
  if (!isActive(status) || run === undefined || begun === undefined || phase === null) return nothing;
  const phaseStart = Date.parse(run.startedAt);
  const common: Readings = {
    ...nothing,
    duration_seconds: known(seconds(Date.parse(begun.startedAt), now)),
    phase_seconds: known(seconds(phaseStart, now)),
    ...ofReplication(record, now),
  };
  if (status === 'soaking' && soakUntil !== null) {
    return { ...common, soak_overdue_seconds: known(seconds(Date.parse(soakUntil), now)) };
  }
  if (status === 'waiting_for_approval' || status === 'waiting_for_decision') {
    return { ...common, waiting_seconds: common.phase_seconds };
  }
  const waitsForTime = record.waitsUntil !== null && Date.parse(record.waitsUntil) > now;
  if (!working.has(status) || waitsForTime) return common;
  const steps = measured.steps.filter((step) => step.phase === phase && Date.parse(step.at) >= phaseStart);
  const own = { ...measured, steps };
  return {
    ...common,
    seconds_without_progress: sinceProgress(phase, phaseStart, own),
    lock_wait_ms: steps.length > 0 ? known(Math.max(...steps.map((step) => step.lockWaitMs))) : idle,
    lock_wait_share: lockWaitShare(own.ranges, steps),
    ...ofRanges(phase, own),
  };
}

/** Phases of a move in which its servers are looked at again and again. */
const replicating = new Set<Phase>(['follow', 'verify', 'soak']);

/** How far the two servers of a move are apart, as they were last looked at. */
function ofReplication({ blueGreen, phase, options }: MigrationRecord, now: number): Partial<Readings> {
  if (blueGreen === null || phase === null || !replicating.has(phase)) return {};
  const { lag } = blueGreen;
  // In a soak nobody looks more often than that; twice it, and somebody should have.
  const believedMs = phase === 'soak' ? 2_000 * secondsBetweenLooks(options.soakSeconds) : freshMs;
  const old = lag === null || Date.parse(lag.at) < now - Math.max(freshMs, believedMs);
  const of = (side: 'toGreen' | 'toBlue'): Reading => {
    if (old) return missing('The two servers were not looked at lately');
    const found = lag[side];
    return found === null ? idle : orMissing(found.behindBytes, 'It is not connected to the other server');
  };
  const kept = largest([lag?.toGreen?.keptBytes ?? null, lag?.toBlue?.keptBytes ?? null]);
  return {
    target_behind_bytes: of('toGreen'),
    source_behind_bytes: of('toBlue'),
    replication_log_bytes: old ? of('toGreen') : orMissing(kept, 'No server keeps log for the other'),
  };
}

/** What the workers of the present phase tell. */
function ofRanges(phase: Phase, { ranges, now }: Measured): Partial<Readings> {
  if (!throughRanges.has(phase)) return {};
  const fresh = ranges.filter((range) => range.updatedAt > now - freshMs);
  const live = (value: number | null, why: string): Reading =>
    fresh.length === 0 ? missing('No worker has told of its progress for 90 s') : orMissing(value, why);
  const both: Partial<Readings> = {
    rows_per_second: live(Math.round(sum(fresh.map((range) => range.rowsPerSecond)) * 10) / 10, ''),
    worker_memory_bytes: live(largest(fresh.map((range) => range.memoryBytes)), 'Not told by its worker'),
  };
  if (phase !== 'backfill') return { ...both, error_rate: errorRate(ranges) };
  const noProbe = 'Nothing is probed: the table is small, or there was no connection left for it';
  const p99 = largest(fresh.map((range) => range.probeP99Ms));
  const baseline = largest(ranges.map((range) => range.baselineP99Ms));
  const ratio = p99 === null || !baseline ? null : Math.round((p99 / baseline) * 100) / 100;
  const atWork = fresh.filter((range) => range.status === 'working');
  return {
    ...both,
    p99_ms: live(p99, noProbe),
    p99_ratio: live(ratio, noProbe),
    replication_lag_ms: live(
      largest(fresh.map((range) => range.replicationLagMs)),
      'There is no replica, nothing is probed, or the role may not see the lag',
    ),
    worker_connections: live(sum(atWork.map((range) => range.connections ?? 0)), ''),
  };
}

function sinceProgress(phase: Phase, phaseStart: number, { ranges, steps, now }: Measured): Reading {
  const last = Math.max(
    phaseStart,
    ...ranges.map((range) => range.updatedAt),
    ...steps.map((step) => Date.parse(step.at)),
  );
  if (backups.has(phase)) return missing('Parts of a backup do not say when they were stored');
  if (longStatements.has(phase) && now - last < invocationMs) {
    return missing('A long statement runs in the database; it is told of at least every 15 min');
  }
  return known(seconds(last, now));
}

function errorRate(ranges: RangeRecord[]): Reading {
  const rows = sum(ranges.map((range) => range.rowsSeen));
  return rows === 0
    ? missing('No row was verified yet')
    : known(share(sum(ranges.map(({ wrong }) => wrong)), rows));
}

/** Chunks and steps that gave up a lock and tried again, of all tries. */
function lockWaitShare(ranges: RangeRecord[], steps: StepRecord[]): Reading {
  const waited =
    sum(ranges.map((range) => range.lockWaits)) + sum(steps.map((step) => Math.max(0, step.attempts - 1)));
  const tries = waited + sum(ranges.map((range) => range.chunks)) + steps.length;
  return tries === 0 ? idle : known(share(waited, tries));
}
