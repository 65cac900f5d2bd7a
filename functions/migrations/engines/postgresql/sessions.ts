import { createHash } from 'node:crypto';
import type pg from 'pg';
import { clock } from '#platform/clock.ts';
import { DatabaseUnreachable } from '../../errors.ts';
import { destroySocket, forgetPrepared, isQuiet, keepsProcess } from './client-internals.ts';
import { type Backend, endBackend, openBackend, type Session, sessionOn } from './connection.ts';
import type { SessionOptions } from './settings.ts';
import { settingsOf } from './settings.ts';

/** Long enough from one task to the next, shorter than the 5 s that DROP DATABASE waits for others to leave. */
const IDLE_MS = 3_000;
/** A frozen process cannot hang up: then the server does. */
const SERVER_IDLE_MS = 10_000;
/** What a session took over when it logged in, its role's and database's defaults, is never older than this. */
const OLDEST_MS = 60_000;
const IDLE_PER_TARGET = 4;
const IDLE_IN_ALL = 20;
/** A server that does not answer an idle session within this is asked anew, on a fresh connection. */
const ANSWER_MS = 2_000;

interface Idle {
  backend: Backend;
  /** Hash of the connection string, credentials included. */
  target: string;
  timer: NodeJS.Timeout;
  forget: () => void;
}

/** The one given back last stands at the end. */
const idle: Idle[] = [];

/**
 * A session that may have been used before, with every setting made again; `close` gives it back. What the role's and
 * the database's defaults decide (`fresh`) gets one of its own.
 * Throws DatabaseUnreachable, DatabaseRefused, DatabasePooled.
 */
export async function borrowSession(connectionString: string, options: SessionOptions): Promise<Session> {
  const target = createHash('sha256').update(connectionString).digest('hex');
  const backend =
    (options.fresh ? undefined : await takeIdle(target, options)) ?? (await open(connectionString, options));
  return sessionOn(backend, () => giveBack(target, backend));
}

/** Ends every idle session of this process. */
export async function endIdleSessions(): Promise<void> {
  await Promise.all([...idle].map(drop));
}

async function takeIdle(target: string, options: SessionOptions): Promise<Backend | undefined> {
  for (;;) {
    const found = idle.findLast((each) => each.target === target);
    if (found === undefined) return undefined;
    remove(found);
    const { backend } = found;
    if (clock.monotonic() - backend.openedAt < OLDEST_MS) {
      keepsProcess(backend.client, true);
      if ((await ask(backend, settingsOf(options, backend.known))) !== null) return backend;
    }
    await endBackend(backend);
  }
}

/** Where connections have run out, the idle ones of our own make room. */
async function open(connectionString: string, options: SessionOptions): Promise<Backend> {
  try {
    return await openBackend(connectionString, options);
  } catch (error) {
    const full = error instanceof DatabaseUnreachable && error.evidence.sqlstate === '53300';
    if (!full || idle.length === 0) throw error;
    await endIdleSessions();
    return openBackend(connectionString, options);
  }
}

/** Keeps the backend for the next one, cleared of everything, or ends it. Never throws. */
async function giveBack(target: string, backend: Backend): Promise<void> {
  const { client } = backend;
  const young = clock.monotonic() - backend.openedAt < OLDEST_MS;
  if (!young || !isQuiet(client) || !(await clear(backend))) return endBackend(backend);
  keepsProcess(client, false);
  const forget = () => remove(entry);
  const timer = setTimeout(() => drop(entry), IDLE_MS);
  timer.unref();
  const entry: Idle = { backend, target, timer, forget };
  idle.push(entry);
  // Ended by the server, or with the server.
  client.once('end', forget);
  const ofTarget = idle.filter((each) => each.target === target);
  const surplus =
    ofTarget.length > IDLE_PER_TARGET ? ofTarget[0] : idle.length > IDLE_IN_ALL ? idle[0] : null;
  if (surplus) await drop(surplus);
}

/** Settings, role, temporary objects, cursors, advisory locks and prepared statements: the first also fails in a transaction. */
async function clear(backend: Backend): Promise<boolean> {
  if ((await ask(backend, 'DISCARD ALL')) === null || !forgetPrepared(backend.client)) return false;
  const told = await ask(
    backend,
    `SELECT pg_catalog.set_config('application_name', 'theseus:idle', false),
       pg_catalog.set_config('idle_session_timeout', '${SERVER_IDLE_MS}', false),
       pg_catalog.pg_is_in_recovery() AS standby`,
  );
  // Who comes next may be led to the new primary.
  return told?.rows[0]?.standby === false;
}

/** Null when there was no answer in time, or an error. */
async function ask(backend: Backend, statement: string): Promise<pg.QueryResult | null> {
  const timer = setTimeout(() => destroySocket(backend.client), ANSWER_MS);
  try {
    return await backend.client.query(statement);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

function remove(entry: Idle): void {
  clearTimeout(entry.timer);
  entry.backend.client.off('end', entry.forget);
  const at = idle.indexOf(entry);
  if (at !== -1) idle.splice(at, 1);
}

async function drop(entry: Idle): Promise<void> {
  remove(entry);
  await endBackend(entry.backend);
}
