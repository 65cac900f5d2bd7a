import { clock } from '#platform/clock.ts';
import type { TaskTools } from '#platform/task.ts';
import { runOptions } from '../databases/target.ts';
import { prepareReads } from '../engines/postgresql/blue-green/definitions.ts';
import { caughtUp, makeMarks, marksOf } from '../engines/postgresql/blue-green/marks.ts';
import { type Stream, streamsOf } from '../engines/postgresql/blue-green/sides.ts';
import * as streams from '../engines/postgresql/blue-green/streams.ts';
import { enterPhase } from '../executions/history.ts';
import { decideRanges, readRange, saveRange } from '../executions/progress.ts';
import type { MigrationRecord } from '../records.ts';
import { lookAtLag } from './lag.ts';
import { type Pair, withPair } from './pair.ts';

const lookMs = 500;
/** The other side is near enough when it has what was written before within this, ms. */
const nearMs = 5_000;

/**
 * Lets the new database copy all rows and follow, and, where both sides may be written to, the old one follow it. May be
 * run again at any point; `running` when the invocation ends before the work does. Throws LagTooGreat, ReplicationLost,
 * FenceLost.
 */
export async function followBlue(
  { migrationId, epoch }: { migrationId: string; epoch: number },
  tools: TaskTools,
): Promise<{ status: 'done' | 'running' }> {
  const record = await enterPhase(migrationId, epoch, 'follow');
  const { until, signal } = runOptions(tools);
  const fence = { migration: migrationId, epoch };
  return withPair(record, fence, 'follow', async (pair) => {
    const { plan, green } = pair;
    const { toGreen, toBlue } = streamsOf(migrationId, pair);
    const published = [...plan.tables.map(({ name }) => name), marksOf(migrationId)];
    await makeMarks(pair, migrationId);
    await streams.publish(toGreen, published);
    await streams.subscribe(toGreen, { copy: true, ownOnly: plan.twoWay });
    await planProgress(record);
    for (;;) {
      if (clock.now() >= until) return { status: 'running' };
      // A rollback that was asked for ends the wait here.
      await enterPhase(migrationId, epoch, 'follow');
      await lookAtLag(pair, { toGreen: true, toBlue: false });
      const { all, following } = await streams.tablesFollowing(toGreen);
      await showProgress(pair, epoch, toGreen, following);
      if (all > 0 && following.length === all && (await caughtUp(toGreen, nearMs, signal))) break;
      await clock.sleep(lookMs, signal);
    }
    await prepareReads(
      green.session,
      record.schema,
      plan.tables.map(({ name }) => name),
    );
    if (plan.twoWay) {
      await streams.publish(toBlue, published);
      await streams.subscribe(toBlue, { copy: false, ownOnly: true });
    }
    return { status: 'done' };
  });
}

async function planProgress(record: MigrationRecord): Promise<void> {
  const tables = record.plan?.tables ?? [];
  await decideRanges(record.id, {
    stage: 'backfill',
    pass: 1,
    ranges: tables.map(({ name, estimatedRows }) => ({
      work: name,
      range: 0,
      table: name,
      from: null,
      to: null,
      estimatedRows,
    })),
  });
}

/** Rows copied, table by table; partitions are not told apart. */
async function showProgress(
  { record }: Pair,
  epoch: number,
  stream: Stream,
  following: string[],
): Promise<void> {
  const copied = await streams.copyProgress(stream);
  for (const { name, estimatedRows } of record.plan?.tables ?? []) {
    const done = following.includes(name);
    const rows = done ? estimatedRows : copied.get(name);
    if (rows === undefined) continue;
    const range = await readRange(record.id, 'backfill', 1, { work: name, range: 0 }, name);
    if (range.status === 'done') continue;
    await saveRange(record.id, {
      ...range,
      epoch,
      status: done ? 'done' : 'working',
      rowsSeen: Math.max(range.rowsSeen, rows),
      rowsWritten: Math.max(range.rowsWritten, rows),
      updatedAt: clock.now(),
    });
  }
}
