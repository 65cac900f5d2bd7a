import pg from 'pg';
import { clock } from '#platform/clock.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { FenceLost, LockBudgetExceeded } from '../../errors.ts';
import type { Backfill, TableRef } from '../../plan/schemas.ts';
import type { Fence } from '../engine.ts';
import type { Session } from './connection.ts';
import { sqlState, statementError } from './database-errors.ts';
import {
  afterParameters,
  type Key,
  keyList,
  keyListDescending,
  keyText,
  relation,
  seeKeyTypes,
  untilParameters,
  untilRowOf,
} from './keyset.ts';
import type { SessionOptions } from './settings.ts';

/**
 * A chunk gives up a lock after this long. It is less than the least deadlock_timeout in use (1 s by default), so that
 * between a client and a chunk it is always the chunk that yields, and less than what a user notices: while a chunk
 * waits, it holds the rows it has written so far.
 */
const LOCK_TIMEOUT_MS = 200;
const STATEMENT_TIMEOUT_MS = 30_000;
/** About 30 s of waiting in all for one chunk, then the caller's own retry decides. */
const MAX_ATTEMPTS = 40;
const MAX_BACKOFF_MS = 1_500;
/** lock_not_available, deadlock_detected, serialization_failure, query_canceled (statement_timeout). */
const YIELDED = new Set(['55P03', '40P01', '40001', '57014']);

/** Opens a session on the target; `purpose` is seen in its application_name. */
export type Open = (purpose: string, options: Omit<SessionOptions, 'applicationName'>) => Promise<Session>;

/**
 * A session that writes chunks: the dual write's triggers let it pass, and it plans by the key's index only.
 * With `durable` false commits do not wait for the disk (measured: a quarter faster, half the p99 of clients); what was
 * written is only relied on after `flush`, so a crash of the server loses nothing that was reported. Expressions
 * resolve names as the dual write's functions do.
 */
export async function openWorker(
  open: Open,
  purpose: string,
  table: TableRef,
  key: Key,
  durable: boolean,
): Promise<Session> {
  const session = await open(purpose, {
    schema: table.schema,
    worker: 'backfill',
    lockTimeoutMs: LOCK_TIMEOUT_MS,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  });
  try {
    await seeKeyTypes(session, key);
    await session.query(
      `SELECT set_config('synchronous_commit', $1, false), set_config('enable_seqscan', 'off', false),
       set_config('plan_cache_mode', 'force_generic_plan', false), set_config('jit', 'off', false)`,
      [durable ? 'on' : 'off'],
    );
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** The phase in which the fence stands, at our epoch. @throws FenceLost when it is another's. */
export async function fencePhase(session: Session, fence: Fence): Promise<string> {
  const found = await session.query<{ phase: string }>(
    "SELECT phase FROM theseus.fence WHERE migration = $1 AND epoch = $2 AND phase <> 'released'",
    [fence.migration, fence.epoch],
  );
  return found.rows[0]?.phase ?? refuse(fence);
}

/** @throws FenceLost always. */
export function refuse(fence: Fence): never {
  throw new FenceLost(
    `The migration ${fence.migration} is no longer led with epoch ${fence.epoch} in this phase: another execution has taken over, or went on.`,
    { evidence: { migration: fence.migration, epoch: fence.epoch } },
  );
}

// Names of queries are seen by sub-selects of `up` and `down`: a table of the user's may be called page or fence.

/** Three parameters, migration, epoch and phase; a newer epoch waits until this statement has ended. */
export const FENCE = `_theseus_fence AS MATERIALIZED (
  SELECT FROM theseus.fence WHERE migration = $1 AND epoch = $2 AND phase = $3 FOR SHARE
)`;

export const fenceValues = (fence: Fence, phase: string): [string, number, string] => [
  fence.migration,
  fence.epoch,
  phase,
];

/** A prepared statement whose parameters are the fence's three, the chunk's rows, then the bounds that exist. */
export interface Prepared {
  name: string;
  text: string;
}

/**
 * One chunk in one round trip and one transaction, in this order, which the data flow forces: lock the fence; read the
 * next keys from the index; update that range directly. So the update evaluates `unwritten` and the expressions on the
 * row's latest version, also when a client changed it after the snapshot was taken.
 */
export function chunkStatement(backfill: Backfill, from: boolean, to: boolean): Prepared {
  const { key } = backfill;
  const name = relation(backfill.table);
  const after = from ? afterParameters(key, 5) : 'true';
  const until = to ? untilParameters(key, from ? 5 + key.length : 5) : 'true';
  const set = backfill.set.map(
    ({ column, type, expression }) => `${pg.escapeIdentifier(column)} = CAST((${expression}) AS ${type})`,
  );
  return {
    name: `theseus chunk ${from} ${to} ${backfill.id}`.slice(0, 63),
    text: `WITH ${FENCE}, _theseus_page AS MATERIALIZED (
  SELECT ${keyList(key)} FROM ${name} WHERE EXISTS (SELECT FROM _theseus_fence) AND ${after} AND ${until}
  ORDER BY ${keyList(key)} LIMIT $4::int
), _theseus_boundary AS MATERIALIZED (
  SELECT ${keyList(key)} FROM _theseus_page ORDER BY ${keyListDescending(key)} LIMIT 1
), _theseus_written AS (
  UPDATE ${name} SET ${set.join(', ')}
  WHERE ${after} AND ${untilRowOf(key, '_theseus_boundary')} AND (${backfill.unwritten}) RETURNING 1
)
SELECT (SELECT count(*) FROM _theseus_fence)::int AS fenced, (SELECT count(*) FROM _theseus_page)::int AS seen,
  (SELECT count(*) FROM _theseus_written)::int AS written, (SELECT ${keyText(key)} FROM _theseus_boundary) AS last`,
  };
}

/**
 * Waits until everything committed so far is on the server's disk, by one small commit that waits: locking the fence row
 * is a change that the log records. @throws FenceLost.
 */
export async function flush(session: Session, fence: Fence, phase: string): Promise<void> {
  const { rows } = await session.query<{ fenced: number }>(
    `WITH ${FENCE} SELECT (SELECT count(*) FROM _theseus_fence)::int AS fenced, set_config('synchronous_commit', 'on', true)`,
    fenceValues(fence, phase),
  );
  if (rows[0]?.fenced !== 1) refuse(fence);
}

export interface Chunk {
  /** Rows passed over and rows written; fewer seen than asked for: the range is at its end. */
  seen: number;
  written: number;
  last: string[] | null;
  /** How long the statement ran, ms. */
  durationMs: number;
}

/** Null: it yielded to a lock or was cut off by the server, and wrote nothing. @throws FenceLost. */
export async function runChunk(
  session: Session,
  statement: Prepared,
  fence: Fence,
  phase: string,
  rows: number,
  bounds: string[],
): Promise<Chunk | null> {
  const started = clock.monotonic();
  try {
    const result = await session.client.query<Omit<Chunk, 'durationMs'> & { fenced: number }>({
      ...statement,
      values: [...fenceValues(fence, phase), rows, ...bounds],
    });
    const [row] = result.rows;
    if (row?.fenced !== 1) return refuse(fence);
    return { seen: row.seen, written: row.written, last: row.last, durationMs: clock.monotonic() - started };
  } catch (error) {
    if (yielded(error)) return null;
    throw statementError(error, statement.text);
  }
}

/** Whether a statement, as the server or `statementError` reports it, lost nothing but time and may be tried again. */
export const yielded = (error: unknown): boolean =>
  YIELDED.has(sqlState(error) ?? (error instanceof Error ? sqlState(error.cause) : null) ?? '');

/**
 * Waits, jittered, before the next try of a chunk that yielded; `attempt` counts from 0.
 * @throws LockBudgetExceeded when it yielded too often.
 */
export async function backOff(attempt: number, table: string, signal: AbortSignal): Promise<void> {
  if (attempt >= MAX_ATTEMPTS) {
    throw new LockBudgetExceeded(
      `A chunk of ${table} yielded to other sessions' locks ${attempt} times, each after ${LOCK_TIMEOUT_MS} ms.`,
      {
        evidence: { table, attempts: attempt, lockTimeoutMs: LOCK_TIMEOUT_MS },
        action: 'Look in pg_stat_activity for a transaction that stays open on this table and end it.',
      },
    );
  }
  await clock.sleep(jitteredBackoff(attempt, 20, MAX_BACKOFF_MS), signal);
}

/** Tries again while other sessions' locks are in the way. @throws LockBudgetExceeded, and what else `work` throws. */
export async function patiently<T>(work: () => Promise<T>, table: string, signal: AbortSignal): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!yielded(error)) throw error;
      await backOff(attempt, table, signal);
    }
  }
}
