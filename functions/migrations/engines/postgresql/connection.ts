import pg from 'pg';
import { DatabasePooled, DatabaseRefused } from '../../errors.ts';
import { connectError, describeTarget, statementError } from './database-errors.ts';
import { shortHash } from './short-hash.ts';

export interface SessionOptions {
  /** Seen in pg_stat_activity; made by `applicationName`. */
  applicationName: string;
  /** User objects are looked up here, after pg_catalog; without it only pg_catalog is seen. */
  schema?: string;
  /** `backfill`: the dual write's triggers let this session's writes pass. */
  worker?: 'backfill';
  /** For statements that outlast their client: no timeouts, and the server does not look whether we are still here. */
  long?: boolean;
  readOnly?: boolean;
  /** Ms; 30,000 unless told. */
  statementTimeoutMs?: number;
  /** Ms for each lock; 2,000 unless told. */
  lockTimeoutMs?: number;
}

/** One connection to one backend. */
export interface Session {
  readonly client: pg.Client;
  /** The backend's process id. */
  readonly pid: number;
  /** Runs one statement. Throws the named errors of database-errors.ts. */
  query<R extends pg.QueryResultRow = pg.QueryResultRow>(
    text: string,
    values?: readonly unknown[],
  ): Promise<pg.QueryResult<R>>;
  /** Ends the session; open transactions roll back. Never throws. */
  close(): Promise<void>;
  /** Lets go of the socket without cancelling: the backend finishes a long statement alone. */
  detach(): void;
}

const connectTimeoutMs = 5_000;
const closeTimeoutMs = 2_000;

/**
 * Opens a session whose behaviour does not depend on defaults of role or database.
 * Throws DatabaseUnreachable, DatabaseRefused, DatabasePooled.
 */
export async function openSession(connectionString: string, options: SessionOptions): Promise<Session> {
  const target = describeTarget(connectionString);
  if (!/^postgres(ql)?:\/\//.test(connectionString)) {
    throw new DatabaseRefused('The connection is not a URL of the form postgres://user@host:port/database');
  }
  const client = await connect(connectionString, options.applicationName, target);
  try {
    const pid = await backendPid(client);
    // A pooler or proxy answers the start-up with a process id of its own.
    if (processId(client) !== pid)
      await refusePooler(client, pid, connectionString, options.applicationName, target);
    await client.query(settingsOf(options));
    return session(client, pid);
  } catch (error) {
    await end(client);
    throw connectError(error, target);
  }
}

/** Opens a session for the length of `work` and closes it. */
export async function withSession<T>(
  connectionString: string,
  options: SessionOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const opened = await openSession(connectionString, options);
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

/** Runs a text that may be one statement only: in the extended protocol a second one is refused. */
export async function querySingle<R extends pg.QueryResultRow>(session: Session, text: string): Promise<R[]> {
  const single: pg.QueryConfig & { queryMode: 'extended' } = { text, queryMode: 'extended' };
  try {
    return (await session.client.query<R>(single)).rows;
  } catch (error) {
    throw statementError(error, text);
  }
}

/** Runs `work` between BEGIN and COMMIT, and rolls back when it throws. */
export async function inTransaction<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.query('BEGIN');
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // A lost connection rolls back by itself; the first error is the one that tells.
    await session.query('ROLLBACK').catch(() => {});
    throw error;
  }
  await session.query('COMMIT');
  return result;
}

async function connect(
  connectionString: string,
  applicationName: string,
  target: string,
): Promise<pg.Client> {
  let client: pg.Client | undefined;
  try {
    client = new pg.Client({
      connectionString,
      application_name: applicationName,
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: 5_000,
    });
    // A connection lost between statements is reported by the next statement; without a listener Node would end.
    client.on('error', () => {});
    await client.connect();
    return client;
  } catch (error) {
    if (client) await end(client);
    throw connectError(error, target);
  }
}

function session(client: pg.Client, pid: number): Session {
  return {
    client,
    pid,
    async query(text, values) {
      try {
        return await client.query(text, values === undefined ? undefined : [...values]);
      } catch (error) {
        throw statementError(error, text);
      }
    },
    close: () => end(client),
    detach() {
      // The statement's promise will be rejected with a lost connection, which nobody waits for any more.
      socketOf(client)?.destroy();
    },
  };
}

function settingsOf(options: SessionOptions): string {
  const { long = false, statementTimeoutMs = 30_000, lockTimeoutMs = 2_000 } = options;
  const path =
    options.schema === undefined
      ? 'pg_catalog'
      : `pg_catalog, ${pg.escapeIdentifier(options.schema)}, pg_temp`;
  const always: Record<string, string> = {
    search_path: path,
    statement_timeout: String(long ? 0 : statementTimeoutMs),
    lock_timeout: String(long ? 0 : lockTimeoutMs),
    idle_in_transaction_session_timeout: '10000',
    tcp_keepalives_idle: '10',
    tcp_keepalives_interval: '5',
    tcp_keepalives_count: '3',
    row_security: 'off',
    standard_conforming_strings: 'on',
    TimeZone: 'UTC',
    DateStyle: 'ISO, MDY',
    IntervalStyle: 'postgres',
    extra_float_digits: '1',
    bytea_output: 'hex',
    default_transaction_isolation: 'read committed',
    default_transaction_read_only: options.readOnly ? 'on' : 'off',
    'theseus.worker': options.worker ?? '',
  };
  // Not every platform and version has these.
  const where: Record<string, string> = {
    tcp_user_timeout: long ? '0' : '30000',
    client_connection_check_interval: long ? '0' : '5000',
    transaction_timeout: '0',
    deadlock_timeout: '50ms',
  };
  const set = ([name, value]: [string, string]) =>
    `pg_catalog.set_config(${pg.escapeLiteral(name)}, ${pg.escapeLiteral(value)}, false)`;
  const tolerant = Object.entries(where).map(
    (entry) => `BEGIN PERFORM ${set(entry)}; EXCEPTION WHEN OTHERS THEN NULL; END;`,
  );
  return `SELECT ${Object.entries(always).map(set).join(', ')}; DO $theseus$ BEGIN ${tolerant.join(' ')} END $theseus$;${pinnedTime}`;
}

/** Dates and times are read as the dual write's functions read them: as the database did when it was taken in hand. */
const pinnedTime = ` DO $theseus$ BEGIN IF pg_catalog.to_regclass('theseus.settings') IS NOT NULL THEN
  PERFORM pg_catalog.set_config(name, value, false) FROM theseus.settings; END IF;
  EXCEPTION WHEN insufficient_privilege THEN NULL; END $theseus$`;

async function backendPid(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_catalog.pg_backend_pid() AS pid');
  return rows[0]?.pid ?? 0;
}

/** In transaction mode a session is handed on between statements: a second one then shares or takes its backend. */
async function refusePooler(
  client: pg.Client,
  pid: number,
  connectionString: string,
  applicationName: string,
  target: string,
): Promise<void> {
  const other = await connect(connectionString, applicationName, target);
  try {
    await other.query('BEGIN');
    const seen = new Set([pid]);
    const others = await backendPid(other);
    for (let look = 0; look < 5; look += 1) seen.add(await backendPid(client));
    if (seen.size === 1 && others !== pid) return;
    throw new DatabasePooled(`${target} is a connection pooler in transaction mode`, {
      evidence: { target, backends: [...seen, others] },
      action: 'Give Theseus a URL of the database server itself, or of a pool in session mode.',
    });
  } finally {
    await end(other);
  }
}

function processId(client: pg.Client): unknown {
  return 'processID' in client ? client.processID : undefined;
}

function socketOf(client: pg.Client): { destroy(): void } | undefined {
  // node-postgres keeps the socket here and does not type it.
  const { connection } = client as unknown as { connection?: { stream?: { destroy(): void } } };
  return connection?.stream;
}

/** Says goodbye, or hangs up when the server does not answer in time. */
async function end(client: pg.Client): Promise<void> {
  const timer = setTimeout(() => socketOf(client)?.destroy(), closeTimeoutMs);
  try {
    await client.end();
  } catch {
    // It was gone already.
  } finally {
    clearTimeout(timer);
  }
}

/**
 * An application_name of at most 63 bytes: parts joined by colons; parts that would not fit or that the server
 * would alter are replaced by a hash, so that the name can be looked up again.
 */
export function applicationName(...parts: string[]): string {
  const name = ['theseus', ...parts].join(':');
  return /^[\x21-\x7e]{1,63}$/.test(name) ? name : `theseus:${shortHash(parts.join(':'))}`;
}
