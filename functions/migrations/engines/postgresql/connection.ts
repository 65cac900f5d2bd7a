import pg from 'pg';
import { clock } from '#platform/clock.ts';
import { ConnectionLost, DatabasePooled, DatabaseRefused, DatabaseUnsupported } from '../../errors.ts';
import { destroySocket, startUpProcessId } from './client-internals.ts';
import { connectError, describeTarget, statementError } from './database-errors.ts';
import { type KnownSettings, learnSettings, type SessionOptions, settingsOf } from './settings.ts';
import { shortHash } from './short-hash.ts';

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

/** One server process of our own, and our end of the connection to it. */
export interface Backend {
  readonly client: pg.Client;
  readonly pid: number;
  /** Monotonic ms. */
  readonly openedAt: number;
  readonly known: KnownSettings;
}

const oldestVersion = 140000;
const connectTimeoutMs = 5_000;
const closeTimeoutMs = 2_000;

/**
 * Opens a session whose behaviour does not depend on defaults of role or database, and which nobody used before.
 * Throws DatabaseUnreachable, DatabaseRefused, DatabasePooled, DatabaseUnsupported.
 */
export async function openSession(connectionString: string, options: SessionOptions): Promise<Session> {
  const backend = await openBackend(connectionString, options);
  return sessionOn(backend, () => endBackend(backend));
}

/** What `openSession` opens, with the settings of `options` made. Throws as it does. */
export async function openBackend(connectionString: string, options: SessionOptions): Promise<Backend> {
  const target = describeTarget(connectionString);
  if (!/^postgres(ql)?:\/\//.test(connectionString)) {
    throw new DatabaseRefused('The connection is not a URL of the form postgres://user@host:port/database', {
      action: 'Correct the connection string in the secret.',
    });
  }
  const client = await connect(connectionString, options.applicationName, target);
  try {
    const pid = await backendPid(client);
    await refuseOldVersion(client, target);
    // A pooler or proxy answers the start-up with a process id of its own.
    if (startUpProcessId(client) !== pid)
      await refusePooler(client, pid, connectionString, options.applicationName, target);
    await client.query(settingsOf(options));
    return { client, pid, openedAt: clock.monotonic(), known: await learnSettings(client) };
  } catch (error) {
    await end(client);
    throw connectError(error, target);
  }
}

/** Says goodbye to a backend, or hangs up when it does not answer within 2 s. Never throws. */
export const endBackend = ({ client }: Backend): Promise<void> => end(client);

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

/** The same for what reads: unable to write, and each of its statements for `limitMs` at most. */
export const readOnly = <T>(session: Session, limitMs: number, read: () => Promise<T>): Promise<T> =>
  inTransaction(session, async () => {
    await session.query(
      `SELECT set_config('transaction_read_only', 'on', true), set_config('statement_timeout', $1, true)`,
      [String(Math.round(limitMs))],
    );
    return read();
  });

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

/** The use of a backend until `close` or `detach`; `closing` says what becomes of the backend then, once. */
export function sessionOn(backend: Backend, closing: () => Promise<void>): Session {
  let over = false;
  // From then on the backend may be somebody else's.
  const current = () => {
    if (over) throw new ConnectionLost('The session was closed before');
    return backend.client;
  };
  return {
    get client() {
      return current();
    },
    pid: backend.pid,
    async query(text, values) {
      const client = current();
      try {
        return await client.query(text, values === undefined ? undefined : [...values]);
      } catch (error) {
        throw statementError(error, text);
      }
    },
    async close() {
      if (over) return;
      over = true;
      await closing();
    },
    detach() {
      over = true;
      // The statement's promise will be rejected with a lost connection, which nobody waits for any more.
      destroySocket(backend.client);
    },
  };
}

async function refuseOldVersion(client: pg.Client, target: string): Promise<void> {
  const { rows } = await client.query<{ version: string; number: number }>(
    `SELECT pg_catalog.current_setting('server_version') AS version,
       pg_catalog.current_setting('server_version_num')::int AS number`,
  );
  const [found] = rows;
  if (found !== undefined && found.number >= oldestVersion) return;
  throw new DatabaseUnsupported(`PostgreSQL ${found?.version} is too old: 14 or newer is needed`, {
    evidence: { target, version: found?.version },
    action: 'Upgrade the server.',
  });
}

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

/** Says goodbye, or hangs up when the server does not answer in time. */
async function end(client: pg.Client): Promise<void> {
  const timer = setTimeout(() => destroySocket(client), closeTimeoutMs);
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
