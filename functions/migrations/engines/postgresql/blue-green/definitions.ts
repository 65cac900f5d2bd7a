import { CopyImpossible } from '../../../errors.ts';
import { changesBetween, subjectOf } from '../../../registry/diff.ts';
import type { SchemaShape } from '../../../registry/shape.ts';
import { quoteIdentifier } from '../../../sql/identifiers.ts';
import { inTransaction, type Session } from '../connection.ts';
import { openCopy } from '../copy/database.ts';
import { copySchema } from '../copy/schema.ts';
import { readShape } from '../introspect/shape.ts';

const timeoutMs = 120_000;
const shown = 20;

/** Who owns the objects of a schema and who may use them, as statements, the owners first. */
async function accessOf(session: Session, schema: string): Promise<string[]> {
  const { rows } = await session.query<{ sql: string }>(
    `WITH relation AS (
       SELECT c.*, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS word,
         CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END AS kind,
         format('%I.%I', n.nspname, c.relname) AS name
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
         AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
     ), routine AS (
       SELECT p.*, format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS name
       FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
       WHERE n.nspname = $1 AND p.prokind IN ('f', 'p')
         AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')
     ), given AS (
       SELECT 1 AS place, format('ALTER %s %s OWNER TO %I', kind, name, pg_get_userbyid(relowner)) AS sql FROM relation r
       WHERE relkind <> 'S' OR NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.deptype IN ('a', 'i'))
       UNION ALL SELECT 1, format('ALTER ROUTINE %s OWNER TO %I', name, pg_get_userbyid(proowner)) FROM routine
       UNION ALL SELECT 2, format('GRANT %s ON SCHEMA %I TO %s', a.privilege_type, n.nspname,
           CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
         FROM pg_namespace n, aclexplode(n.nspacl) a WHERE n.nspname = $1 AND a.grantee <> n.nspowner
       UNION ALL SELECT 3, format('GRANT %s ON %s %s TO %s%s', a.privilege_type, word, name,
           CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
           CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
         FROM relation, aclexplode(relacl) a WHERE a.grantee <> relowner
       UNION ALL SELECT 4, format('GRANT %s (%I) ON TABLE %s TO %s%s', a.privilege_type, t.attname, r.name,
           CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
           CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
         FROM relation r JOIN pg_attribute t ON t.attrelid = r.oid AND t.attnum > 0, aclexplode(t.attacl) a
       UNION ALL SELECT 5, format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', name) FROM routine
         WHERE proacl IS NOT NULL AND NOT EXISTS (SELECT FROM aclexplode(proacl) a WHERE a.grantee = 0)
       UNION ALL SELECT 6, format('GRANT EXECUTE ON ROUTINE %s TO %I', name, pg_get_userbyid(a.grantee))
         FROM routine, aclexplode(proacl) a WHERE a.grantee NOT IN (0, proowner)
     ) SELECT sql FROM given ORDER BY place, sql`,
    [schema],
  );
  return rows.map(({ sql }) => sql);
}

const named = (before: SchemaShape, after: SchemaShape): string[] =>
  changesBetween(before, after)
    // Another major writes the same definition otherwise; what is there at all is the same in every one.
    .filter(
      (change) =>
        before.serverVersion === after.serverVersion || change.before === null || change.after === null,
    )
    .map((change) => {
      const subject = subjectOf(change);
      const table = 'table' in subject ? `${subject.table}.` : '';
      const what = change.before === null ? 'added' : change.after === null ? 'missing' : 'changed';
      return `${subject.kind} ${table}${subject.name} ${what}`;
    })
    .slice(0, shown);

/** What of a schema is not as it was, each change in a few words; at most 20. */
export async function changesSince(session: Session, before: SchemaShape): Promise<string[]> {
  // Definitions name what is in the path without its schema: as it was when they were first read.
  const path = `pg_catalog, ${quoteIdentifier(before.schema)}, pg_temp`;
  await session.query("SELECT set_config('search_path', $1, false)", [path]);
  try {
    return named(before, await readShape(session, before.schema));
  } finally {
    await session.query("SELECT set_config('search_path', 'pg_catalog', false)");
  }
}

/**
 * Makes the definitions of a schema in an empty database, with owners and grants. Returns what was copied. Throws
 * CopyImpossible when anything of it cannot be made, or came out otherwise.
 */
export async function copyDefinitions(
  urls: { blue: string; green: string },
  schema: string,
): Promise<SchemaShape> {
  const blue = await openCopy(urls.blue, schema, timeoutMs);
  try {
    await blue.query("SET default_transaction_read_only = 'on'");
    const shape = await readShape(blue, schema);
    const green = await openCopy(urls.green, schema, timeoutMs);
    try {
      const leftOut = await copySchema(blue, green, shape, async () => {});
      for (const sql of await accessOf(blue, schema)) await green.query(sql);
      // Keys and indexes of partitions came with those of their table; what is not there at the end is missing.
      const unseen = leftOut.filter((reason) => reason.startsWith('CREATE '));
      const differences = [...unseen, ...(await changesSince(green, shape))];
      if (differences.length === 0) return shape;
      throw new CopyImpossible(`The new database cannot be made the same: ${differences[0]}`, {
        evidence: { differences: differences.slice(0, shown), reasons: leftOut.slice(0, shown) },
        action:
          'Make there what is named (an extension, a collation, a role), or drop it here, and plan again.',
      });
    } finally {
      await green.close();
    }
  } finally {
    await blue.close();
  }
}

/** Drops every object of a schema that is not an extension's. */
export async function clearSchema(session: Session, schema: string): Promise<void> {
  await inTransaction(session, async () => {
    const { rows } = await session.query<{ sql: string }>(
      `WITH own AS (SELECT oid FROM pg_namespace WHERE nspname = $1)
       SELECT format('DROP %s IF EXISTS %I.%I CASCADE', CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
           WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, $1::text, c.relname) AS sql, 1 AS place
         FROM pg_class c, own WHERE c.relnamespace = own.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
           AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
       UNION ALL SELECT format('DROP SEQUENCE IF EXISTS %I.%I CASCADE', $1::text, c.relname), 2
         FROM pg_class c, own WHERE c.relnamespace = own.oid AND c.relkind = 'S'
           AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
       UNION ALL SELECT format('DROP ROUTINE IF EXISTS %I.%I(%s) CASCADE', $1::text, p.proname, pg_get_function_identity_arguments(p.oid)), 3
         FROM pg_proc p, own WHERE p.pronamespace = own.oid AND p.prokind IN ('f', 'p')
           AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')
       UNION ALL SELECT format('DROP TYPE IF EXISTS %I.%I CASCADE', $1::text, t.typname), 4
         FROM pg_type t, own WHERE t.typnamespace = own.oid AND t.typtype IN ('e', 'd')
           AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_type'::regclass AND e.objid = t.oid AND e.deptype = 'e')
       ORDER BY place`,
      [schema],
    );
    for (const { sql } of rows) await session.query(sql);
  });
}

/** Figures for the optimizer, and rows of materialized views, are copied by nobody. */
export async function prepareReads(session: Session, schema: string, tables: string[]): Promise<void> {
  for (const table of tables) await session.query(`ANALYZE ${table}`);
  const { rows } = await session.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, matviewname) AS name FROM pg_matviews WHERE schemaname = $1 ORDER BY 1 LIMIT 10000`,
    [schema],
  );
  for (const { name } of rows) await session.query(`REFRESH MATERIALIZED VIEW ${name}`);
}
