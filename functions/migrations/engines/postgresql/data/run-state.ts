import pg from 'pg';
import type { Load } from '../../../plan/schemas.ts';
import type { Fence } from '../../engine.ts';
import { inTransaction, type Session } from '../connection.ts';
import { checkFence } from '../fence.ts';
import { relation } from '../keyset.ts';
import { ensureLoadTables, hasLoadTables } from './control.ts';
import { forgetKeys } from './given-keys.ts';

const { escapeIdentifier: quote } = pg;

/**
 * Makes what loads are kept in, and notes where the next run will begin once this one is over: of several tries the
 * first counts, because rows may have changed since. @throws FenceLost.
 */
export async function prepareLoads(
  session: Session,
  fence: Fence,
  name: string,
  schema: string,
  watermarks: Record<string, string>,
): Promise<void> {
  await inTransaction(session, async () => {
    await checkFence(session, fence);
    await ensureLoadTables(session);
    for (const [load, next] of Object.entries(watermarks)) {
      await session.query(
        `INSERT INTO theseus.watermarks AS held (schema_name, name, load, next, next_migration) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (schema_name, name, load) DO UPDATE SET next = excluded.next, next_migration = excluded.next_migration
         WHERE held.next_migration IS DISTINCT FROM excluded.next_migration`,
        [schema, name, load, next, fence.migration],
      );
    }
  });
}

/** Where the last run of a file ended, by load. */
export async function readWatermarks(
  session: Session,
  name: string,
  schema: string,
): Promise<Map<string, string>> {
  if (!(await hasLoadTables(session))) return new Map();
  const { rows } = await session.query<{ load: string; value: string }>(
    'SELECT load, value FROM theseus.watermarks WHERE schema_name = $1 AND name = $2 AND value IS NOT NULL',
    [schema, name],
  );
  return new Map(rows.map(({ load, value }) => [load, value]));
}

/** The run is over. @throws FenceLost. */
export async function keepWatermarks(session: Session, fence: Fence): Promise<void> {
  await inTransaction(session, async () => {
    await checkFence(session, fence);
    await session.query(
      `UPDATE theseus.watermarks SET former = value, former_migration = migration, value = next, migration = next_migration,
         next = NULL, next_migration = NULL WHERE next_migration = $1`,
      [fence.migration],
    );
  });
}

/** Forgets what could be taken back, and what was refused. @throws FenceLost. */
export async function forgetLoads(session: Session, loads: Load[], fence: Fence): Promise<void> {
  if (!(await hasLoadTables(session))) return;
  await inTransaction(session, async () => {
    await checkFence(session, fence);
    await session.query('DELETE FROM theseus.loads WHERE migration = $1', [fence.migration]);
    await session.query('DELETE FROM theseus.record_errors WHERE migration = $1', [fence.migration]);
  });
  await forgetKeys(session, loads, fence.migration);
}

/** Numbers that the target gives itself go on after the greatest that was loaded; they never go back. */
export async function advanceSequences(session: Session, load: Load): Promise<void> {
  const { rows } = await session.query<{ column: string; sequence: string }>(
    `SELECT attname::text AS column, pg_get_serial_sequence($1, attname) AS sequence FROM pg_attribute
     WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attname = ANY($2)
       AND pg_get_serial_sequence($1, attname) IS NOT NULL`,
    [relation(load.to), load.columns.map(({ name }) => name)],
  );
  for (const { column, sequence } of rows) {
    await session.query(
      `SELECT setval($1::regclass, greatest(loaded, last_value))
       FROM ${sequence}, (SELECT max(${quote(column)}) AS loaded FROM ${relation(load.to)}) AS greatest
       WHERE loaded IS NOT NULL`,
      [sequence],
    );
  }
}
