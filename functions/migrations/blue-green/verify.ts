import { clock } from '#platform/clock.ts';
import type { TaskTools } from '#platform/task.ts';
import { runOptions } from '../databases/target.ts';
import { compareTable } from '../engines/postgresql/blue-green/compare.ts';
import { type Stream, streamsOf } from '../engines/postgresql/blue-green/sides.ts';
import { VerificationFailed } from '../errors.ts';
import { enterPhase } from '../executions/history.ts';
import { decideRanges, readRange, saveRange } from '../executions/progress.ts';
import type { RangeRecord } from '../records.ts';
import { assertUnchanged } from './copy.ts';
import { lookAtLag } from './lag.ts';
import { type Pair, withPair } from './pair.ts';

const shown = 10;

/**
 * Compares every table of both sides from where it was left. `done` when all of them were walked to their end; what
 * differs is in the ranges then.
 */
export async function compareSides(
  { record, plan }: Pair,
  stream: Stream,
  { stage, epoch }: { stage: 'verify' | 'verify-published'; epoch: number },
  { until, signal }: { until: number; signal: AbortSignal },
): Promise<{ done: boolean; ranges: RangeRecord[] }> {
  const estimates = new Map(record.plan?.tables.map(({ name, estimatedRows }) => [name, estimatedRows]));
  const tables = plan.tables.map((table, index) => ({
    table,
    name: record.plan?.tables[index]?.name ?? table.name,
  }));
  await decideRanges(record.id, {
    stage,
    pass: 1,
    ranges: tables.map(({ name }) => ({
      work: name,
      range: 0,
      table: name,
      from: null,
      to: null,
      estimatedRows: estimates.get(name) ?? 0,
    })),
  });
  const ranges: RangeRecord[] = [];
  for (const { table, name } of tables) {
    const before = await readRange(record.id, stage, 1, { work: name, range: 0 }, name);
    if (before.status === 'done') {
      ranges.push(before);
      continue;
    }
    if (clock.now() >= until) return { done: false, ranges };
    const began = clock.monotonic();
    const found = await compareTable(stream, table, before.last, {
      signal,
      ended: () => clock.now() >= until,
    });
    const after: RangeRecord = {
      ...before,
      epoch,
      status: found.done ? 'done' : 'working',
      last: found.last,
      rowsSeen: before.rowsSeen + found.rows,
      wrong: before.wrong + found.differences,
      sample: [...before.sample, ...found.different].slice(0, shown),
      rowsPerSecond: found.rows / Math.max(0.001, (clock.monotonic() - began) / 1_000),
      updatedAt: clock.now(),
    };
    await saveRange(record.id, after);
    ranges.push(after);
    if (!found.done) return { done: false, ranges };
  }
  return { done: true, ranges };
}

/** What differs, in words: tables with the keys of their first rows. */
export const differencesOf = (ranges: RangeRecord[]): string[] =>
  ranges
    .filter(({ wrong }) => wrong > 0)
    .map(
      ({ table, wrong, sample }) => `${table}: ${wrong} rows, first ${JSON.stringify(sample.slice(0, 3))}`,
    );

/** How long rows are compared between two looks at the lag, ms: a disk fills meanwhile. */
const comparingMs = 60_000;

/**
 * Compares both sides before clients move. May be run again at any point. Throws VerificationFailed naming rows that are
 * not the same, LagTooGreat, ReplicationLost, SchemaChanged, FenceLost.
 */
export async function verifyGreen(
  { migrationId, epoch }: { migrationId: string; epoch: number },
  tools: TaskTools,
): Promise<{ status: 'done' | 'running' }> {
  const record = await enterPhase(migrationId, epoch, 'verify');
  const fence = { migration: migrationId, epoch };
  return withPair(record, fence, 'verify', async (pair) => {
    const { toGreen } = streamsOf(migrationId, pair);
    const { until, signal } = runOptions(tools);
    for (;;) {
      // A rollback that was asked for ends the comparison here.
      await enterPhase(migrationId, epoch, 'verify');
      await lookAtLag(pair, { toGreen: true, toBlue: false });
      const limit = { until: Math.min(until, clock.now() + comparingMs), signal };
      const { done, ranges } = await compareSides(pair, toGreen, { stage: 'verify', epoch }, limit);
      if (done) {
        refuseDifferences(ranges);
        break;
      }
      if (clock.now() >= until) return { status: 'running' };
    }
    await assertUnchanged(pair.blue.session, record.definitionsKey);
    return { status: 'done' };
  });
}

function refuseDifferences(ranges: RangeRecord[]): void {
  const differences = differencesOf(ranges);
  if (differences.length > 0) {
    throw new VerificationFailed(`The new database does not have the same rows: ${differences[0]}`, {
      evidence: { differences: differences.slice(0, 20) },
      action:
        'Look for writers of the new database: until the switch nobody but replication may write there.',
    });
  }
}
