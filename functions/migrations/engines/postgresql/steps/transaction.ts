import { clock } from '#platform/clock.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { LockBudgetExceeded, StatementCancelled, TransactionConflict } from '../../../errors.ts';
import type { Step } from '../../../plan/schemas.ts';
import { quoteIdentifier } from '../../../sql/identifiers.ts';
import type { Fence, RunOptions, StepResult } from '../../engine.ts';
import { inTransaction, type Session } from '../connection.ts';
import { sqlState } from '../database-errors.ts';
import { addGroups, rebuildClients, removeGroups } from '../dual-write/apply.ts';
import { checkFence } from '../fence.ts';
import { type Blocker, blockers, type LockTarget, lockTargets } from './locks.ts';
import { doneBefore, findMarker, writeMarker } from './marker.ts';

type TransactionStep = Extract<Step, { kind: 'transaction' }>;

/** How long one try may make clients queue behind it, ms. */
const lockBudgetMs = 200;
/** How long tries go on, ms; between them clients pass. */
const retryBudgetMs = 60_000;
/** A statement under the tables' locks that takes this long is given up, ms. */
const statementLimitMs = 60_000;

/** A client gone silent under the tables' locks is ended after this, ms. */
const silenceLimitMs = 1_000;

interface Attempt {
  already: boolean;
  locked: boolean;
  lockWaitMs: number;
  lockHoldMs: number;
}

/**
 * Runs a step's statements in one transaction that first locks all its tables, and leaves a marker in it: a run that
 * was cut off at COMMIT finds out whether it was done. Clients never queue longer than 200 ms behind one try.
 * Throws LockBudgetExceeded naming who held the tables, FenceLost, and whatever the statements break.
 */
export async function runTransaction(
  session: Session,
  step: TransactionStep,
  fence: Fence,
  options: RunOptions,
): Promise<StepResult> {
  const began = clock.monotonic();
  const elapsed = () => clock.monotonic() - began;
  let longestWait = 0;
  for (let attempts = 1; ; attempts += 1) {
    options.signal.throwIfAborted();
    const measured: Attempt = { already: false, locked: false, lockWaitMs: 0, lockHoldMs: 0 };
    try {
      await attempt(session, step, fence, attempts, measured);
      const lockWaitMs = Math.max(longestWait, measured.lockWaitMs);
      if (measured.already) return doneBefore({ lockWaitMs, attempts }, elapsed());
      return {
        status: 'done',
        already: false,
        lockWaitMs,
        lockHoldMs: measured.lockHoldMs,
        attempts,
        durationMs: elapsed(),
        progress: null,
      };
    } catch (error) {
      longestWait = Math.max(longestWait, measured.lockWaitMs);
      if (!worthAnotherTry(error, measured)) throw error;
      const pause = jitteredBackoff(attempts, 25, 2_000);
      const end = Math.min(began + retryBudgetMs, clock.monotonic() + options.until - clock.now());
      if (clock.monotonic() + pause >= end) throw await gaveUp(session, step, error, attempts, elapsed());
      await cancelOwnLeftovers(session, step, fence);
      await clock.sleep(pause, options.signal);
    }
  }
}

async function attempt(
  session: Session,
  step: TransactionStep,
  fence: Fence,
  attempts: number,
  measured: Attempt,
): Promise<void> {
  let lockedAt: number | null = null;
  await inTransaction(session, async () => {
    // Everything that needs no lock of the tables comes before them.
    const { schema } = await checkFence(session, fence);
    await session.query(
      `SELECT set_config('search_path', $1, true), set_config('lock_timeout', $2, true),
         pg_advisory_xact_lock(hashtextextended($3, 0))`,
      [`${quoteIdentifier(schema)}, pg_temp`, String(lockBudgetMs), `${fence.migration}:${step.id}`],
    );
    if ((await findMarker(session, fence, step.id)) !== null) {
      measured.already = true;
      return;
    }
    const targets = await lockTargets(session, step.locks);
    lockedAt = await lockTables(session, targets, measured);
    const removed = step.dualWrites.flatMap((change) => (change.action === 'remove' ? [change] : []));
    const added = step.dualWrites.flatMap((change) => (change.action === 'add' ? [change] : []));
    // A trigger that reads a column keeps the column from being dropped, and needs it to be made.
    await pinned(session, schema, () => removeGroups(session, removed));
    for (const { sql, values } of step.statements) await session.query(sql, values);
    await pinned(session, schema, async () => {
      await addGroups(session, added);
      await rebuildClients(session, schema);
      await writeMarker(session, fence, step.id, { lockWaitMs: measured.lockWaitMs, attempts });
    });
  });
  if (lockedAt !== null) measured.lockHoldMs = clock.monotonic() - lockedAt;
}

async function lockTables(
  session: Session,
  targets: LockTarget[],
  measured: Attempt,
): Promise<number | null> {
  if (targets.length === 0) return null;
  const asked = clock.monotonic();
  try {
    // lock_timeout counts for each table; the statement's own time counts for all of them.
    // The limit of silence is set before: from the moment the lock is had, it could be us who goes silent.
    await session.query(
      `SELECT set_config('statement_timeout', '${lockBudgetMs}', true), set_config('lock_timeout', '0', true),
         set_config('idle_in_transaction_session_timeout', '${silenceLimitMs}', true)`,
    );
    await session.query(`LOCK TABLE ${targets.map(({ name }) => name).join(', ')} IN ACCESS EXCLUSIVE MODE`);
  } finally {
    measured.lockWaitMs = clock.monotonic() - asked;
  }
  const lockedAt = clock.monotonic();
  measured.locked = true;
  await session.query(
    `SELECT set_config('statement_timeout', '${statementLimitMs}', true), set_config('lock_timeout', '${lockBudgetMs}', true)`,
  );
  return lockedAt;
}

/** Ours is looked up in pg_catalog alone, whatever a statement of the user has set. */
async function pinned<T>(session: Session, schema: string, work: () => Promise<T>): Promise<T> {
  await session.query(`SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)`);
  const result = await work();
  await session.query(`SELECT pg_catalog.set_config('search_path', $1, true)`, [
    `${quoteIdentifier(schema)}, pg_temp`,
  ]);
  return result;
}

/** A lock that was not to be had, a deadlock, or two runs that made the same object at once. */
function worthAnotherTry(error: unknown, measured: Attempt): boolean {
  if (error instanceof TransactionConflict) return true;
  if (error instanceof StatementCancelled) return measured.lockWaitMs > 0 && !measured.locked;
  const state = error instanceof Error ? sqlState(error.cause) : null;
  const message = error instanceof Error ? error.message : '';
  return state === 'XX000' && message.includes('concurrently updated');
}

/** A long statement of this migration that was given up, but not by its backend, must not keep its tables. */
async function cancelOwnLeftovers(session: Session, step: TransactionStep, fence: Fence): Promise<void> {
  const held = await blockers(session, await lockTargets(session, step.locks));
  const own = held.filter(({ application }) => application.startsWith(`theseus:${fence.migration}:`));
  for (const { pid } of own) await session.query('SELECT pg_cancel_backend($1)', [pid]);
}

async function gaveUp(
  session: Session,
  step: TransactionStep,
  cause: unknown,
  attempts: number,
  waitedMs: number,
): Promise<LockBudgetExceeded> {
  const targets = await lockTargets(session, step.locks);
  const held: Blocker[] = await blockers(session, targets);
  const who = held
    .map(({ pid, application, state }) => `${pid} (${application || 'unnamed'}, ${state})`)
    .join(', ');
  return new LockBudgetExceeded(
    `${targets.map(({ name }) => name).join(', ') || step.id} could not be locked in ${attempts} tries of ${lockBudgetMs} ms`,
    {
      cause,
      evidence: { step: step.id, attempts, waitedMs: Math.round(waitedMs), blockers: held },
      action:
        who === ''
          ? 'Try again when the database is calmer.'
          : `End or wait for the sessions ${who}, then retry.`,
    },
  );
}
