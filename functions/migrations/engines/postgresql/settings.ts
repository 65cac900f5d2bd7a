import pg from 'pg';

export interface SessionOptions {
  /** Seen in pg_stat_activity; made by `applicationName`. */
  applicationName: string;
  /** User objects are looked up here, after pg_catalog; without it only pg_catalog is seen. */
  schema?: string;
  /** `backfill`: the dual write's triggers let this session's writes pass. */
  worker?: 'backfill';
  /** For statements that outlast their client: no timeouts, and the server does not look whether we are still here. */
  long?: boolean;
  /** Not one that was used before, for what role and database have for defaults is read when a session begins. */
  fresh?: boolean;
  readOnly?: boolean;
  /** Ms; 30,000 unless told. */
  statementTimeoutMs?: number;
  /** Ms for each lock; 2,000 unless told. */
  lockTimeoutMs?: number;
}

/**
 * One text that sets everything a session's behaviour depends on, whatever defaults role and database have and whatever
 * the session was used for before.
 */
export function settingsOf(options: SessionOptions): string {
  const { long = false, statementTimeoutMs = 30_000, lockTimeoutMs = 2_000 } = options;
  const path =
    options.schema === undefined
      ? 'pg_catalog'
      : `pg_catalog, ${pg.escapeIdentifier(options.schema)}, pg_temp`;
  const always: Record<string, string> = {
    application_name: options.applicationName,
    search_path: path,
    statement_timeout: String(long ? 0 : statementTimeoutMs),
    lock_timeout: String(long ? 0 : lockTimeoutMs),
    idle_in_transaction_session_timeout: '10000',
    idle_session_timeout: '0',
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
