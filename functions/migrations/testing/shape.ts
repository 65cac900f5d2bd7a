import pg from 'pg';

/** Everything about a schema that a migration could leave behind, in a fixed order. */
export async function shape(client: pg.Client, schema = 'public'): Promise<unknown[]> {
  const named = pg.escapeLiteral(schema);
  const { rows } = await client.query(`
    SELECT 'column' AS what, attrelid::regclass::text AS t, attname::text AS n,
      concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid), col_description(c.oid, attnum), attacl) AS d
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = ${named}) AND relkind IN ('r', 'p', 'v') AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid) || convalidated
      FROM pg_constraint WHERE connamespace = (SELECT oid FROM pg_namespace WHERE nspname = ${named})
    UNION ALL SELECT 'index', indrelid::regclass::text, indexrelid::regclass::text, pg_get_indexdef(indexrelid) || indisvalid
      FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = ${named})
    UNION ALL SELECT 'table', c.oid::regclass::text, relreplident::text, relkind::text FROM pg_class c
      WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = ${named}) AND relkind IN ('r', 'p', 'v', 'm')
    UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, '' FROM pg_trigger WHERE NOT tgisinternal AND tgparentid = 0
    UNION ALL SELECT 'schema', '', nspname, '' FROM pg_namespace WHERE starts_with(nspname, ${named})
    ORDER BY 1, 2, 3`);
  return rows;
}
