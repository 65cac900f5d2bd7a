import { clock } from '#platform/clock.ts';
import type { Load } from '../../../plan/schemas.ts';
import type { CompareResult, Engine, Fence, KeyRange } from '../../engine.ts';
import { fencePhase, type Open } from '../chunks.ts';
import type { Session } from '../connection.ts';
import { ownerOf } from './given-keys.ts';
import { openWriter } from './load-range.ts';
import { targetSide } from './transformed.ts';

/** Rows of others that are named; more are counted. */
export const MOST_UNEXPECTED = 100;

/** Rows of the target summed up in one statement: a second or less. */
export const SLICE_ROWS = 50_000;

export const keyOf = (key: string[]): string => JSON.stringify(key);

export const nothing = (from: string[] | null): CompareResult => ({
  status: 'done',
  last: from,
  rowsChecked: 0,
  wrong: 0,
  repaired: 0,
  errors: 0,
  sample: [],
  unexpected: [],
  unexpectedRows: 0,
});

/**
 * Names rows of a range of the target whose keys no load of the file ever gave. Reads keys alone, a slice at a time.
 * @throws FenceLost.
 */
export async function findOthers(
  open: Open,
  load: Load,
  range: KeyRange,
  fence: Fence,
  options: Parameters<Engine['findOthers']>[3],
): Promise<CompareResult> {
  const result = nothing(options.from);
  const owner = ownerOf(load, fence.migration);
  if (owner === undefined) return result;
  const session = await openWriter(open, load);
  try {
    await fencePhase(session, fence);
    // In the key's own order: only two databases may sort it differently.
    const target = targetSide(session, { ...load, bytewise: false });
    for (;;) {
      options.signal.throwIfAborted();
      if (clock.now() >= options.until) return { ...result, status: 'more' };
      const from = result.last ?? range.from;
      const end = await target.keyAfter({ from, to: range.to }, SLICE_ROWS);
      const { rows, others } = await target.notGiven({ from, to: end ?? range.to }, owner);
      result.rowsChecked += rows;
      if (others.length > 0) await nameOthers({ session, fence }, others, result);
      if (end === null) return result;
      result.last = end;
    }
  } finally {
    await session.close();
  }
}

/** Rows that the source does not give and this migration did not insert: somebody else wrote them. */
export async function nameOthers(
  { session, fence }: { session: Session; fence: Fence },
  others: string[][],
  result: CompareResult,
): Promise<void> {
  const looked = others.slice(0, Math.max(0, MOST_UNEXPECTED - result.unexpected.length));
  const own = new Set(await insertedKeys(session, fence.migration, looked));
  const foreign = looked.filter((key) => !own.has(keyOf(key)));
  result.unexpected.push(...foreign);
  result.unexpectedRows += others.length - (looked.length - foreign.length);
}

/** Those of the keys that this migration inserted into some table. */
async function insertedKeys(session: Session, migration: string, keys: string[][]): Promise<string[]> {
  if (keys.length === 0) return [];
  const { rows } = await session.query<{ key: string[] }>(
    `SELECT DISTINCT each.key FROM theseus.loads, jsonb_array_elements(inserted) AS each(key)
     WHERE migration = $1 AND each.key = ANY(ARRAY(SELECT jsonb_array_elements($2::jsonb)))`,
    [migration, JSON.stringify(keys)],
  );
  return rows.map(({ key }) => keyOf(key));
}
