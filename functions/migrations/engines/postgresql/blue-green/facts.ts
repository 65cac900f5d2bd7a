import { SideFacts } from '../../../blue-green/facts.ts';
import type { Session } from '../connection.ts';

/** Everything a plan asks of one side, in one statement; changes nothing. `$1`: the schema. */
const factsQuery = `SELECT json_build_object(
  'version', current_setting('server_version_num')::int,
  'database', current_database(),
  'server', (SELECT system_identifier FROM pg_control_system()) || ' ' || extract(epoch FROM pg_postmaster_start_time()),
  'role', current_user,
  'superuser', r.rolsuper,
  'mayReplicate', r.rolsuper OR r.rolreplication OR EXISTS (
    SELECT FROM pg_roles m WHERE m.rolname IN ('rds_replication', 'rds_superuser') AND pg_has_role(m.oid, 'MEMBER')),
  'maySubscribe', r.rolsuper OR EXISTS (
    SELECT FROM pg_roles m WHERE m.rolname IN ('pg_create_subscription', 'rds_superuser') AND pg_has_role(m.oid, 'MEMBER')),
  'mayCreate', has_database_privilege(current_database(), 'CREATE'),
  'walLevel', current_setting('wal_level'),
  'slotsFree', current_setting('max_replication_slots')::int - (SELECT count(*)::int FROM pg_replication_slots),
  'sendersFree', current_setting('max_wal_senders')::int - (SELECT count(*)::int FROM pg_stat_replication),
  'workersFree', current_setting('max_logical_replication_workers')::int
    - (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type LIKE 'logical replication %worker'),
  'slotKeepBytes', CASE WHEN current_setting('max_slot_wal_keep_size') = '-1' THEN null
    ELSE pg_size_bytes(current_setting('max_slot_wal_keep_size')) END,
  'encoding', pg_encoding_to_char(d.encoding),
  'collation', concat_ws(' ', to_jsonb(d)->>'datlocprovider', d.datcollate, coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale'), to_jsonb(d)->>'datcollversion'),
  'extensions', (SELECT coalesce(json_agg(extname::text ORDER BY extname), '[]') FROM pg_extension WHERE extname <> 'plpgsql'),
  'available', (SELECT coalesce(json_agg(name::text ORDER BY name), '[]') FROM pg_available_extensions),
  'largeObjects', EXISTS (SELECT FROM pg_largeobject_metadata),
  'relations', (SELECT count(*)::int FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
      AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')),
  'grantees', (SELECT coalesce(json_agg(DISTINCT pg_get_userbyid(a.grantee)::text), '[]')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
    WHERE n.nspname = $1 AND a.grantee NOT IN (0, c.relowner)),
  'owners', (SELECT coalesce(json_agg(DISTINCT pg_get_userbyid(c.relowner)::text), '[]')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')),
  'roles', (SELECT json_agg(rolname::text ORDER BY rolname) FROM pg_roles),
  'tables', (SELECT coalesce(json_agg(json_build_object(
      'name', c.relname::text, 'oid', c.oid::bigint, 'kind', c.relkind::text, 'partition', c.relispartition,
      'root', coalesce((SELECT t.relname::text FROM pg_class t WHERE t.oid = pg_partition_root(c.oid)), c.relname::text),
      'persistent', c.relpersistence = 'p', 'identity', c.relreplident::text,
      'owned', pg_has_role(c.relowner, 'USAGE'),
      'estimatedRows', greatest(c.reltuples, 0)::bigint,
      'bytes', pg_table_size(c.oid),
      'key', (SELECT json_agg(json_build_object('column', a.attname::text, 'type', format_type(a.atttypid, a.atttypmod), 'text', a.attcollation <> 0) ORDER BY k.place)
        FROM pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
        WHERE i.indexrelid = (SELECT x.indexrelid FROM pg_index x WHERE x.indrelid = c.oid AND x.indisvalid AND x.indisunique
            AND x.indpred IS NULL AND (x.indisprimary OR x.indisreplident) ORDER BY x.indisreplident DESC LIMIT 1)
          AND k.place <= i.indnkeyatts),
      'references', (SELECT coalesce(json_agg(DISTINCT f.relname::text), '[]') FROM pg_constraint k
        JOIN pg_class f ON f.oid = k.confrelid WHERE k.conrelid = c.oid AND k.contype = 'f'),
      'columns', (SELECT coalesce(json_agg(a.attname::text ORDER BY a.attnum), '[]') FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '')
    ) ORDER BY c.oid), '[]')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'f'))
) AS facts FROM pg_roles r, pg_database d WHERE r.rolname = current_user AND d.datname = current_database()`;

/** What one side is and may do. Reads catalogues only. */
export async function readFacts(session: Session, schema: string): Promise<SideFacts> {
  const { rows } = await session.query<{ facts: unknown }>(factsQuery, [schema]);
  return SideFacts.parse(rows[0]?.facts);
}
