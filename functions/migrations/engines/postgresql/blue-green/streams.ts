import pg from 'pg';
import { redactText } from '#platform/redact.ts';
import { ConnectionLost, ReplicationLost, StatementFailed } from '../../../errors.ts';
import { quoteIdentifier } from '../../../sql/identifiers.ts';
import type { Session } from '../connection.ts';
import type { Side, Stream } from './sides.ts';

/** How far one side is behind the other. */
export interface Lag {
  /** What the publisher keeps of its log for the subscriber, bytes. */
  keptBytes: number;
  /** What the subscriber has not applied yet, bytes; null while it is not connected. */
  behindBytes: number | null;
}

/** A connection as the other server makes it: what is in the URL, with a limit on how long it tries. */
export function connectionInfo(url: string): string {
  const { hostname, port, username, password, pathname, searchParams } = new URL(url);
  const sslmode = searchParams.get('sslmode');
  const parts: Record<string, string> = {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port || '5432',
    dbname: decodeURIComponent(pathname.slice(1)),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    connect_timeout: '10',
    ...(sslmode === null ? {} : { sslmode }),
  };
  return Object.entries(parts)
    .map(([name, value]) => `${name}='${value.replaceAll(/[\\']/g, (found) => `\\${found}`)}'`)
    .join(' ');
}

const exists = async (session: Session, sql: string, name: string): Promise<boolean> =>
  (await session.query(sql, [name])).rows.length > 0;

export const hasSubscription = ({ session }: Side, name: string): Promise<boolean> =>
  exists(
    session,
    'SELECT FROM pg_subscription WHERE subname = $1 AND subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())',
    name,
  );

const hasSlot = ({ session }: Side, name: string): Promise<boolean> =>
  exists(session, 'SELECT FROM pg_replication_slots WHERE slot_name = $1', name);

/** What is published, and the place in the log from which on it is kept; both at most once. `tables` are quoted. */
export async function publish({ name, from }: Stream, tables: string[]): Promise<void> {
  const { session } = from;
  if (!(await exists(session, 'SELECT FROM pg_publication WHERE pubname = $1', name))) {
    await session.query(`CREATE PUBLICATION ${quoteIdentifier(name)} FOR TABLE ${tables.join(', ')}`);
  }
  if (await hasSlot(from, name)) return;
  // Made apart from the subscription: on one server the two in one statement would wait for each other.
  await session.query("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", [name]);
}

/**
 * Lets `to` follow `from`, once. `copy`: the rows that are there already are copied first. `ownOnly`: changes that came
 * from elsewhere by replication are not sent on, so that two streams make no circle (PostgreSQL 16 and newer). `later`:
 * it is seen that the servers reach each other, and nothing flows before `resume`.
 */
export async function subscribe(
  { name, from, to }: Stream,
  { copy, ownOnly, later = false }: { copy: boolean; ownOnly: boolean; later?: boolean },
): Promise<void> {
  if (await hasSubscription(to, name)) return;
  const quoted = quoteIdentifier(name);
  const options = [
    'create_slot = false',
    `slot_name = ${pg.escapeLiteral(name)}`,
    `copy_data = ${copy}`,
    ...(ownOnly ? ['origin = none'] : []),
    ...(later ? ['enabled = false'] : []),
  ];
  try {
    await to.session.query(
      `CREATE SUBSCRIPTION ${quoted} CONNECTION ${pg.escapeLiteral(connectionInfo(from.url))} PUBLICATION ${quoted} WITH (${options.join(', ')})`,
    );
  } catch (error) {
    // The statement holds a password: neither it nor the error that quotes it goes any further.
    if (error instanceof ConnectionLost)
      throw new ConnectionLost(`The connection was lost while the subscription ${name} was made`);
    const said = error instanceof Error ? redactText(error.message) : 'unknown';
    throw new StatementFailed(`The subscription ${name} cannot be made: ${said}`, {
      evidence: { subscription: name },
      action:
        'The server of the one database must reach that of the other at the address it is registered with.',
    });
  }
}

/** Tables whose rows are there and that follow now, of all that are to. */
export async function tablesFollowing({ name, to }: Stream): Promise<{
  all: number;
  following: string[];
}> {
  const { rows } = await to.session.query<{ table: string; ready: boolean }>(
    `SELECT c.relname::text AS table, r.srsubstate IN ('r', 's') AS ready
     FROM pg_subscription_rel r JOIN pg_subscription s ON s.oid = r.srsubid JOIN pg_class c ON c.oid = r.srrelid
     WHERE s.subname = $1 AND c.relnamespace <> 'theseus'::regnamespace ORDER BY 1`,
    [name],
  );
  return { all: rows.length, following: rows.filter(({ ready }) => ready).map(({ table }) => table) };
}

/** Rows copied up to now of the tables whose first copy is at work. */
export async function copyProgress({ to }: Stream): Promise<Map<string, number>> {
  const { rows } = await to.session.query<{ table: string; rows: string }>(
    `SELECT c.relname::text AS table, p.tuples_processed::text AS rows
     FROM pg_stat_progress_copy p JOIN pg_class c ON c.oid = p.relid
     WHERE p.datname = current_database() AND p.command = 'COPY FROM'`,
  );
  return new Map(rows.map(({ table, rows: copied }) => [table, Number(copied)]));
}

/** Throws ReplicationLost when the log that the subscriber needs is gone. */
export async function lagOf({ name, from }: Stream): Promise<Lag> {
  const { rows } = await from.session.query<{ kept: string | null; behind: string | null; lost: boolean }>(
    `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn)::text AS kept,
       pg_wal_lsn_diff(pg_current_wal_lsn(), r.replay_lsn)::text AS behind,
       coalesce(s.wal_status = 'lost', false) AS lost
     FROM pg_replication_slots s LEFT JOIN pg_stat_replication r ON r.pid = s.active_pid
     WHERE s.slot_name = $1`,
    [name],
  );
  const [found] = rows;
  if (found === undefined || found.lost) {
    throw new ReplicationLost(`The slot ${name} ${found === undefined ? 'is gone' : 'has lost its log'}`, {
      evidence: { slot: name },
      action: 'Start anew; max_slot_wal_keep_size may be too small for what is written meanwhile.',
    });
  }
  return {
    keptBytes: Math.max(0, Number(found.kept ?? 0)),
    behindBytes: found.behind === null ? null : Math.max(0, Number(found.behind)),
  };
}

/** Lets `to` follow no longer; what it has stays. */
export async function pause({ name, to }: Stream): Promise<void> {
  await to.session.query(`ALTER SUBSCRIPTION ${quoteIdentifier(name)} DISABLE`);
}

/** Lets `to` follow from where its slot stands. */
export async function resume({ name, to }: Stream): Promise<void> {
  await to.session.query(`ALTER SUBSCRIPTION ${quoteIdentifier(name)} ENABLE`);
}

/** Whether `to` follows, or would as soon as it is reached. */
export async function isFollowing({ name, to }: Stream): Promise<boolean> {
  return exists(to.session, 'SELECT FROM pg_subscription WHERE subname = $1 AND subenabled', name);
}

/** Passes over everything that `from` has written up to now: the subscriber has it already. Nobody may follow yet. */
export async function passOver({ name, from }: Stream): Promise<void> {
  await from.session.query('SELECT pg_replication_slot_advance($1, pg_current_wal_insert_lsn())', [name]);
}
