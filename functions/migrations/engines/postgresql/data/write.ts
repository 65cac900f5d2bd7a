import pg from 'pg';
import type { Load, LoadColumn } from '../../../plan/schemas.ts';
import type { Fence, Refused } from '../../engine.ts';
import { FENCE, fenceValues, refuse } from '../chunks.ts';
import type { Session } from '../connection.ts';
import { sqlState } from '../database-errors.ts';
import { keyText, relation } from '../keyset.ts';
import { rememberKeys } from './given-keys.ts';
import { inputText, rowsFromJson, targetText } from './rows.ts';

const { escapeIdentifier: quote } = pg;
/** Kept of a record that was refused; longer ones can be read in the source by their key. */
const MOST_RECORD = 16_000;

export interface Written {
  inserted: number;
  changed: number;
}

/** Two rows of one chunk have the same key: which one counts nobody can say. */
export class DuplicateRows extends Error {
  override readonly name = 'DuplicateRows';
}

/**
 * One statement, one transaction: locks the fence; locks the rows of these keys that stand; changes those that differ;
 * inserts the others; writes down which were inserted, what the changed ones held, and where it must which keys were given. Run again it finds nothing to do.
 * A row that somebody inserts at this very moment is left as it is: verification compares it.
 */
export function writeStatement(load: Load, columns: readonly LoadColumn[], migration: string): string {
  const { to, toKey } = load;
  const target = relation(to);
  const names = toKey.map(({ column }) => quote(column));
  const joined = (a: string, b: string) => names.map((name) => `${a}.${name} = ${b}.${name}`).join(' AND ');
  const set = columns.filter(({ name }) => !toKey.some(({ column }) => column === name));
  const list = columns.map(({ name }) => quote(name)).join(', ');
  const held = columns.map(({ name }) => `e.${quote(name)}::text AS ${quote(name)}`).join(', ');
  const changed =
    set.length === 0
      ? 'SELECT NULL::jsonb AS before WHERE false'
      : `UPDATE ${target} AS t SET ${set.map(({ name }) => `${quote(name)} = i.${quote(name)}`).join(', ')}
  FROM input AS i JOIN existing AS e ON ${joined('e', 'i')}
  WHERE ${joined('t', 'i')} AND ${targetText(columns, 't')} IS DISTINCT FROM ${inputText(columns, 'i')}
  RETURNING (SELECT to_jsonb(line) FROM (SELECT ${held}) AS line) AS before`;
  return `WITH ${FENCE}, input AS MATERIALIZED (
  SELECT * FROM (${rowsFromJson(columns, 4)}) AS given WHERE EXISTS (SELECT FROM _theseus_fence)
), twice AS MATERIALIZED (
  SELECT FROM input GROUP BY ${names.join(', ')} HAVING count(*) > 1 LIMIT 1
), existing AS MATERIALIZED (
  SELECT t.* FROM ${target} AS t JOIN input AS i ON ${joined('t', 'i')} WHERE NOT EXISTS (SELECT FROM twice) FOR UPDATE OF t
), changed AS (
  ${changed}
), inserted AS (
  INSERT INTO ${target} (${list}) OVERRIDING SYSTEM VALUE
  SELECT ${columns.map(({ name }) => `i.${quote(name)}`).join(', ')} FROM input AS i
  WHERE NOT EXISTS (SELECT FROM twice) AND NOT EXISTS (SELECT FROM existing AS e WHERE ${joined('e', 'i')})
  ON CONFLICT (${names.join(', ')}) DO NOTHING RETURNING ${keyText(toKey)} AS key
), kept AS (
  INSERT INTO theseus.loads (migration, load, inserted, changed)
  SELECT $1, $5, (SELECT jsonb_agg(key) FROM inserted), (SELECT jsonb_agg(before) FROM changed)
  WHERE EXISTS (SELECT FROM inserted) OR EXISTS (SELECT FROM changed)
)${rememberKeys(load, migration)}
SELECT (SELECT count(*) FROM _theseus_fence)::int AS fenced, (SELECT count(*) FROM twice)::int AS twice,
  (SELECT count(*) FROM inserted)::int AS inserted, (SELECT count(*) FROM changed)::int AS changed`;
}

/** Runs a write statement. @throws FenceLost, DuplicateRows, and the server's own errors as they are. */
export async function writeRows(
  session: Session,
  text: string,
  load: Load,
  rows: string,
  fence: Fence,
  phase: string,
): Promise<Written> {
  const { rows: answer } = await session.client.query<Written & { fenced: number; twice: number }>({
    // Planned anew each time: a plan made for a target that was empty reads all of it once that is full.
    text,
    values: [...fenceValues(fence, phase), rows, load.id],
  });
  const [row] = answer;
  if (row?.fenced !== 1) return refuse(fence);
  if (row.twice > 0) throw new DuplicateRows('Two of the rows have the same key');
  return row;
}

/** What is wrong with a record, as it is kept; null: the failure is not the record's. */
export function refusalOf(error: unknown): Refused['error'] | null {
  const found = error instanceof Error && error.cause instanceof pg.DatabaseError ? error.cause : error;
  if (found instanceof DuplicateRows) return { name: found.name, message: found.message };
  const state = sqlState(found);
  if (state === null || !(found instanceof pg.DatabaseError) || !/^(21|22|23|P0)/.test(state)) return null;
  const { message, detail, column, constraint } = found;
  return {
    name: state.startsWith('23') ? 'ConstraintViolated' : 'ValueRefused',
    sqlstate: state,
    message,
    ...(detail === undefined ? {} : { detail }),
    ...(column === undefined ? {} : { column }),
    ...(constraint === undefined ? {} : { constraint }),
  };
}

/** Keeps a refused record, once however often it is refused. Returns whether it is new. @throws FenceLost. */
export async function keepRefused(
  session: Session,
  load: Load,
  { key, record, error }: Refused,
  fence: Fence,
  phase: string,
): Promise<boolean> {
  const { rows } = await session.query<{ fenced: number; attempts: number | null }>(
    `WITH ${FENCE}, kept AS (
       INSERT INTO theseus.record_errors AS held (migration, load, key, source_table, target_table, record, error)
       SELECT $1, $4, $5, $6, $7, $8, $9::jsonb WHERE EXISTS (SELECT FROM _theseus_fence)
       ON CONFLICT (migration, load, key) DO UPDATE
         SET error = excluded.error, record = excluded.record, attempts = held.attempts + 1, at = now()
       RETURNING attempts
     )
     SELECT (SELECT count(*) FROM _theseus_fence)::int AS fenced, (SELECT attempts FROM kept) AS attempts`,
    [
      ...fenceValues(fence, phase),
      load.id,
      key,
      load.from.name,
      load.to.name,
      record !== null && record.length <= MOST_RECORD ? record : null,
      JSON.stringify(error),
    ],
  );
  if (rows[0]?.fenced !== 1) refuse(fence);
  return rows[0]?.attempts === 1;
}
