import type pg from 'pg';

/**
 * Everything a dump of the schema would show and a bit more, one line each: relations, columns, constraints, indexes,
 * triggers, policies, sequences, functions, types, publications, rights, comments, and the version schemas beside it.
 * The schema's own name is written `~`, so that two schemas can be compared.
 */
export async function catalogue(client: pg.ClientBase, schema: string): Promise<string[]> {
  const { rows } = await client.query<{ line: string }>(
    `WITH space AS (SELECT oid FROM pg_namespace WHERE nspname = $1),
     relation AS (
       SELECT c.*, c.oid::regclass::text AS called FROM pg_class c
       WHERE relnamespace = (SELECT oid FROM space) AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S'))
     SELECT line FROM (
       SELECT concat_ws(' ', 'relation', called, relkind, relowner::regrole, relacl, reloptions, relpersistence,
         relrowsecurity, relforcerowsecurity, relreplident, obj_description(oid, 'pg_class')) AS line FROM relation
       UNION ALL
       SELECT concat_ws(' ', 'column', called || '.' || attname, format_type(atttypid, atttypmod),
         CASE WHEN attnotnull THEN 'NOT NULL' END, 'DEFAULT ' || pg_get_expr(adbin, adrelid), attidentity::text || attgenerated::text,
         nullif(attcollation, 0)::regcollation, attstorage, attcompression, attstattarget, attacl, col_description(relation.oid, attnum))
       FROM relation JOIN pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
         LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
       UNION ALL
       SELECT concat_ws(' ', 'order', called, string_agg(attname, ', ' ORDER BY attnum))
       FROM relation JOIN pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped GROUP BY called
       UNION ALL
       SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated,
         obj_description(oid, 'pg_constraint'))
       FROM pg_constraint WHERE connamespace = (SELECT oid FROM space) AND conrelid <> 0
       UNION ALL
       SELECT concat_ws(' ', 'index', pg_get_indexdef(indexrelid), indisvalid, indisready, indisclustered, indisreplident,
         obj_description(indexrelid, 'pg_class'))
       FROM pg_index WHERE indrelid IN (SELECT oid FROM relation)
       UNION ALL
       SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(oid), tgenabled) FROM pg_trigger
       WHERE tgrelid IN (SELECT oid FROM relation) AND NOT tgisinternal
       UNION ALL
       SELECT concat_ws(' ', 'view', called, pg_get_viewdef(oid)) FROM relation WHERE relkind IN ('v', 'm')
       UNION ALL
       SELECT concat_ws(' ', 'policy', schemaname, tablename, policyname, permissive, roles, cmd, qual, with_check)
       FROM pg_policies WHERE schemaname = $1
       UNION ALL
       SELECT concat_ws(' ', 'owned', objid::regclass, refobjid::regclass, attname, deptype)
       FROM pg_depend LEFT JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i')
         AND objid IN (SELECT oid FROM relation WHERE relkind = 'S')
       UNION ALL
       SELECT concat_ws(' ', 'function', oid::regprocedure, md5(prosrc)) FROM pg_proc WHERE pronamespace = (SELECT oid FROM space)
       UNION ALL
       SELECT concat_ws(' ', 'type', oid::regtype, typtype, (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))
       FROM pg_type t WHERE typnamespace = (SELECT oid FROM space) AND typtype IN ('e', 'd')
       UNION ALL
       SELECT concat_ws(' ', 'publication', pubname, tablename, attnames) FROM pg_publication_tables WHERE schemaname = $1
       UNION ALL
       SELECT concat_ws(' ', 'schema', nspname, nspowner::regrole, nspacl) FROM pg_namespace
       WHERE nspname = $1 OR starts_with(nspname, $1 || '_')
     ) AS lines ORDER BY line COLLATE "C"`,
    [schema],
  );
  return rows.map(({ line }) => line.replaceAll(schema, '~'));
}

/** Every row of every table of a schema, as text, in a fixed order. */
export async function contents(client: pg.ClientBase, schema: string): Promise<Record<string, string[]>> {
  const { rows: tables } = await client.query<{ name: string; columns: string }>(
    `SELECT quote_ident(relname) AS name, string_agg(quote_ident(attname), ', ' ORDER BY attname) AS columns
     FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
     WHERE relnamespace = $1::text::regnamespace AND relkind = 'r' AND attname NOT LIKE '\\_theseus\\_%'
     GROUP BY 1 ORDER BY 1`,
    [schema],
  );
  const all: Record<string, string[]> = {};
  for (const { name, columns } of tables) {
    const { rows } = await client.query<{ line: string }>(
      `SELECT row_to_json(r)::text AS line FROM (SELECT ${columns} FROM "${schema}".${name}) r ORDER BY 1`,
    );
    all[name] = rows.map(({ line }) => line);
  }
  return all;
}
