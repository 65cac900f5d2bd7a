// The catalogue, a question at a time: first for the tables of a schema ($1), then for what hangs on them ($1 are their
// oids). Names come as text, lists in catalogue order. What a question costs must not grow with the other schemas of the
// database, of which there may be thousands: pg_class has no index by schema, and pg_constraint none by the index or the
// table that it refers to, but pg_depend has one by everything that something depends on.

/** The relations, or the types, of a schema ($1): indexes are not among them, nor the types of rows and arrays. */
export const inSchema = (catalogue: 'pg_class' | 'pg_type' = 'pg_class') => `SELECT d.objid FROM pg_depend d
  WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = (SELECT oid FROM pg_namespace WHERE nspname = $1)
    AND d.classid = '${catalogue}'::regclass AND d.objsubid = 0`;

export const tablesQuery = `
SELECT c.oid, c.relname::text AS name,
  CASE WHEN c.relispartition THEN 'partition' WHEN c.relkind = 'p' THEN 'partitioned'
       WHEN c.relkind = 'f' THEN 'foreign' ELSE 'table' END AS kind,
  CASE c.relreplident WHEN 'd' THEN 'DEFAULT' WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING'
    ELSE coalesce((SELECT format('USING INDEX %I', x.relname) FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
      WHERE i.indrelid = c.oid AND i.indisreplident), 'DEFAULT') END AS "replicaIdentity",
  c.relrowsecurity AS "rowSecurity", pg_get_userbyid(c.relowner)::text AS owner, obj_description(c.oid, 'pg_class') AS comment,
  c.reltuples::float8 AS tuples, pg_total_relation_size(c.oid)::float8 AS bytes,
  coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0)::float8 AS "toastBytes",
  has_table_privilege(c.oid, 'SELECT') AS readable, c.relkind = 'p' AS split
FROM pg_class c
WHERE c.oid IN (${inSchema()}) AND c.relkind IN ('r', 'p', 'f') ORDER BY c.relname`;

const partitionsOf = (which: string, order: string) => `
  coalesce((SELECT json_agg(json_build_object('schema', ln.nspname, 'name', l.relname, 'oid', l.oid::int8) ORDER BY ${order})
    FROM pg_partition_tree(c.oid) t JOIN pg_class l ON l.oid = t.relid JOIN pg_namespace ln ON ln.oid = l.relnamespace
    WHERE ${which} AND l.oid <> c.oid), '[]')`;

/** Of partitioned tables: what decides a row's partition on any level, and their partitions, with what they hold. */
export const partitionedQuery = `
SELECT c.oid AS "table",
  ARRAY(SELECT a.attname::text FROM pg_partition_tree(c.oid) t JOIN pg_partitioned_table s ON s.partrelid = t.relid
    JOIN pg_attribute a ON a.attrelid = s.partrelid AND a.attnum > 0
    AND (a.attnum = ANY(s.partattrs::int2[]) OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = s.partrelid
      AND d.objsubid = 0 AND d.refclassid = 'pg_class'::regclass AND d.refobjid = s.partrelid AND d.refobjsubid = a.attnum))
    GROUP BY a.attname ORDER BY min(t.level), min(a.attnum)) AS "partitionKey",
  EXISTS (SELECT FROM pg_partition_tree(c.oid) t JOIN pg_partitioned_table s ON s.partrelid = t.relid
    WHERE s.partexprs IS NOT NULL) AS "keyExpression",
  ${partitionsOf('t.isleaf', 'l.oid')} AS partitions, ${partitionsOf('NOT t.isleaf', 't.level DESC, l.oid')} AS branches,
  (SELECT coalesce(sum(greatest(l.reltuples, 0)), 0)::float8 FROM pg_partition_tree(c.oid) t JOIN pg_class l ON l.oid = t.relid WHERE t.isleaf) AS tuples,
  (SELECT coalesce(sum(pg_total_relation_size(t.relid)), 0)::float8 FROM pg_partition_tree(c.oid) t) AS bytes
FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
WHERE p.partrelid = ANY ($1)`;

/** What the partitions have of the indexes and foreign keys of partitioned tables. */
export const partsQuery = `
WITH RECURSIVE foreign_keys (root, oid) AS (
  SELECT k.oid, k.oid FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
  WHERE k.conrelid = ANY ($1) AND c.relkind = 'p' AND NOT c.relispartition AND k.contype = 'f' AND k.conparentid = 0
  UNION ALL SELECT f.root, k.oid FROM foreign_keys f JOIN pg_constraint above ON above.oid = f.oid
  JOIN pg_constraint k ON k.conparentid = f.oid AND k.conrelid <> above.conrelid)
SELECT i.indrelid AS "table", 'index' AS kind, c.relname::text AS name, part.indrelid AS "onTable", l.relname::text AS "partName"
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid, LATERAL pg_partition_tree(c.oid) t JOIN pg_index part ON part.indexrelid = t.relid JOIN pg_class l ON l.oid = t.relid
WHERE i.indrelid = ANY ($1) AND c.relkind = 'I' AND NOT c.relispartition AND t.relid <> c.oid
UNION ALL
SELECT r.conrelid, 'foreign_key', r.conname::text, k.conrelid, k.conname::text
FROM foreign_keys f JOIN pg_constraint r ON r.oid = f.root JOIN pg_constraint k ON k.oid = f.oid WHERE f.root <> f.oid
ORDER BY 1, 3, 4`;

export const columnsQuery = `
SELECT a.attrelid AS "table", a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type,
  a.attnotnull AS "notNull",
  CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END AS "default",
  a.attidentity <> '' AS identity, a.attgenerated <> '' AS generated,
  CASE WHEN a.attgenerated <> '' THEN ARRAY(
    SELECT DISTINCT s.attname::text FROM pg_depend p JOIN pg_attribute s ON s.attrelid = a.attrelid AND s.attnum = p.refobjsubid
    WHERE p.refclassid = 'pg_class'::regclass AND p.refobjid = a.attrelid AND p.refobjsubid NOT IN (0, a.attnum)
      AND ((p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid)
        OR (p.classid = 'pg_class'::regclass AND p.objid = a.attrelid AND p.objsubid = a.attnum))) END AS "computedFrom",
  col_description(a.attrelid, a.attnum) AS comment
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum`;

export const indexesQuery = `
SELECT i.indrelid AS "table", c.relname::text AS name, i.indisunique AS "unique", i.indisprimary AS "primary",
  i.indisvalid AND i.indisready AS valid, pg_get_indexdef(i.indexrelid) AS definition,
  (SELECT k.conname::text FROM pg_constraint k WHERE k.conrelid = i.indrelid AND k.conindid = i.indexrelid
    AND k.contype IN ('p', 'u', 'x') LIMIT 1) AS "constraint",
  ARRAY(SELECT a.attname::text FROM unnest(i.indkey) WITH ORDINALITY AS key(number, place)
        LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = key.number AND key.number > 0
        WHERE key.place <= i.indnkeyatts ORDER BY key.place) AS columns,
  i.indpred IS NOT NULL AS partial, i.indimmediate AS immediate
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = ANY ($1) ORDER BY i.indrelid, c.relname`;

const columnNames = (table: string, numbers: string) => `
  ARRAY(SELECT a.attname::text FROM unnest(${numbers}) WITH ORDINALITY AS key(number, place)
        JOIN pg_attribute a ON a.attrelid = ${table} AND a.attnum = key.number ORDER BY key.place)`;

export const constraintsQuery = `
SELECT k.conrelid AS "table", k.conname::text AS name,
  CASE k.contype WHEN 'p' THEN 'primary_key' WHEN 'u' THEN 'unique' WHEN 'c' THEN 'check' WHEN 'f' THEN 'foreign_key'
    WHEN 'x' THEN 'exclude' ELSE 'not_null' END AS type,
  ${columnNames('k.conrelid', 'k.conkey')} AS columns, pg_get_constraintdef(k.oid) AS definition, k.convalidated AS validated,
  fn.nspname::text AS "toSchema", f.relname::text AS "toTable", ${columnNames('k.confrelid', 'k.confkey')} AS "toColumns"
FROM pg_constraint k
LEFT JOIN pg_class f ON f.oid = k.confrelid LEFT JOIN pg_namespace fn ON fn.oid = f.relnamespace
WHERE k.conrelid = ANY ($1) AND k.contype IN ('p', 'u', 'c', 'f', 'x', 'n')
  -- A foreign key to a partitioned table has another for each partition that it points to; they come and go with it.
  AND NOT EXISTS (SELECT FROM pg_constraint above WHERE above.oid = k.conparentid AND above.conrelid = k.conrelid)
ORDER BY k.conrelid, k.conname`;

export const referencedByQuery = `
SELECT k.confrelid AS "to", n.nspname::text AS schema, c.relname::text AS "table", c.oid, k.conname::text AS "constraint",
  ${columnNames('k.conrelid', 'k.conkey')} AS columns, ${columnNames('k.confrelid', 'k.confkey')} AS "referencedColumns",
  pg_get_constraintdef(k.oid) AS definition
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.oid IN (SELECT d.objid FROM pg_depend d WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY ($1)
    AND d.classid = 'pg_constraint'::regclass)
  AND k.confrelid = ANY ($1) AND k.contype = 'f' AND k.conparentid = 0 ORDER BY n.nspname, c.relname, k.conname`;

/** Row triggers of the user ($2: how ours begin); they fire in the order of their names. */
export const triggersQuery = `
SELECT t.tgrelid AS "table", t.tgname::text AS name, pg_get_triggerdef(t.oid) AS definition
FROM pg_trigger t
WHERE t.tgrelid = ANY ($1) AND NOT t.tgisinternal AND t.tgtype & 1 = 1 AND NOT starts_with(t.tgname::text, $2)
ORDER BY t.tgrelid, t.tgname`;

/** Views that read a table, but not those of version schemas ($2). */
export const dependantsQuery = `
SELECT d.refobjid AS "table", n.nspname::text AS schema, v.relname::text AS name,
  array_remove(array_agg(DISTINCT a.attname::text), NULL) AS columns
FROM pg_depend d
JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
JOIN pg_class v ON v.oid = r.ev_class JOIN pg_namespace n ON n.oid = v.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND d.refobjsubid > 0
WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY ($1) AND v.relkind IN ('v', 'm') AND v.oid <> d.refobjid AND NOT n.nspname = ANY($2)
GROUP BY d.refobjid, n.nspname, v.relname ORDER BY n.nspname, v.relname`;

export const publicationsQuery = `
SELECT c.oid AS "table", p.pubname::text AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_publication_tables p ON p.schemaname = n.nspname AND p.tablename = c.relname
WHERE c.oid = ANY ($1) ORDER BY p.pubname`;

export const grantsQuery = `
SELECT "table", coalesce(r.rolname::text, 'PUBLIC') AS grantee, array_agg(DISTINCT privilege ORDER BY privilege) AS privileges, columns
FROM (
  SELECT c.oid AS "table", acl.grantee, acl.privilege_type AS privilege, NULL::text[] AS columns
  FROM pg_class c, LATERAL aclexplode(c.relacl) acl
  WHERE c.oid = ANY ($1) AND acl.grantee <> c.relowner
  UNION ALL
  SELECT a.attrelid, acl.grantee, acl.privilege_type, array_agg(a.attname::text ORDER BY a.attnum)
  FROM pg_attribute a, LATERAL aclexplode(a.attacl) acl
  WHERE a.attrelid = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped
  GROUP BY a.attrelid, acl.grantee, acl.privilege_type
) granted LEFT JOIN pg_roles r ON r.oid = granted.grantee
GROUP BY "table", r.rolname, columns ORDER BY r.rolname, columns NULLS FIRST`;

export const schemaGrantsQuery = `
SELECT coalesce(r.rolname::text, 'PUBLIC') AS grantee, array_agg(DISTINCT acl.privilege_type ORDER BY acl.privilege_type) AS privileges
FROM pg_namespace n, LATERAL aclexplode(n.nspacl) acl LEFT JOIN pg_roles r ON r.oid = acl.grantee
WHERE n.nspname = $1 AND acl.grantee <> n.nspowner GROUP BY r.rolname ORDER BY r.rolname`;

/** Of the schema, and whether there are publications at all. */
export const schemaQuery = `
SELECT current_setting('server_version_num')::int AS "serverVersion",
  EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) AS there,
  EXISTS (SELECT FROM pg_publication) AS published`;

/** Names that are taken, in the schema and by schemas whose names begin as those of its versions do ($2); the server's. */
export const namesQuery = `
WITH relation AS MATERIALIZED (SELECT oid, relname, reltype FROM pg_class WHERE oid IN (${inSchema()})),
  type AS MATERIALIZED (SELECT typname, typarray FROM pg_type
    WHERE oid IN (${inSchema('pg_type')} UNION ALL SELECT reltype FROM relation))
SELECT ARRAY(SELECT nspname::text FROM pg_namespace WHERE nspname LIKE $2 ORDER BY 1) AS schemas,
  ARRAY(SELECT relname::text FROM relation
        UNION SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
          WHERE i.indrelid IN (SELECT oid FROM relation)
        UNION SELECT typname::text FROM type
        UNION SELECT a.typname::text FROM pg_type a WHERE a.oid IN (SELECT typarray FROM type) ORDER BY 1) AS "takenNames",
  ARRAY(SELECT slot_name::text FROM pg_replication_slots
        WHERE NOT temporary AND coalesce(database, current_database()) = current_database() ORDER BY 1) AS "replicationSlots",
  (SELECT count(*)::int FROM pg_stat_get_wal_senders()) AS standbys`;

const volatileFunctions = (which: string) => `
SELECT DISTINCT lower(p.proname) AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE ${which} AND p.provolatile = 'v' AND p.prokind = 'f' AND p.prorettype <> 'trigger'::regtype
  AND n.nspname <> 'information_schema' ORDER BY 1`;
export const allVolatileQuery = volatileFunctions('true');
/** Of these names ($1). */
export const namedVolatileQuery = volatileFunctions('p.proname = ANY ($1::name[])');

export const schemasQuery = `
SELECT nspname::text AS name FROM pg_namespace WHERE nspname !~ '^pg_(toast|temp)' ORDER BY 1 LIMIT 50`;

/** The versions of the schema whose views stand, newest first. */
export const versionsQuery = `
SELECT v.version, v.mapping,
  (SELECT rolname::text FROM pg_roles WHERE shobj_description(oid, 'pg_authid')
     = format('Theseus: clients of %I in database %I', v.version, current_database()) LIMIT 1) AS login
FROM theseus.versions v JOIN pg_namespace n ON n.nspname = v.version
WHERE v.schema = $1 AND v.state = 'published' ORDER BY v.number DESC`;
