import type { TableRef } from '../../../plan/schemas.ts';
import { qualified } from '../../../sql/identifiers.ts';
import type { Session } from '../connection.ts';

export interface LockTarget {
  oid: number;
  /** Quoted and qualified. */
  name: string;
}

/** A session that holds a lock we wait for. */
export interface Blocker {
  pid: number;
  application: string;
  kind: string;
  state: string;
  /** ISO time at which its transaction began. */
  since: string | null;
}

/** Those of the tables that stand, in OID order: everyone who locks in one order waits, nobody deadlocks. */
export async function lockTargets(session: Session, tables: TableRef[]): Promise<LockTarget[]> {
  if (tables.length === 0) return [];
  const { rows } = await session.query<{ oid: number; schema: string; name: string }>(
    `SELECT DISTINCT c.oid, n.nspname AS schema, c.relname AS name
     FROM unnest($1::oid[], $2::text[], $3::text[]) AS wanted(oid, schema, name)
     JOIN pg_class c ON c.oid = coalesce(
       (SELECT known.oid FROM pg_class known WHERE known.oid = wanted.oid),
       (SELECT named.oid FROM pg_class named JOIN pg_namespace place ON place.oid = named.relnamespace
        WHERE place.nspname = wanted.schema AND named.relname = wanted.name))
     JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p')
     ORDER BY c.oid`,
    [tables.map(({ oid }) => oid ?? 0), tables.map(({ schema }) => schema), tables.map(({ name }) => name)],
  );
  return rows.map(({ oid, schema, name }) => ({ oid, name: qualified(schema, name) }));
}

/** Whether there is such a table. */
export async function stands(session: Session, { schema, name }: TableRef): Promise<boolean> {
  const { rows } = await session.query('SELECT WHERE to_regclass($1) IS NOT NULL', [qualified(schema, name)]);
  return rows.length > 0;
}

/** Who else holds locks of these tables now; at most 20. Without the right to see others only their pid is known. */
export async function blockers(session: Session, targets: LockTarget[]): Promise<Blocker[]> {
  const { rows } = await session.query<Blocker>(
    `SELECT DISTINCT a.pid, coalesce(a.application_name, '') AS application, coalesce(a.backend_type, '') AS kind,
       coalesce(a.state, 'unknown') AS state,
       to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS since
     FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
     WHERE l.locktype = 'relation' AND l.relation = ANY($1) AND l.granted AND l.pid <> pg_backend_pid()
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
     ORDER BY since NULLS LAST LIMIT 20`,
    [targets.map(({ oid }) => oid)],
  );
  return rows;
}
