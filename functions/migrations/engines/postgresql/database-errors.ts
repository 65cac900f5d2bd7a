import pg from 'pg';
import { TheseusError } from '#platform/errors.ts';
import { redactText } from '#platform/redact.ts';
import {
  ConnectionLost,
  ConstraintViolated,
  DatabaseReadOnly,
  DatabaseRefused,
  DatabaseUnreachable,
  DiskFull,
  RightsMissing,
  StatementCancelled,
  StatementFailed,
  TransactionConflict,
} from '../../errors.ts';

/** The SQLSTATE of a server's error, or null for anything else. */
export function sqlState(error: unknown): string | null {
  return error instanceof pg.DatabaseError ? (error.code ?? null) : null;
}

/** Host, port and database of a connection string: never its user's password. */
export function describeTarget(connectionString: string): string {
  try {
    const url = new URL(connectionString);
    return `${url.hostname}:${url.port || '5432'}${url.pathname}`;
  } catch {
    return 'the database';
  }
}

const connectionTrouble =
  /ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN|terminated|not queryable|timeout/i;

/** What a failed connection attempt means, by name. `target` says where, without a password. */
export function connectError(error: unknown, target: string): TheseusError {
  if (error instanceof TheseusError) return error;
  const message =
    error instanceof Error ? redactText(error.message || describeAggregate(error)) : String(error);
  const state = sqlState(error);
  const evidence = { target, sqlstate: state, reason: message };
  if (state !== null && /^(28|3D|42704|0A)/.test(state)) {
    return new DatabaseRefused(`${target} refused the connection: ${message}`, {
      evidence,
      action: 'Check user, password and database name of the connection.',
    });
  }
  if (state === '53300') {
    return new DatabaseUnreachable(`${target} has no connection left: ${message}`, {
      evidence,
      action:
        'Free connections or raise max_connections; Theseus needs two for each key range at work: 2 unless concurrency is set.',
    });
  }
  if (state === null && !connectionTrouble.test(`${errorCode(error)} ${message}`)) {
    return new DatabaseRefused(`Could not connect to ${target}: ${message}`, {
      evidence,
      action: 'Check the connection URL, and whether the server speaks TLS as the URL demands.',
    });
  }
  return new DatabaseUnreachable(`${target} does not answer: ${message}`, {
    evidence,
    action: 'Check that the server runs and that its port can be reached from here.',
  });
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function describeAggregate(error: Error): string {
  return error instanceof AggregateError ? error.errors.map((each) => String(each)).join('; ') : error.name;
}

/**
 * What a failed statement means, by name: ConnectionLost, DatabaseReadOnly, RightsMissing, ConstraintViolated,
 * TransactionConflict, StatementCancelled, DiskFull, else StatementFailed. Bound values never appear.
 */
export function statementError(error: unknown, statement: string): TheseusError {
  if (error instanceof TheseusError) return error;
  if (!(error instanceof pg.DatabaseError)) {
    const reason = error instanceof Error ? redactText(error.message) : String(error);
    return new ConnectionLost(`The connection ended: ${reason}`, {
      evidence: { statement: shorten(statement) },
    });
  }
  const state = error.code ?? 'XX000';
  const details = {
    cause: error,
    evidence: {
      sqlstate: state,
      message: error.message,
      detail: error.detail,
      hint: error.hint,
      position: error.position === undefined ? undefined : Number(error.position),
      table: error.table,
      column: error.column,
      constraint: error.constraint,
      statement: shorten(statement),
    },
  };
  const said = `${error.message} (SQLSTATE ${state})`;
  if (/^(08|57P0|25P0[34])/.test(state)) return new ConnectionLost(said, details);
  if (state === '25006')
    return new DatabaseReadOnly(said, { ...details, action: 'Connect to the primary server.' });
  if (state === '42501')
    return new RightsMissing(said, { ...details, action: 'Give the role the right that is named.' });
  if (state === '53100')
    return new DiskFull(said, { ...details, action: 'Free or add disk space on the server.' });
  if (state === '57014') return new StatementCancelled(said, details);
  if (/^(40|55P03)/.test(state)) return new TransactionConflict(said, details);
  if (state.startsWith('23')) {
    return new ConstraintViolated(error.detail ? `${said}: ${error.detail}` : said, {
      ...details,
      action: 'Correct the rows that break it, or change the migration.',
    });
  }
  return new StatementFailed(error.detail ? `${said}: ${error.detail}` : said, details);
}

function shorten(statement: string): string {
  return statement.length <= 1_000 ? statement : `${statement.slice(0, 1_000)}…`;
}
