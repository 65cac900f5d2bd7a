import pg from 'pg';
import { quoteIdentifier } from '../../../sql/identifiers.ts';
import type { Session } from '../connection.ts';
import type { Side } from './sides.ts';

const trigger = 'theseus_refuse_writes';
/** Quoted and qualified: one for each migration. */
const gateOf = (migration: string): string =>
  `theseus.${quoteIdentifier(`refuse_writes_${migration.toLowerCase()}`)}`;

/**
 * Refuses every client's write from this transaction's commit on, with the state that clients know of a standby
 * (25006); rows that come by replication pass, for triggers like this do not fire for them. `tables` are quoted, and
 * partitions among them. The caller holds their locks.
 */
export async function closeGate(
  session: Session,
  migration: string,
  tables: string[],
  where: string,
): Promise<void> {
  const gate = gateOf(migration);
  await session.query('CREATE SCHEMA IF NOT EXISTS theseus');
  const text = pg.escapeLiteral(`clients of this database have moved to ${where}`);
  await session.query(
    `CREATE OR REPLACE FUNCTION ${gate}() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $gate$
     BEGIN RAISE EXCEPTION USING ERRCODE = '25006', MESSAGE = ${text}; END $gate$`,
  );
  for (const table of tables) {
    await session.query(
      `CREATE OR REPLACE TRIGGER ${trigger} BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON ${table}
       FOR EACH STATEMENT EXECUTE FUNCTION ${gate}()`,
    );
  }
}

/** Whether clients' writes are refused. */
export async function isClosed({ session }: Pick<Side, 'session'>, migration: string): Promise<boolean> {
  const { rows } = await session.query('SELECT FROM pg_proc WHERE oid = to_regproc($1)', [gateOf(migration)]);
  return rows.length > 0;
}

/** Lets clients write again. Does nothing where nothing was closed. */
export async function openGate(session: Session, migration: string, tables: string[]): Promise<void> {
  if (!(await isClosed({ session }, migration))) return;
  for (const table of tables) await session.query(`DROP TRIGGER IF EXISTS ${trigger} ON ${table}`);
  await session.query(`DROP FUNCTION IF EXISTS ${gateOf(migration)}()`);
}
