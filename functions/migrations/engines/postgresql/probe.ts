import pg from 'pg';
import { clock } from '#platform/clock.ts';
import { random } from '#platform/random.ts';
import { ConnectionLost } from '../../errors.ts';
import type { TableRef } from '../../plan/schemas.ts';
import { type Application, type ApplicationLatency, OURS } from './application.ts';
import { querySingle, type Session } from './connection.ts';
import { sqlState } from './database-errors.ts';
import { type Key, relation } from './keyset.ts';
import { splitRanges } from './ranges.ts';

const READ_EVERY_MS = 20;
/** A control window is short, so the reads come closer. */
const READ_EVERY_CONTROL_MS = 5;
const SERVER_EVERY_MS = 500;
/** Reads kept: about 20 s. */
const KEPT = 1_024;
const PROBED_KEYS = 100;
/** Rows that a user's own probe may read. */
const MOST_PROBED_ROWS = 1_000;
/** It may be long: it rests four times as long as it took, and so takes a fifth of one session at most. */
const QUERY_REST_FACTOR = 4;
/** Dead rows that vacuum need not have seen yet. */
const FEW_DEAD_ROWS = 10_000;
const BASELINE_MS = 1_000;
const BASELINE_WINDOWS = 3;
/** A read that takes longer is worth one sample of this length, and the probe goes on. */
export const READ_TIMEOUT_MS = 5_000;

/** What the server says of itself; null where the role may not see it. */
export interface ServerLoad {
  /** Sessions waiting for a lock that the worker holds. */
  waiters: number;
  /** Of the standby that is furthest behind; one that stopped answering is behind for as long as we saw it silent. */
  replicationLagMs: number | null;
  /** WAL of the whole server between the last two looks, bytes/s. */
  walBytesPerSecond: number | null;
  /** Dead rows of the table for each live one; null below some ten thousand, which say nothing. */
  deadShare: number | null;
  /** WAL until the first replication slot is lost, bytes. */
  slotRoomBytes: number | null;
  /** Null: it cannot be seen, or little was seen since the last look. */
  application: ApplicationLatency | null;
  /** What the user's own query gave; null: there is none, or it gave no number. */
  metric: number | null;
  /** Monotonic ms of the look. */
  at: number;
}

/** What reads took since a moment, ms. */
export interface Window {
  /** p99 of all of them, a read still unanswered included; null when there is none. */
  p99Ms: number | null;
  samples: number;
  /** The same of those that fell into a pause as a whole. */
  quietP99Ms: number | null;
  quietSamples: number;
}

/** Chunks run; or are paused; or hold still so that there is something to compare with. */
export type Quiet = 'no' | 'pause' | 'control';

interface Sample {
  at: number;
  ms: number;
  quiet: boolean;
}

function summarise(reads: readonly Sample[]): Window {
  const quiet = reads.filter((sample) => sample.quiet).map((sample) => sample.ms);
  return {
    p99Ms: quantile(
      reads.map((sample) => sample.ms),
      0.99,
    ),
    samples: reads.length,
    quietP99Ms: quantile(quiet, 0.99),
    quietSamples: quiet.length,
  };
}

/** A client like any other, reading one row of the table being filled by its key, over and over. */
export interface Probe {
  /** Of the reads begun since `since`, monotonic ms. */
  window(since: number): Window;
  /** Tells what is so from now on. */
  setQuiet(quiet: Quiet): void;
  load(): ServerLoad | null;
  /** Stops reading; resolves when the session is free. */
  stop(): Promise<void>;
}

/** The p-th quantile (0–1) by nearest rank; null of nothing. */
export function quantile(values: readonly number[], p: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? null;
}

/** One of the reads that a probe makes over and over. */
interface Read {
  name: string;
  text: string;
  /** One set of values is taken by chance for each read. */
  values: string[][];
}

async function readsByKey(session: Session, table: TableRef, key: Key): Promise<Read> {
  const ranges = await splitRanges(session, table, key, PROBED_KEYS);
  const where = key.map((part, index) => `${pg.escapeIdentifier(part.column)} = $${index + 1}::${part.type}`);
  return {
    name: 'theseus probe',
    text: `SELECT ${OURS} 1 FROM ${relation(table)} WHERE ${where.join(' AND ')}`,
    values: ranges.flatMap((range) => (range.to ? [range.to] : [])),
  };
}

/** What the migration names for the probe to read. */
export interface Named {
  /** Read over and over in place of one row by its key. */
  probe: string | null;
  /** Gives a number that is looked at with the server's load. */
  metric: string | null;
}

/** A query of the user's: inside another it can be nothing but a query, and gives no more than a page of rows. */
export const boundedQuery = (query: string): string =>
  `SELECT ${OURS} probe.* FROM (${query.replace(/;\s*$/, '')}\n) AS probe LIMIT ${MOST_PROBED_ROWS}`;

/**
 * Starts probing on a session of its own: by reads of one row by its key unless another is named. `workerPid` is the backend of the session that writes chunks. When the session is lost the probe falls silent and the backfill
 * goes on at a careful pace.
 */
export async function startProbe(
  session: Session,
  table: TableRef,
  key: Key,
  workerPid: number,
  named: Named = { probe: null, metric: null },
  application: Application | null = null,
): Promise<Probe> {
  const { values, ...read } =
    named.probe === null
      ? await readsByKey(session, table, key)
      : { name: 'theseus probe', text: boundedQuery(named.probe), values: [[]] };

  const samples: Sample[] = [];
  let quiet: Quiet = 'no';
  let quietSince: number | null = null;
  let controlled = false;
  let pending: number | null = null;
  let load: ServerLoad | null = null;
  let wal: { at: number; bytes: number } | null = null;
  /** When a standby that owes an answer was first seen so, monotonic ms. */
  let silentSince: number | null = null;
  let summary: { since: number; window: Window } | null = null;
  const stopping = new AbortController();

  /** Of the reads that came back. Asked after every chunk, it is worked out once for every read. */
  function ended(since: number): Window {
    if (summary?.since === since) return summary.window;
    const window = summarise(readsSince(since));
    summary = { since, window };
    return window;
  }
  const readsSince = (since: number) =>
    samples.slice(samples.findLastIndex((sample) => sample.at < since) + 1);

  async function readOnce(): Promise<void> {
    const at = clock.monotonic();
    pending = at;
    try {
      await session.client.query({ ...read, values: values[Math.floor(random() * values.length)] ?? [] });
    } finally {
      pending = null;
      samples.push({ at, ms: clock.monotonic() - at, quiet: quietSince !== null && quietSince <= at });
      if (samples.length > KEPT) samples.shift();
      summary = null;
    }
  }

  async function look(): Promise<void> {
    const found = await session.client.query<{
      waiters: number;
      lag: number | null;
      silent: number | null;
      wal: number;
      dead: number | null;
      room: number | null;
    }>({
      name: 'theseus load',
      text: `SELECT ${OURS}
        (SELECT count(*)::int FROM pg_locks WHERE NOT granted AND $1::int = ANY (pg_blocking_pids(pid))) AS waiters,
        (SELECT (extract(epoch FROM max(replay_lag)) * 1000)::float8 FROM pg_stat_replication) AS lag,
        (SELECT (extract(epoch FROM max(clock_timestamp() - reply_time)) * 1000)::float8 FROM pg_stat_replication
         WHERE sent_lsn > replay_lsn AND NOT EXISTS (
           SELECT FROM pg_replication_slots WHERE active_pid = pg_stat_replication.pid AND slot_type = 'logical')) AS silent,
        (pg_current_wal_lsn() - '0/0'::pg_lsn)::float8 AS wal,
        (SELECT CASE WHEN dead > $3::int THEN dead::float8 / greatest(live, 1) END
         FROM (SELECT pg_stat_get_dead_tuples($2::regclass) AS dead, pg_stat_get_live_tuples($2::regclass) AS live) AS rows) AS dead,
        (SELECT min(safe_wal_size)::float8 FROM pg_replication_slots) AS room`,
      values: [workerPid, relation(table), FEW_DEAD_ROWS],
    });
    const [row] = found.rows;
    if (!row) return;
    const at = clock.monotonic();
    // What the server shows of a standby is what that said last; a standby that had nothing to say before is not late.
    silentSince = row.silent === null ? null : (silentSince ?? at);
    const silentMs = row.silent === null || silentSince === null ? 0 : Math.min(row.silent, at - silentSince);
    const walBytesPerSecond = wal && at > wal.at ? ((row.wal - wal.bytes) / (at - wal.at)) * 1_000 : null;
    wal = { at, bytes: row.wal };
    load = {
      waiters: row.waiters,
      replicationLagMs: silentMs > (row.lag ?? 0) ? silentMs : row.lag,
      walBytesPerSecond,
      deadShare: row.dead,
      slotRoomBytes: row.room,
      application: quiet === 'control' ? null : ((await application?.look(false)) ?? null),
      metric: named.metric === null ? null : await numberOf(session, named.metric).catch(unreadable),
      at,
    };
  }

  async function run(): Promise<void> {
    let lookAt = 0;
    while (!stopping.signal.aborted) {
      const next = clock.monotonic() + (quiet === 'control' ? READ_EVERY_CONTROL_MS : READ_EVERY_MS);
      if (application && controlled !== (quiet === 'control')) {
        controlled = quiet === 'control';
        await (controlled ? application.begin() : application.look(true)).catch(tolerateTimeout);
      }
      const began = clock.monotonic();
      if (values.length > 0) await readOnce().catch(tolerateTimeout);
      const restMs = named.probe === null ? 0 : (clock.monotonic() - began) * QUERY_REST_FACTOR;
      if (clock.monotonic() >= lookAt) {
        const looked = clock.monotonic();
        await look().catch(tolerateTimeout);
        const tookMs = clock.monotonic() - looked;
        lookAt = looked + tookMs + Math.max(SERVER_EVERY_MS, tookMs * QUERY_REST_FACTOR);
      }
      await clock.sleep(Math.max(1, restMs, next - clock.monotonic()), stopping.signal);
    }
  }
  const running = run().catch(() => undefined);

  return {
    window(since) {
      const waiting = pending === null || pending < since ? 0 : clock.monotonic() - pending;
      if (pending === null || waiting <= READ_EVERY_MS) return ended(since);
      return summarise([...readsSince(since), { at: pending, ms: waiting, quiet: false }]);
    },
    setQuiet(next) {
      quiet = next;
      quietSince = next === 'no' ? null : clock.monotonic();
    },
    load: () => load,
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

/**
 * What the probe's reads take while nothing of ours runs: waits for one second of them. The middle one of three
 * windows' p99, so that one hiccup does not become the norm. Null: no read came back.
 */
export async function measureBaseline(probe: Probe, signal: AbortSignal): Promise<number | null> {
  const found: number[] = [];
  for (let window = 0; window < BASELINE_WINDOWS; window++) {
    const since = clock.monotonic();
    await clock.sleep(BASELINE_MS / BASELINE_WINDOWS, signal);
    const { p99Ms } = probe.window(since);
    if (p99Ms !== null) found.push(p99Ms);
  }
  return quantile(found, 0.5);
}

/** The number that a user's query gives; null where it gives something else. Throws what the query fails with. */
export async function numberOf(session: Session, query: string): Promise<number | null> {
  const rows = await querySingle(session, boundedQuery(query));
  const [value, ...more] = rows.length === 1 ? Object.values(rows[0] ?? {}) : [];
  // Numbers of more than 32 bits come as text.
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return more.length === 0 && Number.isFinite(number) ? Number(number) : null;
}

/** A number that cannot be read for now holds nothing back; without the session there is nothing to go on with. */
function unreadable(error: unknown): null {
  if (error instanceof ConnectionLost) throw error;
  return null;
}

/** A lost session ends the probe; a statement that ran into its own or a lock's timeout does not. */
function tolerateTimeout(error: unknown): void {
  if (!['57014', '55P03'].includes(sqlState(error) ?? '')) throw error;
}
