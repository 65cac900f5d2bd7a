import pg from 'pg';
import { clock } from '#platform/clock.ts';
import { unlimited } from '../../../data/types.ts';
import type { Load } from '../../../plan/schemas.ts';
import type { Fence, RunOptions } from '../../engine.ts';
import { FENCE, fencePhase, fenceValues, type Open, patiently, refuse } from '../chunks.ts';
import { relation } from '../keyset.ts';
import { hasLoadTables } from './control.ts';
import { forgetInserted, forgetKeys } from './given-keys.ts';
import { openWriter } from './load-range.ts';

const { escapeIdentifier: quote } = pg;

/**
 * Deletes the rows a migration inserted and gives those it changed what they held, chunk by chunk, the last written
 * first; each chunk with its own note that it is done. Rows that refer to what is deleted make it fail.
 * @throws FenceLost, ConstraintViolated.
 */
export async function takeBackLoads(
  open: Open,
  loads: Load[],
  fence: Fence,
  options: RunOptions,
): Promise<'done' | 'running'> {
  const first = loads[0];
  if (first === undefined) return 'done';
  const session = await openWriter(open, first);
  try {
    if (!(await hasLoadTables(session))) return 'done';
    const phase = await fencePhase(session, fence);
    for (;;) {
      options.signal.throwIfAborted();
      if (clock.now() >= options.until) return 'running';
      const { rows } = await session.query<{ number: string; load: string }>(
        'SELECT number, load FROM theseus.loads WHERE migration = $1 ORDER BY number DESC LIMIT 1',
        [fence.migration],
      );
      const [chunk] = rows;
      if (chunk === undefined) break;
      const load = loads.find(({ id }) => id === chunk.load) ?? first;
      const found = await patiently(
        () =>
          session.query<{ fenced: number }>(takeBackStatement(load, fence.migration), [
            ...fenceValues(fence, phase),
            chunk.number,
          ]),
        load.to.name,
        options.signal,
      );
      if (found.rows[0]?.fenced !== 1) refuse(fence);
    }
    await forgetKeys(session, loads, fence.migration);
    await session.query('DELETE FROM theseus.record_errors WHERE migration = $1', [fence.migration]);
    await session.query(
      `UPDATE theseus.watermarks SET
         value = CASE WHEN migration = $1 THEN former ELSE value END,
         migration = CASE WHEN migration = $1 THEN former_migration ELSE migration END,
         next = CASE WHEN next_migration = $1 THEN NULL ELSE next END,
         next_migration = nullif(next_migration, $1)
       WHERE $1 IN (migration, next_migration)`,
      [fence.migration],
    );
    return 'done';
  } finally {
    await session.close();
  }
}

/** Parameters: the fence's three and the chunk's number. Its rows are found by their keys; what is gone is gone. */
function takeBackStatement(load: Load, migration: string): string {
  const target = relation(load.to);
  const names = load.toKey.map(({ column }) => quote(column));
  const matches = names.map((name) => `t.${name} = held.${name}`).join(' AND ');
  const set = load.columns.filter(({ name }) => !load.toKey.some(({ column }) => column === name));
  const keyRow =
    names.length === 1 ? `t.${names.join()}` : `(${names.map((name) => `t.${name}`).join(', ')})`;
  const restored =
    set.length === 0
      ? 'SELECT 1 WHERE false'
      : `UPDATE ${target} AS t SET ${set
          .map(
            ({ name }) =>
              `${quote(name)} = CASE WHEN held._theseus_row ? ${pg.escapeLiteral(name)} THEN held.${quote(name)} ELSE t.${quote(name)} END`,
          )
          .join(', ')} FROM held WHERE ${matches} RETURNING 1`;
  return `WITH ${FENCE}, chunk AS MATERIALIZED (
  DELETE FROM theseus.loads WHERE number = $4::bigint AND migration = $1 AND EXISTS (SELECT FROM _theseus_fence) RETURNING inserted, changed
), held AS MATERIALIZED (
  SELECT ${load.columns.map(({ name, type }) => `(each.value ->> ${pg.escapeLiteral(name)})::${unlimited(type)} AS ${quote(name)}`).join(', ')}, each.value AS _theseus_row
  FROM chunk, jsonb_array_elements(chunk.changed) AS each(value)
), restored AS (
  ${restored}
), deleted AS (
  DELETE FROM ${target} AS t WHERE ${keyRow} IN (
    SELECT ${load.toKey.map(({ type }, index) => `(each.value ->> ${index})::${type}`).join(', ')}
    FROM chunk, jsonb_array_elements(chunk.inserted) AS each(value))
  RETURNING 1
)${forgetInserted(load, migration)}
SELECT (SELECT count(*) FROM _theseus_fence)::int AS fenced, (SELECT count(*) FROM restored)::int AS restored,
  (SELECT count(*) FROM deleted)::int AS deleted`;
}
