import { clock } from '#platform/clock.ts';
import { TheseusError } from '#platform/errors.ts';
import type { DualWriteGroup, Plan, TableRef } from '../../plan/schemas.ts';
import { quoteIdentifier } from '../../sql/identifiers.ts';
import type { Finding, RunOptions } from '../engine.ts';
import { querySingle, readOnly, type Session } from './connection.ts';
import { addedGroups, saidOf } from './expressions.ts';
import { type Key, keyList, keyListDescending, keyText, relation, seeKeyTypes } from './keyset.ts';

/** Rows read from each end of a table, and how many of those that fail are named. */
const endRows = 500;
const mostNamed = 3;
/** For all samples of a plan together, ms. */
const longestMs = 5_000;
const quickMs = 250;

/** A row refuses the expression: data exceptions, broken domains and constraints, and what functions raise. */
const rowRefuses = /^(22|23|P0001)/;

interface Refused {
  key: string;
  problem: string;
}

/**
 * Every `up` computed for the first and last 500 rows of its table, read only: a cast that PostgreSQL allows and a row
 * refuses would else be met in the backfill. What cannot be read within 5 s is left to it.
 */
export async function rowsThatRefuse(session: Session, plan: Plan, options: RunOptions): Promise<Finding[]> {
  const until = Math.min(options.until, clock.now() + longestMs);
  const findings: Finding[] = [];
  for (const { table, group } of addedGroups(plan)) {
    const key = plan.backfill.find((one) => one.table.name === table.name)?.key;
    if (key === undefined || table.oid === null) continue;
    await seeKeyTypes(session, key);
    for (const up of group.ups) {
      options.signal.throwIfAborted();
      const refused = await refusedRows(session, table, group, key, up.expression, until);
      if (refused.length === 0) continue;
      const where = up.pointer === undefined ? '' : `${up.pointer}: `;
      const rows = refused.map((one) => `${one.key} (${one.problem})`).join(', ');
      findings.push({
        code: 'up_refused_by_rows',
        problem: `${where}up for "${up.column}" fails on rows of ${relation(table)}, key ${rows}; looked at the first and last ${endRows}`,
        action: 'Make up give a value for such rows, or correct them.',
      });
    }
  }
  return findings;
}

async function refusedRows(
  session: Session,
  table: TableRef,
  group: DualWriteGroup,
  key: Key,
  expression: string,
  until: number,
): Promise<Refused[]> {
  const missing = group.new.map(({ column, type }) => `CAST(NULL AS ${type}) AS ${quoteIdentifier(column)}`);
  const refused: Refused[] = [];
  for (const order of [keyList(key), keyListDescending(key)]) {
    const rows = (from: number, count: number) =>
      `(SELECT ${['*', ...missing].join(', ')} FROM ${relation(table)} ORDER BY ${order} LIMIT ${count} OFFSET ${from}) AS new`;
    /** What the server says against these rows; null: nothing, or nothing in time. */
    const problem = async (from: number, count: number): Promise<string | null> => {
      const left = until - clock.now();
      if (left < quickMs) return null;
      const text = `SELECT count(value) FROM (SELECT (${expression}) AS value FROM ${rows(from, count)} OFFSET 0) AS computed`;
      return saidBy(session, text, left);
    };
    let from = 0;
    while (from < endRows && refused.length < mostNamed) {
      if ((await problem(from, endRows - from)) === null) break;
      let [low, high] = [from, endRows];
      // The first row that fails lies in [low, high).
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if ((await problem(low, middle - low)) === null) low = middle;
        else high = middle;
      }
      const said = await problem(low, 1);
      if (said === null) break;
      const [row] = await querySingle<{ key: string[] }>(
        session,
        `SELECT ${keyText(key)} AS key FROM ${rows(low, 1)}`,
      );
      const name = row?.key.join('/') ?? '';
      if (!refused.some((one) => one.key === name)) refused.push({ key: name, problem: said });
      from = low + 1;
    }
  }
  return refused;
}

/** Null also where the server has something else against the statement: that is for others to report. */
async function saidBy(session: Session, text: string, timeoutMs: number): Promise<string | null> {
  try {
    await readOnly(session, timeoutMs, () => querySingle(session, text));
    return null;
  } catch (error) {
    if (!(error instanceof TheseusError)) throw error;
    return rowRefuses.test(String(error.evidence.sqlstate)) ? saidOf(error) : null;
  }
}
