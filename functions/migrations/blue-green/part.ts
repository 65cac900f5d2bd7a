import type { TaskTools } from '#platform/task.ts';
import { runOptions } from '../databases/target.ts';
import { clearSchema } from '../engines/postgresql/blue-green/definitions.ts';
import {
  dropStream,
  dropSubscription,
  dropWithoutSubscriber,
  endOthers,
} from '../engines/postgresql/blue-green/drop.ts';
import { isClosed } from '../engines/postgresql/blue-green/gate.ts';
import { holdWriters } from '../engines/postgresql/blue-green/hold.ts';
import { dropMarks } from '../engines/postgresql/blue-green/marks.ts';
import { type Side, streamNames, streamsOf, withSide } from '../engines/postgresql/blue-green/sides.ts';
import * as streams from '../engines/postgresql/blue-green/streams.ts';
import { enterPhase } from '../executions/history.ts';
import { changeMigration } from '../migration-store.ts';
import type { MigrationRecord } from '../records.ts';
import { type Pair, urlsOf, withPair } from './pair.ts';
import { changeState } from './record.ts';

interface Task {
  migrationId: string;
  epoch: number;
  outcome: 'completed' | 'rolled_back';
  alone?: boolean | undefined;
}

/**
 * Ends replication and leaves nothing of it on either side: a slot left behind would fill a disk. The side that clients
 * left refuses their writes from then on, so that nothing is written where nobody would look; a copy that never served is
 * cleared. `alone`: the old server is gone for good, and what it may have is named in the record. May be run again at any
 * point. Throws FenceLost, LockBudgetExceeded and what opening a database throws.
 */
export async function partSides(
  { migrationId, epoch, outcome, alone = false }: Task,
  tools: TaskTools,
): Promise<void> {
  const record = await enterPhase(migrationId, epoch, outcome === 'completed' ? 'complete' : 'revert');
  if (alone) return partAlone(record);
  const { signal } = runOptions(tools);
  await withPair(record, { migration: migrationId, epoch }, 'part', async (pair) => {
    for (const side of [pair.blue, pair.green]) await endOthers(side, migrationId);
    const { toGreen, toBlue } = streamsOf(migrationId, pair);
    const served = record.blueGreen?.switchedAt != null;
    if (served) await closeLeft(pair, outcome === 'completed' ? 'blue' : 'green', signal);
    if (outcome === 'completed') await changeState(migrationId, { parting: true });
    await dropStream(toGreen);
    await dropStream(toBlue);
    for (const side of [pair.blue, pair.green]) await dropMarks(side, migrationId);
    if (!served && record.blueGreen?.copyBegun) await clearSchema(pair.green.session, record.schema);
  });
}

/** Nothing is written any more on the side that clients left, and the other has all that was. */
async function closeLeft(pair: Pair, left: 'blue' | 'green', signal: AbortSignal): Promise<void> {
  const { plan, record, names } = pair;
  const side: Side = pair[left];
  if (await isClosed(side, record.id)) return;
  const { toGreen, toBlue } = streamsOf(record.id, pair);
  const stream = left === 'blue' ? toGreen : toBlue;
  if (!(await streams.isFollowing(stream))) return;
  await holdWriters(
    {
      stream,
      tables: plan.tables.map(({ name }) => name),
      gated: plan.gated,
      close: { migration: record.id, where: left === 'blue' ? names.green : names.blue },
      clientsStopped: false,
      signal,
    },
    async () => {},
  );
}

async function partAlone(record: MigrationRecord): Promise<void> {
  const { id: migrationId } = record;
  const { green } = await urlsOf(record);
  const names = streamNames(migrationId);
  await changeState(migrationId, { parting: true });
  await withSide(green, [migrationId, 'part'], async (side) => {
    await endOthers(side, migrationId);
    await dropWithoutSubscriber({ name: names.toBlue, from: side });
    await dropSubscription({ name: names.toGreen, to: side });
    await dropMarks(side, migrationId);
  });
  const left = `${record.databaseName} could not be reached: it may keep the subscription ${names.toBlue}, the publication ${names.toGreen} and its slot`;
  await changeMigration(migrationId, ({ differences }) =>
    differences.includes(left) ? undefined : { set: { differences: [...differences, left] } },
  );
}
