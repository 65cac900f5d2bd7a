import { FenceLost } from '../../../errors.ts';
import type { Load } from '../../../plan/schemas.ts';
import type { Fence, RecordError, RowSource } from '../../engine.ts';
import { type Open, refuse } from '../chunks.ts';
import type { Session } from '../connection.ts';
import { hasLoadTables } from './control.ts';
import { loadRecords, openWriter, type Writer } from './load-range.ts';
import { writeStatement } from './write.ts';

/** A page of what was refused, oldest first, after a number that an earlier page ended with. */
export async function readRecordErrors(
  session: Session,
  migration: string,
  after: number,
  limit: number,
): Promise<RecordError[]> {
  if (!(await hasLoadTables(session))) return [];
  const { rows } = await session.query<RecordError>(
    `SELECT number::int AS number, load, source_table AS "from", target_table AS "to", key, record, error, attempts,
       to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at
     FROM theseus.record_errors WHERE migration = $1 AND number > $2 ORDER BY number LIMIT $3`,
    [migration, after, limit],
  );
  return rows;
}

/** How many records of a migration are refused now. */
export async function countRecordErrors(session: Session, migration: string): Promise<number> {
  if (!(await hasLoadTables(session))) return 0;
  const { rows } = await session.query<{ count: string }>(
    'SELECT count(*) AS count FROM theseus.record_errors WHERE migration = $1',
    [migration],
  );
  return Number(rows[0]?.count ?? 0);
}

/**
 * Loads refused records once more, by their keys. One that is taken now, or that the source has no more, is off the
 * list. Works while the migration holds the fence, and after it let go of it, until another epoch takes it.
 */
export async function redriveRecords(
  open: Open,
  load: Load,
  source: RowSource,
  keys: string[][],
  fence: Fence,
): Promise<number> {
  const session = await openWriter(open, load);
  let resolved = 0;
  try {
    const statement = writeStatement(load, load.columns, fence.migration);
    const take = async (key: string[]): Promise<void> => {
      const phase = await phaseOf(session, fence);
      const writer: Writer = { session, load, source, fence, phase, statement };
      try {
        await loadRecords(writer, { from: null, to: null, only: key }, 1);
      } catch (error) {
        // The fence was let go of at this very moment: the epoch is still ours.
        if (!(error instanceof FenceLost) || (await phaseOf(session, fence)) === phase) throw error;
        await take(key);
      }
    };
    for (const key of keys) {
      const attempts = await attemptsOf(session, fence.migration, load.id, key);
      await take(key);
      if ((await attemptsOf(session, fence.migration, load.id, key)) !== attempts) continue;
      await session.query(
        'DELETE FROM theseus.record_errors WHERE migration = $1 AND load = $2 AND key = $3 AND attempts = $4',
        [fence.migration, load.id, key, attempts],
      );
      resolved += 1;
    }
    return resolved;
  } finally {
    await session.close();
  }
}

/** The phase of the fence, `released` too. @throws FenceLost when another epoch took it. */
async function phaseOf(session: Session, fence: Fence): Promise<string> {
  const { rows } = await session.query<{ phase: string }>(
    'SELECT phase FROM theseus.fence WHERE migration = $1 AND epoch = $2',
    [fence.migration, fence.epoch],
  );
  return rows[0]?.phase ?? refuse(fence);
}

async function attemptsOf(
  session: Session,
  migration: string,
  load: string,
  key: string[],
): Promise<number | null> {
  const { rows } = await session.query<{ attempts: number }>(
    'SELECT attempts FROM theseus.record_errors WHERE migration = $1 AND load = $2 AND key = $3',
    [migration, load, key],
  );
  return rows[0]?.attempts ?? null;
}
