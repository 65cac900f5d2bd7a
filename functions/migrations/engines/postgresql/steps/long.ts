import { clock } from '#platform/clock.ts';
import type { Fence, RunOptions, StepResult } from '../../engine.ts';
import { inTransaction, type Session } from '../connection.ts';
import { checkFence } from '../fence.ts';
import { doneBefore, findMarker, writeMarker } from './marker.ts';

/** A statement that may outlast whoever submitted it. */
export interface LongWork {
  statement: string;
  /** Whether the catalogue shows its effect. */
  isDone(session: Session): Promise<boolean>;
  /** The backend that does the same at this moment for somebody else, or null. */
  runningElsewhere(session: Session): Promise<number | null>;
  /** Removes what a broken-off run left. */
  clear(session: Session): Promise<void>;
  /** 0–1 of the statement that a backend runs, or null. */
  progress(session: Session, pid: number | null): Promise<number | null>;
}

const pollMs = 500;

type OpenLong = () => Promise<Session>;

/**
 * Submits a long statement and waits for it until `options.until`; then lets the backend go on alone. The backend
 * holds an advisory lock for as long as it works: the next call finds that out and waits for it instead of starting
 * the statement again. Throws FenceLost, ConnectionLost, and what the statement breaks (leaving nothing behind).
 */
export async function runLong(
  open: OpenLong,
  stepId: string,
  fence: Fence,
  options: RunOptions,
  work: LongWork,
): Promise<StepResult> {
  const began = clock.monotonic();
  const elapsed = () => clock.monotonic() - began;
  const session = await open();
  let detached = false;
  try {
    const key = `${fence.migration}:${stepId}`;
    for (;;) {
      const worker = await busyBackend(session, key, work);
      if (worker === null) break;
      options.signal.throwIfAborted();
      const left = options.until - clock.now();
      if (left <= 0) return running(elapsed(), await work.progress(session, worker));
      await clock.sleep(Math.min(pollMs, left), options.signal);
    }
    await checkFence(session, fence);
    const marker = await findMarker(session, fence, stepId);
    if (marker !== null) return doneBefore(marker, elapsed());
    if (await work.isDone(session)) {
      await finish(session, stepId, fence);
      return doneBefore({ lockWaitMs: 0, attempts: 1 }, elapsed());
    }
    await work.clear(session);
    if (clock.now() >= options.until) return running(elapsed(), null);
    if ((await submit(session, work, options)) === 'time is up') {
      detached = true;
      session.detach();
      options.signal.throwIfAborted();
      return running(elapsed(), null);
    }
    await finish(session, stepId, fence);
    return { ...running(elapsed(), 1), status: 'done' };
  } finally {
    if (!detached) await session.close();
  }
}

/** Null once this session alone may do the work, else the backend that does it (0 where it cannot be named). */
async function busyBackend(session: Session, key: string, work: LongWork): Promise<number | null> {
  // Never waited for in SQL: a waiting snapshot would hold up CREATE INDEX CONCURRENTLY itself.
  const { rows } = await session.query<{ held: boolean }>(
    'SELECT pg_try_advisory_lock(hashtextextended($1, 1)) AS held',
    [key],
  );
  if (rows[0]?.held) {
    const elsewhere = await work.runningElsewhere(session);
    if (elsewhere !== null) await session.query('SELECT pg_advisory_unlock(hashtextextended($1, 1))', [key]);
    return elsewhere;
  }
  const { rows: holders } = await session.query<{ pid: number }>(
    `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
       AND (classid::bigint << 32 | objid::bigint) = hashtextextended($1, 1)
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [key],
  );
  return holders[0]?.pid ?? 0;
}

async function submit(session: Session, work: LongWork, options: RunOptions): Promise<'done' | 'time is up'> {
  const timer = new AbortController();
  const stop = () => timer.abort();
  options.signal.addEventListener('abort', stop, { once: true });
  const statement = session.query(work.statement).then(() => 'done' as const);
  const deadline = clock.sleep(Math.max(0, options.until - clock.now()), timer.signal).then(
    () => 'time is up' as const,
    () => 'time is up' as const,
  );
  if (options.signal.aborted) stop();
  try {
    return await Promise.race([statement, deadline]);
  } catch (error) {
    // An INVALID unique index refuses clients' rows: it must not stay.
    await work.clear(session).catch(() => {});
    throw error;
  } finally {
    options.signal.removeEventListener('abort', stop);
    stop();
    // Nobody waits any more for the statement of a session that was let go.
    statement.catch(() => {});
  }
}

async function finish(session: Session, stepId: string, fence: Fence): Promise<void> {
  await inTransaction(session, async () => {
    await checkFence(session, fence);
    await writeMarker(session, fence, stepId, { lockWaitMs: 0, attempts: 1 });
  });
}

function running(durationMs: number, progress: number | null): StepResult {
  return {
    status: 'running',
    already: false,
    lockWaitMs: 0,
    lockHoldMs: 0,
    attempts: 1,
    durationMs,
    progress,
  };
}
