import type { Pace } from '../engines/engine.ts';
import type { Room } from './room.ts';

/** Bounds of a pace: rows a chunk, and ms between chunks. */
export const MIN_ROWS = 50;
export const MAX_ROWS = 5_000;
export const MAX_PAUSE_MS = 1_000;
/** Where every backfill starts: measured to stay below twice the quiet p99 on a busy two-core server. */
export const START: Pace = { chunkRows: 200, pauseMs: 0 };

const STEP_ROWS = 200;
/** Until something first held it back, a pace that starts from nothing doubles. */
const RAMP_FACTOR = 2;
const FIRST_PAUSE_MS = 10;
/** The application's reads may become this many times slower, and never mind less than the floor. */
const LATENCY_FACTOR = 2;
const LATENCY_FLOOR_MS = 2;
/** A chunk holds its row locks for as long as it runs, so this is what a client may wait for one. */
const CHUNK_LIMIT_MS = 50;
const LAG_LIMIT_MS = 2_000;
/** The application's own statements, on the mean: they are counted by the server, without the way to it. */
const APPLICATION_FLOOR_MS = 0.5;
const WAL_LIMIT_BYTES = 256 * 1024 * 1024;
/** Dead rows for each live one: a backfill leaves one behind itself, more means that vacuum cannot keep up. */
const DEAD_LIMIT = 1.5;
/** WAL that may still be written before a replication slot is lost, bytes. */
const SLOT_ROOM_BYTES = 1024 * 1024 * 1024;
/** Below this share of every limit there is room for more. */
const ROOM = 0.7;
/** Reads a p99 must rest on before it may speed up; slowing down needs less. */
const SAMPLES_TO_RAISE = 20;
const SAMPLES_TO_RAMP = 10;
const SAMPLES_TO_LOWER = 5;
/** Without a probe the start's pace is won back one step in this many ms. */
const BLIND_MS = 1_000;
/** A control window: the backfill holds still this long, so that the probe sees the application without it. */
const CONTROL_MS = 200;
/** Reads of a control window that make a new baseline. */
const SAMPLES_TO_REBASE = 10;
/**
 * When reads are slow a window tells whether the backfill is to blame. Each time that it is, the next one waits twice
 * as long: what is known need not be asked for again at once. And this often anyway.
 */
export const FIRST_CONTROL_WAIT_MS = 2_000;
/** The limit may rise by this factor from one window to the next, and the database still counts as quick by itself. */
const BLAME_FACTOR = 1.5;
const LAST_CONTROL_WAIT_MS = 8_000;
const CONTROL_EVERY_MS = 30_000;

/** Limits that the migration names in place of the usual ones; null: the usual one. */
export interface Limits {
  /** Of the probe's reads: fixed, however long they take without the backfill. */
  p99Ms: number | null;
  replicationLagMs: number | null;
  /** Of the number that the migration names; null: it names none. */
  metric: number | null;
}
export const USUAL_LIMITS: Limits = { p99Ms: null, replicationLagMs: null, metric: null };

/** What was seen while chunks ran at the present pace; null is unknown. */
export interface Measurement {
  /** Monotonic ms. */
  at: number;
  /** p99 of the probe's reads since `state.since`, ms, and how many reads it rests on. */
  probeP99Ms: number | null;
  probeSamples: number;
  /** The same of those reads that began and ended in a pause between chunks. */
  quietP99Ms: number | null;
  quietSamples: number;
  /** What the application's own statements take on the mean and what they usually do, ms, at most a second ago. */
  application: { meanMs: number; usualMs: number } | null;
  /** How long the last chunk's statement ran, ms. */
  chunkMs: number;
  /** Sessions waiting for a lock that the backfill holds, and whether the chunk itself gave up waiting for one. */
  waiters: number;
  lockTimedOut: boolean;
  /** Whether the lag and the metric below were seen at the present pace, or a moment before it. */
  fresh: boolean;
  /** Slowest replica's replay lag, ms. */
  replicationLagMs: number | null;
  /** WAL written by the whole server since `state.since`, bytes/s. */
  walBytesPerSecond: number | null;
  /** Dead rows of the table for each live one. */
  deadShare: number | null;
  /** WAL until the first replication slot is lost, bytes; null: none can be. */
  slotRoomBytes: number | null;
  /** The number that the migration names, in its own unit. */
  metric: number | null;
  /** Other ranges of the same migration are at work: holding still alone shows no database without the backfill. */
  beside?: boolean;
}

export interface PaceState {
  pace: Pace;
  /** p99 of the probe's reads while nothing of ours runs, ms; null: could not be measured, so never faster than START. */
  baselineP99Ms: number | null;
  /** Monotonic ms of the last change; only what was measured after it speaks about the present pace. */
  since: number;
  /** Monotonic ms at which the baseline was measured last. */
  controlledAt: number;
  /** A control window to hold before the next chunk, ms; mostly 0. */
  controlMs: number;
  /** Slow reads ask for a control window when the last is this old, ms. */
  controlWaitMs: number;
  /** Nothing has held it back yet. */
  ramping: boolean;
}

/** The state in which a range begins, at monotonic ms `now`; `pace` is START, or what another range has learnt. */
export function firstState(pace: Pace, baselineP99Ms: number | null, now: number): PaceState {
  const ramping = pace.chunkRows <= START.chunkRows && pace.pauseMs === START.pauseMs;
  return {
    pace: inBounds(pace),
    baselineP99Ms,
    since: now,
    controlledAt: now,
    controlMs: 0,
    controlWaitMs: FIRST_CONTROL_WAIT_MS,
    ramping,
  };
}

const latencyLimit = (baselineMs: number): number =>
  Math.max(baselineMs * LATENCY_FACTOR, baselineMs + LATENCY_FLOOR_MS);

/** How near reads are to their limit, by the measured latency: 1 is at the limit, 0 is unknown. */
function probeShare(state: PaceState, seen: Measurement, limits: Limits): number {
  const limit = limits.p99Ms ?? (state.baselineP99Ms === null ? null : latencyLimit(state.baselineP99Ms));
  if (limit === null || seen.probeP99Ms === null || seen.probeSamples === 0) return 0;
  const share = seen.probeP99Ms / limit;
  // A few reads say little about a 99th percentile; twice the limit is too slow however few there are.
  return seen.probeSamples >= SAMPLES_TO_LOWER || share >= 2 ? share : Math.min(share, ROOM);
}

/** The nearer of the probe's reads and the application's own statements. */
function latencyShare(state: PaceState, seen: Measurement, limits: Limits): number {
  const { application } = seen;
  if (application === null) return probeShare(state, seen, limits);
  const limit = Math.max(application.usualMs * LATENCY_FACTOR, application.usualMs + APPLICATION_FLOOR_MS);
  return Math.max(probeShare(state, seen, limits), application.meanMs / limit);
}

/** What follows the pace slowly is not punished twice for what it was before, and earns nothing either. */
const levelShare = (seen: Measurement, share: number): number => (seen.fresh ? share : Math.min(share, ROOM));

/** How near the present pace is to its nearest limit: 1 is at the limit. */
export function pressure(state: PaceState, seen: Measurement, limits: Limits = USUAL_LIMITS): number {
  return Math.max(outerPressure(state, seen, limits), seen.chunkMs / CHUNK_LIMIT_MS);
}

/** The same of the limits that all ranges share: how long a chunk takes is each one's own. */
function outerPressure(state: PaceState, seen: Measurement, limits: Limits): number {
  return Math.max(
    latencyShare(state, seen, limits),
    levelShare(seen, (seen.replicationLagMs ?? 0) / (limits.replicationLagMs ?? LAG_LIMIT_MS)),
    (seen.walBytesPerSecond ?? 0) / WAL_LIMIT_BYTES,
    limits.metric === null ? 0 : levelShare(seen, (seen.metric ?? 0) / limits.metric),
    (seen.deadShare ?? 0) / DEAD_LIMIT >= 1 ? 1 : 0,
    seen.slotRoomBytes !== null && seen.slotRoomBytes < SLOT_ROOM_BYTES ? 1 : 0,
    seen.waiters > 0 || seen.lockTimedOut ? 1 : 0,
  );
}

/** Null: too little was read to tell. */
export function roomBeside(state: PaceState, seen: Measurement, limits: Limits = USUAL_LIMITS): Room | null {
  const share = outerPressure(state, seen, limits);
  if (share >= 1) return 'none';
  const limited = state.baselineP99Ms !== null || limits.p99Ms !== null;
  if (!limited || seen.probeSamples < SAMPLES_TO_RAISE) return null;
  const { chunkRows, pauseMs } = state.pace;
  const fastest = pauseMs === 0 && (chunkRows >= MAX_ROWS || seen.chunkMs / CHUNK_LIMIT_MS >= ROOM);
  return fastest && share < ROOM ? 'more' : 'enough';
}

function slower({ chunkRows, pauseMs }: Pace): Pace {
  if (chunkRows > MIN_ROWS) return { chunkRows: Math.max(MIN_ROWS, Math.floor(chunkRows / 2)), pauseMs };
  return { chunkRows, pauseMs: Math.min(MAX_PAUSE_MS, Math.max(FIRST_PAUSE_MS, pauseMs * 2)) };
}

function faster({ chunkRows, pauseMs }: Pace, most: number, ramping: boolean): Pace {
  if (pauseMs > 0) return { chunkRows, pauseMs: pauseMs <= FIRST_PAUSE_MS * 4 ? 0 : Math.floor(pauseMs / 4) };
  const more = ramping ? chunkRows * RAMP_FACTOR : chunkRows + STEP_ROWS;
  return { chunkRows: Math.max(chunkRows, Math.min(most, more)), pauseMs };
}

/**
 * The pace of the next chunk: additive increase, multiplicative decrease (Chiu and Jain 1989, as in TCP), with a band
 * between in which nothing changes, so that it does not swing. At a limit the chunk is halved at once, and at the
 * smallest chunk the pause doubles; below 70 % of every limit the pause is quartered away first, then each fresh set of
 * 20 reads earns 200 rows. A range that starts from nothing doubles with every 10 reads until it meets the first limit
 * (TCP's slow start). Every change starts the evidence anew, so that one bad second is not punished twice.
 *
 * Reads are held against a live control: when they are slow, and every 30 s anyway, the backfill holds still for a
 * moment, and what the probe sees then is the new baseline. A database that is slow at noon by itself does not hold the
 * backfill back until night, and one that was slow when it began does not excuse it afterwards. A limit that the
 * migration names is kept whatever the control says. While other ranges are at work there is no control: each would
 * take what the others do for the database's own slowness, and all would go on.
 */
export function nextPace(former: PaceState, seen: Measurement, limits: Limits = USUAL_LIMITS): PaceState {
  const alone = seen.beside !== true;
  const state = alone ? rebased(former, seen) : former;
  const ramping = state.ramping && pressure(state, seen, limits) < 1;
  const next = { ...state, pace: nextRate(state, seen, limits), controlMs: 0, ramping };
  const changed = next.pace.chunkRows !== state.pace.chunkRows || next.pace.pauseMs !== state.pace.pauseMs;
  // In the slowest steps there is no time to lose, and slow reads are hardly its own doing.
  const idle = state.pace.chunkRows === MIN_ROWS && state.pace.pauseMs > 0;
  const pressed = idle ? FIRST_CONTROL_WAIT_MS : state.controlWaitMs;
  const wait = latencyShare(state, seen, limits) >= 1 ? pressed : CONTROL_EVERY_MS;
  if (alone && state.baselineP99Ms !== null && seen.at - state.controlledAt >= wait) {
    return { ...next, since: seen.at, controlledAt: seen.at, controlMs: CONTROL_MS };
  }
  return changed ? { ...next, since: seen.at } : next;
}

function nextRate(state: PaceState, seen: Measurement, limits: Limits): Pace {
  const share = pressure(state, seen, limits);
  if (share >= 1) return slower(state.pace);
  if (share >= ROOM) return state.pace;
  // A probe reads every few ms: if nothing at all came in a second, there is none, or none any more.
  if ((state.baselineP99Ms === null && limits.p99Ms === null) || seen.probeSamples === 0) {
    return seen.at - state.since >= BLIND_MS ? faster(state.pace, START.chunkRows, false) : state.pace;
  }
  const enough = state.ramping ? SAMPLES_TO_RAMP : SAMPLES_TO_RAISE;
  return seen.probeSamples >= enough ? faster(state.pace, MAX_ROWS, state.ramping) : state.pace;
}

/** What a control window has told: the new baseline, and how soon the next window is worth its time. */
function rebased(state: PaceState, seen: Measurement): PaceState {
  if (state.baselineP99Ms === null || seen.quietP99Ms === null) return state;
  if (seen.quietSamples < SAMPLES_TO_REBASE) return state;
  const next = { ...state, baselineP99Ms: seen.quietP99Ms };
  if (state.controlMs === 0) return next;
  const toBlame = latencyLimit(seen.quietP99Ms) <= latencyLimit(state.baselineP99Ms) * BLAME_FACTOR;
  return {
    ...next,
    controlWaitMs: toBlame ? Math.min(LAST_CONTROL_WAIT_MS, state.controlWaitMs * 2) : FIRST_CONTROL_WAIT_MS,
  };
}

/** A pace given from outside, brought into bounds. */
export function inBounds({ chunkRows, pauseMs }: Pace): Pace {
  return {
    chunkRows: Math.min(MAX_ROWS, Math.max(MIN_ROWS, Math.round(chunkRows))),
    pauseMs: Math.min(MAX_PAUSE_MS, Math.max(0, Math.round(pauseMs))),
  };
}
