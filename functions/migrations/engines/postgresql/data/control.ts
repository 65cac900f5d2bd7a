import type { Session } from '../connection.ts';

/** Anyone may create them at the same moment; the number only has to be the same for all. */
const creationLock = 7_435_002;

/**
 * What data migrations keep in the target, in the same transaction as the rows they are about: which rows were inserted
 * or changed, chunk by chunk (loads); which records were refused and why (record_errors); how far the last run of a file
 * got (watermarks, `next` until the run is over); keys of the rows that were given, where the source cannot be asked (given).
 */
const statements = [
  `CREATE TABLE IF NOT EXISTS theseus.loads (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    migration text NOT NULL,
    load text NOT NULL,
    inserted jsonb,
    changed jsonb,
    at timestamptz NOT NULL DEFAULT now()
  )`,
  'CREATE INDEX IF NOT EXISTS loads_of_migration ON theseus.loads (migration, number)',
  `CREATE TABLE IF NOT EXISTS theseus.record_errors (
    migration text NOT NULL,
    load text NOT NULL,
    key text[] NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    source_table text NOT NULL,
    target_table text NOT NULL,
    record text,
    error jsonb NOT NULL,
    attempts integer NOT NULL DEFAULT 1,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (migration, load, key)
  )`,
  `CREATE TABLE IF NOT EXISTS theseus.watermarks (
    schema_name text NOT NULL,
    name text NOT NULL,
    load text NOT NULL,
    value text,
    migration text,
    former text,
    former_migration text,
    next text,
    next_migration text,
    PRIMARY KEY (schema_name, name, load)
  )`,
  `CREATE TABLE IF NOT EXISTS theseus.given (owner uuid NOT NULL, key uuid NOT NULL, PRIMARY KEY (owner, key))`,
];

/** Whether a data migration has been in this database before. */
export async function hasLoadTables(session: Session): Promise<boolean> {
  const { rows } = await session.query<{ there: boolean }>(
    `SELECT to_regclass('theseus.watermarks') IS NOT NULL AS there`,
  );
  return rows[0]?.there ?? false;
}

/** Makes them beside the fence, whose schema stands already. To be called in a transaction. */
export async function ensureLoadTables(session: Session): Promise<void> {
  const { rows } = await session.query<{ there: boolean }>(
    `SELECT to_regclass('theseus.given') IS NOT NULL AS there`,
  );
  if (rows[0]?.there) return;
  await session.query('SELECT pg_advisory_xact_lock($1)', [creationLock]);
  for (const statement of statements) await session.query(statement);
}
