import { z } from 'zod';
import { InvalidInput } from '#platform/errors.ts';
import type { Described } from '../../../data/plan.ts';
import { RightsMissing, StatementFailed } from '../../../errors.ts';
import type { Load, TableRef } from '../../../plan/schemas.ts';
import { child, parseErrorOffset, parseSql, walk } from '../../../sql/tree.ts';
import type { Finding } from '../../engine.ts';
import { inTransaction, type Session } from '../connection.ts';
import { relation } from '../keyset.ts';
import { missingRights } from '../rights.ts';
import { scopeOf } from './scope.ts';

const refuse = (problem: string): InvalidInput =>
  new InvalidInput(problem, {
    problems: [{ pointer: '', detail: problem }],
    action: 'Write one SELECT over `source`, which has the columns of the table.',
  });

/** A relation as the SELECT names it. */
interface Named {
  schema: string | null;
  name: string;
}

/**
 * One SELECT that only reads, over `source`, a record at a time. Returns what else it reads, names that it gives to
 * parts of itself among them. Throws InvalidInput.
 */
async function assertSelect(sql: string): Promise<Named[]> {
  const parsed = await parseSql(sql).catch((error: unknown) => {
    const at = parseErrorOffset(error);
    const message = error instanceof Error ? error.message : 'it does not parse';
    throw refuse(`The SELECT does not parse: ${message}${at === null ? '' : ` at character ${at + 1}`}`);
  });
  const select = child(parsed[0]?.statement, 'SelectStmt');
  if (parsed.length !== 1 || select === undefined) throw refuse('Expected one SELECT');
  let reads = false;
  const others: Named[] = [];
  let problem: string | null = null;
  walk(parsed[0]?.statement, (kind, body) => {
    if (/^(Insert|Update|Delete|Merge)Stmt$/.test(kind)) problem = 'The SELECT may only read';
    if (kind === 'SelectStmt' && (body.intoClause ?? body.lockingClause) !== undefined)
      problem = 'The SELECT may only read';
    if (kind === 'ParamRef') problem = 'The SELECT holds a parameter';
    if (kind === 'RangeVar' && body.relname === 'source' && body.schemaname === undefined) reads = true;
    else if (kind === 'RangeVar' && typeof body.relname === 'string')
      others.push({
        schema: typeof body.schemaname === 'string' ? body.schemaname : null,
        name: body.relname,
      });
    return undefined;
  });
  const whole = ['groupClause', 'havingClause', 'limitCount', 'limitOffset', 'distinctClause'].find(
    (part) => select[part] !== undefined,
  );
  if (whole !== undefined || select.op !== 'SETOP_NONE') {
    problem ??=
      'The SELECT sees a part of the records at a time: GROUP BY, DISTINCT, LIMIT and UNION would mean something else in each';
  }
  if (!reads) problem ??= 'The SELECT does not read `source`, the records to transform';
  if (problem !== null) throw refuse(problem);
  return others;
}

/** Which rights on the table, and on what else a SELECT reads, the role lacks. */
async function missingToRead(session: Session, table: TableRef, others: Named[]): Promise<Finding[]> {
  const { rows } = await session.query<TableRef>(
    `SELECT n.nspname::text AS schema, c.relname::text AS name, c.oid::int AS oid
     FROM jsonb_to_recordset($1) AS named(schema text, name text)
     JOIN pg_namespace AS n ON n.nspname = coalesce(named.schema, $2)
     JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = named.name AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`,
    [JSON.stringify(others), table.schema],
  );
  return missingRights(
    session,
    [table, ...rows].flatMap((one) => [
      { kind: 'privileges' as const, table: one, privileges: ['SELECT'] },
      { kind: 'bypass_rls' as const, table: one },
    ]),
  );
}

/**
 * Which columns of which types a transformation gives, which of these types this database has, and how much there will
 * be of it. Throws InvalidInput, RightsMissing.
 */
export async function describeRows(
  session: Session,
  table: TableRef,
  sql: string,
  types: string[],
  watermark: Load['watermark'],
): Promise<Described> {
  const others = await assertSelect(sql);
  try {
    return await described(session, table, sql, types, watermark);
  } catch (error) {
    if (!(error instanceof RightsMissing)) throw error;
    const missing = await missingToRead(session, table, others);
    // A function, or a view whose owner may not read: the server's own words say more.
    if (missing.length === 0) throw error;
    throw new RightsMissing(missing.map(({ problem }) => problem).join('; '), {
      action: missing.map(({ action }) => action).join('; '),
    });
  }
}

async function described(
  session: Session,
  table: TableRef,
  sql: string,
  types: string[],
  watermark: Load['watermark'],
): Promise<Described> {
  return inTransaction(session, async () => {
    const fields = await session
      .query(`WITH source AS (SELECT * FROM ${relation(table)}) SELECT * FROM (${sql}\n) AS given LIMIT 0`)
      .then((result) => result.fields)
      .catch((error: unknown) => {
        if (!(error instanceof StatementFailed)) throw error;
        throw refuse(`The SELECT does not run: ${error.message}`);
      });
    const named = await session.query<{ type: string }>(
      `SELECT format_type(oid, modifier) AS type FROM unnest($1::oid[], $2::int[]) WITH ORDINALITY AS each(oid, modifier, place)
       ORDER BY place`,
      [fields.map(({ dataTypeID }) => dataTypeID), fields.map(({ dataTypeModifier }) => dataTypeModifier)],
    );
    const known = await session.query<{ type: string }>(
      `SELECT type FROM unnest($1::text[]) AS each(type)
       WHERE to_regtype(regexp_replace(type, '\\([^)]*\\)', '')) IS NOT NULL`,
      [[...new Set(types)]],
    );
    return {
      columns: fields.map(({ name }, index) => ({ name, type: named.rows[index]?.type ?? 'text' })),
      types: known.rows.map(({ type }) => type),
      expected: await expect(session, table, sql, watermark),
    };
  });
}

/** The planner's own figures, as shares: how many records there are is known better than by it. */
async function expect(
  session: Session,
  table: TableRef,
  sql: string,
  watermark: Load['watermark'],
): Promise<Described['expected']> {
  const scope = scopeOf({ key: [], watermark }, { from: null, to: null });
  const records = `SELECT * FROM ${relation(table)}`;
  const taken = `${records} WHERE ${scope.text}`;
  const all = await planned(session, records, []);
  const some = await planned(session, taken, scope.values);
  const given = await planned(
    session,
    `WITH source AS (${taken}) SELECT * FROM (${sql}\n) AS given`,
    scope.values,
  );
  return {
    share: all.rows > 0 ? Math.min(1, some.rows / all.rows) : 1,
    rowsPerRecord: some.rows > 0 ? given.rows / some.rows : 1,
    width: given.width,
  };
}

const Explained = z.object({
  'QUERY PLAN': z.tuple([
    z.object({ Plan: z.object({ 'Plan Rows': z.number(), 'Plan Width': z.number() }) }),
  ]),
});

async function planned(
  session: Session,
  sql: string,
  values: string[],
): Promise<{ rows: number; width: number }> {
  const { rows } = await session.query(`EXPLAIN (FORMAT JSON) ${sql}`, values);
  const [{ Plan }] = Explained.parse(rows[0])['QUERY PLAN'];
  return { rows: Plan['Plan Rows'], width: Plan['Plan Width'] };
}

/** Whether a table has a row; false where the role may not see. */
export async function hasRows(session: Session, table: TableRef): Promise<boolean> {
  try {
    const { rows } = await session.query<{ found: boolean }>(
      `SELECT EXISTS (SELECT FROM ${relation(table)}) AS found`,
    );
    return rows[0]?.found === true;
  } catch (error) {
    if (error instanceof RightsMissing) return false;
    throw error;
  }
}
