import pg from 'pg';
import { z } from 'zod';

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

/** What a session found out when it was opened, so that it need not be tried again each time it is used. */
export interface KnownSettings {
  /** Of those that not every platform, version and role has: what may be set. */
  settable: ReadonlySet<string>;
  /** How dates and times read here; null: nothing of Theseus was in the database yet. */
  pinned: Record<string, string> | null;
}

/** Not every platform and version has these, and not every role may set them. */
const unsure = (long: boolean): Record<string, string> => ({
  tcp_user_timeout: long ? '0' : '30000',
  client_connection_check_interval: long ? '0' : '5000',
  transaction_timeout: '0',
  deadlock_timeout: '50ms',
});

/**
 * One text that sets everything a session's behaviour depends on, whatever defaults role and database have and whatever
 * the session was used for before. Without `known` what may not be there is tried.
 */
export function settingsOf(options: SessionOptions, known?: KnownSettings): string {
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
  const where = Object.entries(unsure(long));
  const sure = where.filter(([name]) => known?.settable.has(name));
  // In this order: what is pinned comes after what it replaces.
  const all = [...Object.entries(always), ...sure, ...Object.entries(known?.pinned ?? {})];
  const tolerant = where.map(
    (entry) => `BEGIN PERFORM ${set(entry)}; ${noted(entry[0])}; EXCEPTION WHEN OTHERS THEN NULL; END;`,
  );
  return [
    `SELECT ${all.map(set).join(', ')}`,
    ...(known === undefined ? [`DO $theseus$ BEGIN ${tolerant.join(' ')} END $theseus$`] : []),
    ...(known?.pinned == null ? [pinnedTime] : []),
  ].join('; ');
}

const set = ([name, value]: [string, string]) =>
  `pg_catalog.set_config(${pg.escapeLiteral(name)}, ${pg.escapeLiteral(value)}, false)`;

/** Adds a name to those that could be set. */
const noted = (name: string) =>
  `PERFORM pg_catalog.set_config('theseus.settable', pg_catalog.concat(
     pg_catalog.current_setting('theseus.settable', true), ' ', ${pg.escapeLiteral(name)}), false)`;

/** Dates and times are read as the dual write's functions read them: as the database did when it was taken in hand. */
const pinnedTime = `DO $theseus$ BEGIN IF pg_catalog.to_regclass('theseus.settings') IS NOT NULL THEN
  PERFORM pg_catalog.set_config(name, value, false) FROM theseus.settings;
  PERFORM pg_catalog.set_config('theseus.pinned', pg_catalog.json_object_agg(name, value)::text, false) FROM theseus.settings;
  END IF; EXCEPTION WHEN insufficient_privilege THEN NULL; END $theseus$`;

const Pinned = z.record(z.string(), z.string());

/** What a session found out when the text of `settingsOf` was run on it for the first time. */
export async function learnSettings(client: pg.Client): Promise<KnownSettings> {
  const { rows } = await client.query<{ settable: string | null; pinned: string | null }>(
    `SELECT pg_catalog.current_setting('theseus.settable', true) AS settable,
       pg_catalog.current_setting('theseus.pinned', true) AS pinned`,
  );
  const { settable, pinned } = rows[0] ?? {};
  return {
    settable: new Set((settable ?? '').split(' ')),
    // Once it is there it never changes.
    pinned: pinned ? Pinned.parse(JSON.parse(pinned)) : null,
  };
}
