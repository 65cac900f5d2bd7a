import { FenceBusy, FenceLost, TransactionConflict } from '../../errors.ts';
import type { Fence } from '../engine.ts';
import { inTransaction, type Session } from './connection.ts';
import { ensureControlSchema } from './control-schema.ts';

/** A worker that went silent in a transaction is ended by the server after 10 s; a takeover waits a little longer. */
const takeoverWaitMs = 15_000;

const released = 'released';

/** Locks the fence row against takeover until the transaction ends; bound: migration id. */
export const fenceQuery =
  'SELECT epoch::text AS epoch, phase, schema_name FROM theseus.fence WHERE migration = $1 FOR SHARE';

export interface FenceState {
  phase: string;
  /** The schema being migrated. */
  schema: string;
}

function lost(fence: Fence, found: { epoch: string; phase: string } | undefined): FenceLost {
  return new FenceLost(
    found === undefined
      ? `The database has no fence of migration ${fence.migration}`
      : `Epoch ${fence.epoch} of migration ${fence.migration} may not write: the fence is at epoch ${found.epoch}, ${found.phase}`,
    {
      evidence: { migration: fence.migration, epoch: fence.epoch, found: found?.epoch, phase: found?.phase },
    },
  );
}

/**
 * To be called inside every transaction that writes: as long as it is open, no other epoch can take over.
 * Throws FenceLost when another epoch holds the fence or it was released.
 */
export async function checkFence(session: Session, fence: Fence): Promise<FenceState> {
  const { rows } = await session.query<{ epoch: string; phase: string; schema_name: string }>(fenceQuery, [
    fence.migration,
  ]);
  const found = rows[0];
  if (found === undefined || Number(found.epoch) !== fence.epoch || found.phase === released)
    throw lost(fence, found);
  return { phase: found.phase, schema: found.schema_name };
}

/**
 * Makes this epoch the only one that may write, after transactions of the former ones have ended. Taking it twice is
 * taking it once. Throws FenceLost when a newer epoch holds it, FenceBusy when former work does not end in time.
 */
export async function takeFence(
  session: Session,
  fence: Fence,
  facts: { name: string; schema: string; phase: string },
): Promise<void> {
  await ensureControlSchema(session);
  const taken = await raise(session, fence, [
    `INSERT INTO theseus.fence AS held (migration, schema_name, name, epoch, phase) VALUES ($1, $3, $4, $2, $5)
     ON CONFLICT (migration) DO UPDATE
       SET epoch = excluded.epoch, phase = excluded.phase, name = excluded.name, taken_at = now()
       WHERE held.epoch < excluded.epoch OR (held.epoch = excluded.epoch AND held.phase <> '${released}')
     RETURNING epoch`,
    [fence.migration, fence.epoch, facts.schema, facts.name, facts.phase],
  ]);
  if (!taken) throw lost(fence, await current(session, fence));
}

/** Records the phase beside the epoch, after the transactions that were checked against the former phase. */
export async function setFencePhase(session: Session, fence: Fence, phase: string): Promise<void> {
  const set = await raise(session, fence, [
    `UPDATE theseus.fence SET phase = $3 WHERE migration = $1 AND epoch = $2 AND phase <> '${released}' RETURNING epoch`,
    [fence.migration, fence.epoch, phase],
  ]);
  if (!set) throw lost(fence, await current(session, fence));
}

/** Nobody may write for this migration any more until a newer epoch takes the fence. A newer holder is left alone. */
export async function releaseFence(session: Session, fence: Fence): Promise<void> {
  await raise(session, fence, [
    `UPDATE theseus.fence SET phase = '${released}' WHERE migration = $1 AND epoch = $2 RETURNING epoch`,
    [fence.migration, fence.epoch],
  ]);
}

async function raise(session: Session, fence: Fence, [text, values]: [string, unknown[]]): Promise<boolean> {
  try {
    return await inTransaction(session, async () => {
      await session.query(
        `SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', '0', true)`,
        [String(takeoverWaitMs)],
      );
      const { rowCount } = await session.query(text, values);
      return rowCount === 1;
    });
  } catch (error) {
    if (!(error instanceof TransactionConflict)) throw error;
    throw new FenceBusy(
      `Work of an earlier epoch of ${fence.migration} did not end within ${takeoverWaitMs / 1_000} s`,
      {
        cause: error,
        evidence: { migration: fence.migration, epoch: fence.epoch },
      },
    );
  }
}

async function current(
  session: Session,
  fence: Fence,
): Promise<{ epoch: string; phase: string } | undefined> {
  const { rows } = await session.query<{ epoch: string; phase: string }>(
    'SELECT epoch::text AS epoch, phase FROM theseus.fence WHERE migration = $1',
    [fence.migration],
  );
  return rows[0];
}
