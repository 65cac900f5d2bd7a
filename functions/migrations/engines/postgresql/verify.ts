import pg from 'pg';
import { clock } from '#platform/clock.ts';
import { VerificationFailed } from '../../errors.ts';
import type { Verification } from '../../plan/schemas.ts';
import type { Engine, Fence, KeyRange, VerifyResult } from '../engine.ts';
import { FENCE, fencePhase, fenceValues, type Open, openWorker, patiently, refuse } from './chunks.ts';
import type { Session } from './connection.ts';
import { statementError } from './database-errors.ts';
import {
  afterParameters,
  keyList,
  keyListDescending,
  keyText,
  relation,
  untilParameters,
  untilRowOf,
} from './keyset.ts';
import { shortHash } from './short-hash.ts';

/** Rows a chunk: some tens of ms of reading. */
const CHUNK_ROWS = 10_000;
const SAMPLE = 10;

type Stage = 'beforePublish' | 'afterPublish';

/**
 * Reads every row of a range and counts those of which the stage's predicate is not true. With `repair` a chunk's wrong
 * rows are derived again from their old form, under their row locks and only while still wrong, and the chunk is read
 * again: `repaired` counts those that were right then, so `wrong - repaired` is what is left, and only a pass that
 * found nothing wrong proves the table. `sample` holds keys of rows that were wrong when first read.
 * @throws VerificationFailed when a chunk's rows, counted twice in one snapshot, are not the same number: rows are hidden.
 */
export async function verifyRange(
  open: Open,
  verification: Verification,
  stage: Stage,
  range: KeyRange,
  from: string[] | null,
  fence: Fence,
  options: Parameters<Engine['verifyRange']>[5],
): Promise<VerifyResult> {
  // Nobody looks at a repair again after the last pass, so unlike a backfill's chunk it waits for the disk.
  const worker = await openWorker(open, 'verify', verification.table, verification.key, true);
  const result: VerifyResult = {
    status: 'done',
    last: from,
    rowsChecked: 0,
    wrong: 0,
    repaired: 0,
    sample: [],
  };
  try {
    const phase = await fencePhase(worker, fence);
    for (;;) {
      options.signal.throwIfAborted();
      if (clock.now() >= options.until) return { ...result, status: 'more' };
      const after = result.last ?? range.from;
      const read = (chunk: KeyRange) =>
        patiently(
          () => readChunk(worker, verification, stage, chunk),
          verification.table.name,
          options.signal,
        );
      const seen = await read({ from: after, to: range.to });
      if (seen.wrong > 0) {
        result.wrong += seen.wrong;
        result.sample.push(...seen.sample.slice(0, SAMPLE - result.sample.length));
        if (options.repair && verification.repair.length > 0) {
          const chunk = { from: after, to: seen.last };
          await patiently(
            () => repairChunk(worker, verification, stage, chunk, fence, phase),
            verification.table.name,
            options.signal,
          );
          const again = await read(chunk);
          result.repaired += Math.max(0, seen.wrong - again.wrong);
        }
      }
      result.rowsChecked += seen.rows;
      result.last = seen.last ?? result.last;
      if (seen.rows < CHUNK_ROWS) return result;
    }
  } finally {
    await worker.close();
  }
}

interface Seen {
  rows: number;
  wrong: number;
  last: string[] | null;
  sample: string[][];
}

/** At most CHUNK_ROWS rows: counted from the key's index, and again while each is held against the predicate. */
async function readChunk(
  session: Session,
  verification: Verification,
  stage: Stage,
  range: KeyRange,
): Promise<Seen> {
  const { key } = verification;
  const name = relation(verification.table);
  const after = range.from ? afterParameters(key, 1) : 'true';
  const until = range.to ? untilParameters(key, 1 + (range.from?.length ?? 0)) : 'true';
  const text = `WITH _theseus_page AS MATERIALIZED (
  SELECT ${keyList(key)} FROM ${name} WHERE ${after} AND ${until} ORDER BY ${keyList(key)} LIMIT ${CHUNK_ROWS}
), _theseus_boundary AS MATERIALIZED (
  SELECT ${keyList(key)} FROM _theseus_page ORDER BY ${keyListDescending(key)} LIMIT 1
), _theseus_checked AS (
  SELECT count(*)::int AS rows, (count(*) FILTER (WHERE wrong))::int AS wrong,
    (array_agg(key) FILTER (WHERE wrong)) [1:${SAMPLE}] AS sample
  FROM (SELECT ${keyText(key)} AS key, (${verification[stage]}) IS NOT TRUE AS wrong
        FROM ${name} WHERE ${after} AND ${untilRowOf(key, '_theseus_boundary')}) AS each
)
SELECT (SELECT count(*) FROM _theseus_page)::int AS expected, rows, wrong, coalesce(sample, '{}') AS sample,
  (SELECT ${keyText(key)} FROM _theseus_boundary) AS last FROM _theseus_checked`;
  const [row] = await prepared<Seen & { expected: number }>(session, text, [
    ...(range.from ?? []),
    ...(range.to ?? []),
  ]);
  if (!row || row.expected !== row.rows) {
    throw new VerificationFailed(
      `Of ${row?.expected ?? 0} rows of ${name}, ${row?.rows ?? 0} could be checked.`,
      {
        evidence: { table: name, from: range.from, to: row?.last ?? range.to },
        action: 'Look for row security or a damaged index on the table, then run the verification again.',
      },
    );
  }
  return row;
}

/** Derives the chunk's wrong rows again from their old form; a row that a client put right meanwhile is left alone. */
async function repairChunk(
  session: Session,
  verification: Verification,
  stage: Stage,
  chunk: KeyRange,
  fence: Fence,
  phase: string,
): Promise<void> {
  const { key } = verification;
  const bounds = [
    ...(chunk.from ? [afterParameters(key, 4)] : []),
    ...(chunk.to ? [untilParameters(key, 4 + (chunk.from?.length ?? 0))] : []),
  ];
  const set = verification.repair.map((part) => `${pg.escapeIdentifier(part.column)} = ${part.expression}`);
  const text = `WITH ${FENCE}, _theseus_repaired AS (
  UPDATE ${relation(verification.table)} SET ${set.join(', ')}
  WHERE EXISTS (SELECT FROM _theseus_fence) AND ${bounds.join(' AND ')} AND (${verification[stage]}) IS NOT TRUE RETURNING 1
)
SELECT (SELECT count(*) FROM _theseus_fence)::int AS fenced, (SELECT count(*) FROM _theseus_repaired)::int AS repaired`;
  const values = [...fenceValues(fence, phase), ...(chunk.from ?? []), ...(chunk.to ?? [])];
  const [row] = await prepared<{ fenced: number }>(session, text, values);
  if (row?.fenced !== 1) refuse(fence);
}

/** Runs a statement under a plan made once for the session. */
async function prepared<Row extends pg.QueryResultRow>(
  session: Session,
  text: string,
  values: unknown[],
): Promise<Row[]> {
  try {
    const name = `theseus ${shortHash(text)}`;
    return (await session.client.query<Row>({ name, text, values })).rows;
  } catch (error) {
    throw statementError(error, text);
  }
}
