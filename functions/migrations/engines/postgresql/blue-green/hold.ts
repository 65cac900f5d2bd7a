import { clock } from '#platform/clock.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { LockBudgetExceeded, StatementCancelled, TransactionConflict } from '../../../errors.ts';
import { inTransaction } from '../connection.ts';
import { closeGate } from './gate.ts';
import { caughtUp, onDisk } from './marks.ts';
import type { Stream } from './sides.ts';

/** How long one try may make clients queue behind it, ms. */
const lockBudgetMs = 200;
/** How long writers are held until the other side has everything, ms; then they go on, and it is tried again. */
const holdBudgetMs = 500;
/** How long tries go on, ms; where somebody holds all clients meanwhile, not as long. */
const retryBudgetMs = 60_000;
const stoppedBudgetMs = 10_000;
/** Tries begin when the other side is this near, ms. */
const nearMs = 5_000;

export interface Held {
  attempts: number;
  lockWaitMs: number;
  lockHoldMs: number;
}

export interface Holding {
  stream: Stream;
  /** Quoted, in OID order. */
  tables: string[];
  /** The same with every partition: whose writes are refused. */
  gated: string[];
  /** Writes stay refused: the other database's name for clients, and whose gate it is. */
  close?: { migration: string; where: string } | undefined;
  /** Clients are held elsewhere as long as this lasts. */
  clientsStopped: boolean;
  signal: AbortSignal;
}

/**
 * Holds the writers of one side until the other has applied all that they wrote, then runs `moved` while nobody writes.
 * Readers are not held. A try gives up its locks within 200 ms of waiting and 500 ms of holding, and another follows
 * with jitter. Throws LockBudgetExceeded after a minute of tries (10 s where clients are stopped), and what `moved` throws.
 */
export async function holdWriters(
  { stream, tables, gated, close, clientsStopped, signal }: Holding,
  moved: () => Promise<void>,
): Promise<Held> {
  const { session } = stream.from;
  const began = clock.monotonic();
  let longestWait = 0;
  for (let attempts = 1; ; attempts += 1) {
    signal.throwIfAborted();
    let lockedAt: number | null = null;
    try {
      await caughtUp(stream, nearMs, signal);
      const asked = clock.monotonic();
      let there = false;
      await inTransaction(session, async () => {
        // Both limits are set before: from the moment the locks are had, it could be us who goes silent.
        await session.query(
          `SELECT set_config('statement_timeout', '${lockBudgetMs}', true), set_config('lock_timeout', '0', true),
             set_config('idle_in_transaction_session_timeout', '2000', true)`,
        );
        try {
          await session.query(`LOCK TABLE ${tables.join(', ')} IN SHARE ROW EXCLUSIVE MODE`);
        } finally {
          longestWait = Math.max(longestWait, clock.monotonic() - asked);
        }
        lockedAt = clock.monotonic();
        await session.query("SELECT set_config('statement_timeout', '5000', true)");
        there = await caughtUp(stream, holdBudgetMs, signal);
        if (!there) return;
        await onDisk(stream.to);
        if (close === undefined) await moved();
        else await closeGate(session, close.migration, gated, close.where);
      });
      if (there) {
        const lockHoldMs = clock.monotonic() - (lockedAt ?? asked);
        // Whoever was held is refused now, so that nothing is written between.
        if (close !== undefined) await moved();
        return { attempts, lockWaitMs: longestWait, lockHoldMs };
      }
    } catch (error) {
      const waited = error instanceof StatementCancelled || error instanceof TransactionConflict;
      if (!waited || lockedAt !== null) throw error;
    }
    const pause = jitteredBackoff(attempts, 25, 2_000);
    if (clock.monotonic() - began + pause > (clientsStopped ? stoppedBudgetMs : retryBudgetMs)) {
      throw new LockBudgetExceeded(
        `Writers could not be held for the switch in ${attempts} tries: ${lockedAt === null ? 'tables are locked by others' : 'the other side is too far behind'}`,
        {
          evidence: { attempts, budgetMs: lockBudgetMs, holdMs: holdBudgetMs },
          action: 'Look for long transactions and heavy writing on both databases; it is tried again.',
        },
      );
    }
    await clock.sleep(pause, signal);
  }
}
