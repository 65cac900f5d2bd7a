import { inSchema } from './queries.ts';

// What the registry keeps of a schema ($1) besides what the planner reads (queries.ts).

export const tablesQuery = `
SELECT c.relname::text AS name,
  CASE WHEN c.relkind = 'p' AND NOT c.relispartition THEN 'PARTITION BY ' || pg_get_partkeydef(c.oid)
       WHEN c.relispartition THEN 'PARTITION OF ' || (SELECT i.inhparent::regclass::text FROM pg_inherits i WHERE i.inhrelid = c.oid)
         || ' ' || pg_get_expr(c.relpartbound, c.oid) || coalesce(' PARTITION BY ' || pg_get_partkeydef(c.oid), '') END AS partition,
  CASE WHEN NOT c.relrowsecurity THEN 'off' WHEN c.relforcerowsecurity THEN 'forced' ELSE 'on' END AS "rowSecurity"
FROM pg_class c WHERE c.oid IN (${inSchema()}) AND c.relkind IN ('r', 'p', 'f') ORDER BY c.relname`;

export const columnsQuery = `
SELECT c.relname::text AS "table", a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS "notNull",
  CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END AS "default",
  CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END AS identity,
  CASE WHEN a.attgenerated <> '' THEN '(' || pg_get_expr(d.adbin, d.adrelid) || ')'
    || CASE a.attgenerated WHEN 's' THEN ' STORED' ELSE ' VIRTUAL' END END AS generated
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.oid IN (${inSchema()}) AND c.relkind IN ('r', 'p', 'f') AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`;

export const triggersQuery = `
SELECT 'trigger' AS kind, c.relname::text AS "table", t.tgname::text AS name, pg_get_triggerdef(t.oid) AS definition
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.oid IN (${inSchema()}) AND NOT t.tgisinternal AND t.tgparentid = 0 ORDER BY 2, 3`;

export const policiesQuery = `
SELECT 'policy' AS kind, c.relname::text AS "table", p.polname::text AS name,
  concat(format('CREATE POLICY %I ON %I.%I AS %s FOR %s TO %s', p.polname, n.nspname, c.relname,
    CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
    CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
    coalesce((SELECT string_agg(quote_ident(r.rolname), ', ' ORDER BY r.rolname) FROM pg_roles r WHERE r.oid = ANY (p.polroles)), 'PUBLIC')),
    ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
    ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')') AS definition
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid IN (${inSchema()}) ORDER BY 2, 3`;

/** Not those of extensions, which come and go with them. */
const own = (object: string, catalogue: string) =>
  `NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '${catalogue}'::regclass AND e.objid = ${object} AND e.deptype = 'e')`;

export const viewsQuery = `
SELECT c.relname::text AS name, c.relkind = 'm' AS materialized, pg_get_viewdef(c.oid) AS definition
FROM pg_class c
WHERE c.oid IN (${inSchema()}) AND c.relkind IN ('v', 'm') AND ${own('c.oid', 'pg_class')} ORDER BY 1`;

export const enumsQuery = `
SELECT t.typname::text AS name,
  ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) AS values
FROM pg_type t WHERE t.oid IN (${inSchema('pg_type')}) AND t.typtype = 'e' AND ${own('t.oid', 'pg_type')} ORDER BY 1`;

export const domainsQuery = `
SELECT 'domain' AS kind, t.typname::text AS name,
  concat(format_type(t.typbasetype, t.typtypmod), ' DEFAULT ' || t.typdefault, CASE WHEN t.typnotnull THEN ' NOT NULL' END,
    (SELECT string_agg(format(' CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)), '' ORDER BY k.conname)
     FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c')) AS definition
FROM pg_type t WHERE t.oid IN (${inSchema('pg_type')}) AND t.typtype = 'd' AND ${own('t.oid', 'pg_type')} ORDER BY 2`;

/** Not those of identity columns, which belong to the column. */
export const sequencesQuery = `
SELECT 'sequence' AS kind, c.relname::text AS name,
  format('AS %s INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s%s', format_type(s.seqtypid, NULL),
    s.seqincrement, s.seqmin, s.seqmax, s.seqstart, s.seqcache, CASE WHEN s.seqcycle THEN ' CYCLE' ELSE ' NO CYCLE' END) AS definition
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
WHERE c.oid IN (${inSchema()}) AND ${own('c.oid', 'pg_class')}
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i') ORDER BY 2`;
