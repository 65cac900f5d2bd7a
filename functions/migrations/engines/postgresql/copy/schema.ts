import { CopyImpossible } from '../../../errors.ts';
import type { ObjectOf, SchemaObject, SchemaShape } from '../../../registry/shape.ts';
import { statementsOf } from '../../../registry/sql.ts';
import { qualified, quoteIdentifier } from '../../../sql/identifiers.ts';
import type { Session } from '../connection.ts';

const isColumn = (object: SchemaObject): object is ObjectOf<'column'> => object.kind === 'column';

/** Without these there is no table to try anything on; a view or a trigger may be left out, and is said. */
const needed = new Set<SchemaObject['kind']>(['table', 'column', 'enum', 'domain', 'sequence']);

interface Made {
  place: number;
  sql: string;
  object: SchemaObject;
}

/** Of each object that can be made alone, what makes it, in the order in which they need each other. */
function statementsFor({ schema, objects }: SchemaShape): Made[] {
  const columns = objects.filter(isColumn);
  return objects
    .filter(({ kind }) => kind !== 'column' && kind !== 'kept_column')
    .flatMap((object) => {
      const own = object.kind === 'table' ? columns.filter(({ table }) => table === object.name) : [];
      return statementsOf(schema, { before: null, after: object }, own).map((one) => ({ ...one, object }));
    })
    .sort((a, b) => a.place - b.place);
}

/** Up to here a copy has tables without keys, which take rows in any order. */
const beforeRows = ({ object, sql }: Made): boolean =>
  needed.has(object.kind) && !sql.includes('ROW LEVEL SECURITY');

/** Extensions and functions that the objects of a schema may use. */
async function surroundings(
  source: Session,
  schema: string,
): Promise<{ extensions: string[]; functions: string[] }> {
  const extensions = await source.query<{ sql: string }>(
    `SELECT format('CREATE EXTENSION IF NOT EXISTS %I WITH SCHEMA %I', e.extname, n.nspname) AS sql,
       format('CREATE SCHEMA IF NOT EXISTS %I', n.nspname) AS home
     FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql' ORDER BY e.oid`,
  );
  const functions = await source.query<{ sql: string }>(
    `SELECT pg_get_functiondef(p.oid) AS sql FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname = $1 AND p.prokind IN ('f', 'p')
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
     ORDER BY p.oid`,
    [schema],
  );
  return {
    extensions: extensions.rows.map(({ sql }) => sql),
    functions: functions.rows.map(({ sql }) => sql),
  };
}

/** Runs what may fail by itself: the message, or null when it worked. */
async function failureOf(copy: Session, sql: string): Promise<string | null> {
  try {
    await copy.query(sql);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Makes a schema in an empty database: types and tables, then its rows (`fill`), then keys, indexes, views, triggers and
 * policies, so that no row is refused for its order and no trigger of the user's sees a row. Returns what could not be
 * made, each with its reason. Throws CopyImpossible when a table or type cannot.
 */
export async function copySchema(
  source: Session,
  copy: Session,
  shape: SchemaShape,
  fill: () => Promise<void>,
): Promise<string[]> {
  const { extensions, functions } = await surroundings(source, shape.schema);
  const leftOut: string[] = [];
  const tried = async (what: string, sql: string) => {
    const failure = await failureOf(copy, sql);
    if (failure !== null) leftOut.push(`${what}: ${failure}`.slice(0, 300));
  };
  await copy.query(`CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(shape.schema)}`);
  await copy.query('SET check_function_bodies = off');
  for (const sql of extensions) await tried(sql, sql);
  const later: string[] = [];
  for (const sql of functions) if ((await failureOf(copy, sql)) !== null) later.push(sql);
  const all = statementsFor(shape);
  for (const { object, sql } of all.filter(beforeRows)) {
    const failure = await failureOf(copy, sql);
    if (failure === null) continue;
    throw new CopyImpossible(`${object.kind} ${object.name} cannot be made in a copy: ${failure}`, {
      evidence: { statement: sql.slice(0, 1_000) },
      action: 'Rehearse on a restored backup of the whole database instead.',
    });
  }
  for (const sql of later) await tried(sql.split('\n')[0] ?? 'function', sql);
  await fill();
  for (const { object, sql } of all.filter((one) => !beforeRows(one)))
    await tried(`${object.kind} ${object.name}`, sql);
  await advanceSequences(copy, shape);
  return leftOut;
}

/** New rows take numbers after those that were copied. */
async function advanceSequences(copy: Session, { schema, objects }: SchemaShape): Promise<void> {
  const counted = objects
    .filter(isColumn)
    .filter(({ identity, default: value }) => identity !== null || value?.startsWith('nextval(') === true);
  for (const { table, name, default: value } of counted) {
    const column = quoteIdentifier(name);
    const greatest = `(SELECT coalesce(max(${column}), 0) + 1 FROM ${qualified(schema, table)})`;
    const named = /^nextval\('(.*)'::regclass\)$/.exec(value ?? '')?.[1];
    const { rows } = await copy.query<{ sequence: string | null }>(
      'SELECT coalesce($3, pg_get_serial_sequence($1, $2)) AS sequence',
      [qualified(schema, table), name, named?.replaceAll("''", "'") ?? null],
    );
    const sequence = rows[0]?.sequence;
    if (sequence) await copy.query(`SELECT setval($1::regclass, ${greatest}::bigint, false)`, [sequence]);
  }
}
