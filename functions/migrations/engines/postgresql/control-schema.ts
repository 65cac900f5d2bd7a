import { RightsMissing } from '../../errors.ts';
import { quoteIdentifier } from '../../sql/identifiers.ts';
import { inTransaction, type Session } from './connection.ts';
import { sqlState } from './database-errors.ts';

/** Anyone may create it at the same moment; the number only has to be the same for all. */
const creationLock = 7_435_001;

/**
 * What Theseus keeps in the target itself: who may write (fence), what was done (steps), which columns follow which
 * (groups), which versions clients may use (versions), how dates read when it came (settings), and what is to be done
 * (plans), so that a migration can be ended by hand when nothing but the database is left.
 * Each statement tolerates that its object stands, because a newer release of Theseus adds to what an older one made.
 * Clients' triggers run functions of this schema, therefore everyone may use it; its tables are the owner's alone.
 */
const statements = [
  'CREATE SCHEMA IF NOT EXISTS theseus',
  `CREATE TABLE IF NOT EXISTS theseus.fence (
    migration text PRIMARY KEY,
    schema_name text NOT NULL,
    name text NOT NULL,
    epoch bigint NOT NULL,
    phase text NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT now()
  )`,
  `CREATE TABLE IF NOT EXISTS theseus.steps (
    migration text NOT NULL,
    step text NOT NULL,
    epoch bigint NOT NULL,
    done_at timestamptz NOT NULL DEFAULT now(),
    facts jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (migration, step)
  )`,
  `CREATE TABLE IF NOT EXISTS theseus.groups (
    schema_name text NOT NULL,
    id text NOT NULL,
    migration text NOT NULL,
    position integer NOT NULL,
    table_oid oid NOT NULL,
    definition jsonb NOT NULL,
    PRIMARY KEY (schema_name, id)
  )`,
  'CREATE INDEX IF NOT EXISTS groups_table ON theseus.groups (table_oid)',
  `CREATE TABLE IF NOT EXISTS theseus.versions (
    schema text NOT NULL,
    version text NOT NULL,
    parent text,
    migration text NOT NULL,
    mapping jsonb NOT NULL,
    state text NOT NULL DEFAULT 'published',
    number bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (schema, version)
  )`,
  'CREATE TABLE IF NOT EXISTS theseus.settings (name text PRIMARY KEY, value text NOT NULL)',
  `INSERT INTO theseus.settings
    SELECT name, reset_val FROM pg_settings WHERE name IN ('TimeZone', 'DateStyle', 'IntervalStyle')
    ON CONFLICT DO NOTHING`,
  'GRANT SELECT ON theseus.settings TO PUBLIC',
  `CREATE TABLE IF NOT EXISTS theseus.plans (
    migration text PRIMARY KEY,
    plan jsonb NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now()
  )`,
  'GRANT USAGE ON SCHEMA theseus TO PUBLIC',
];

async function hasControlSchema(session: Session): Promise<boolean> {
  const { rows } = await session.query<{ there: boolean }>(
    `SELECT to_regclass('theseus.settings') IS NOT NULL AS there`,
  );
  return rows[0]?.there ?? false;
}

/** Another role may have made it: refuses to go on before a statement fails in the middle. Throws RightsMissing. */
async function assertOwnControlSchema(session: Session): Promise<void> {
  const { rows } = await session.query<{ owner: string; role: string; own: boolean }>(
    `SELECT nspowner::regrole::text AS owner, quote_ident(current_user) AS role, pg_has_role(nspowner, 'USAGE') AS own
     FROM pg_namespace WHERE nspname = 'theseus'`,
  );
  const [found] = rows;
  if (found === undefined || found.own) return;
  const { owner, role } = found;
  const grants = [`GRANT ${owner} TO ${role}`];
  throw new RightsMissing(
    `The schema theseus, in which Theseus keeps what it did here, belongs to ${owner}: the role ${role} may not use it`,
    {
      evidence: { grants },
      action: `Connect as ${owner} as the migrations before did, or run as an administrator: ${grants[0]}`,
    },
  );
}

/**
 * Whether Theseus has been in this database before, under a role whose records this one may use.
 * Throws RightsMissing with the GRANT that is needed.
 */
export async function usesControlSchema(session: Session): Promise<boolean> {
  const there = await hasControlSchema(session);
  if (there) await assertOwnControlSchema(session);
  return there;
}

/** Whether the newest of its tables stands: an older release of Theseus made fewer. */
async function isComplete(session: Session): Promise<boolean> {
  const { rows } = await session.query<{ there: boolean }>(
    `SELECT to_regclass('theseus.plans') IS NOT NULL AS there`,
  );
  return rows[0]?.there ?? false;
}

/**
 * Creates the control schema, or what an older release of Theseus did not make of it yet.
 * Throws RightsMissing with the GRANT that is needed.
 */
export async function ensureControlSchema(session: Session): Promise<void> {
  if ((await usesControlSchema(session)) && (await isComplete(session))) return;
  try {
    await inTransaction(session, async () => {
      // Many migrations may come to a new database at once: each waits for the first.
      await session.query(`SELECT set_config('lock_timeout', '20000', true)`);
      await session.query('SELECT pg_advisory_xact_lock($1)', [creationLock]);
      for (const statement of statements) await session.query(statement);
    });
  } catch (error) {
    if (error instanceof RightsMissing && sqlState(error.cause) === '42501')
      throw await rightsError(session, error);
    throw error;
  }
}

async function rightsError(session: Session, cause: RightsMissing): Promise<RightsMissing> {
  const { rows } = await session.query<{ db: string; role: string }>(
    'SELECT current_database() AS db, current_user AS role',
  );
  const { db, role } = rows[0] ?? { db: '', role: '' };
  const grants = [`GRANT CREATE ON DATABASE ${quoteIdentifier(db)} TO ${quoteIdentifier(role)}`];
  return new RightsMissing(`The role ${role} may not create the schema theseus in ${db}`, {
    cause,
    evidence: { grants },
    action: `Run as an administrator: ${grants.join('; ')}`,
  });
}
