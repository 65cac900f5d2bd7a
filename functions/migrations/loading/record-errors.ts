import { clock } from '#platform/clock.ts';
import { Conflict } from '#platform/errors.ts';
import { readPlan } from '../artifacts.ts';
import { withTarget } from '../databases/target.ts';
import type { RecordError, RunOptions } from '../engines/engine.ts';
import { changeMigration, readMigration } from '../migration-store.ts';
import type { Redriven } from './refused.ts';
import { dataOf, withSource } from './source.ts';

/** Records refused by a migration after a number, oldest first. */
export async function listRefused(migrationId: string, after: number, limit: number): Promise<RecordError[]> {
  const record = await readMigration(migrationId);
  return withTarget(record, 'errors', (engine) => engine.recordErrors(migrationId, after, limit));
}

const page = 100;
/** A call of the API waits for it. */
const longestMs = 18_000;

/**
 * Loads the records that were refused once more, after a cause was removed: while the migration is paused, or once it is
 * completed. Throws Conflict when neither is so, FenceLost when something else acts for it meanwhile.
 */
export async function redriveRefused(
  migrationId: string,
  actor: string,
  options: RunOptions,
): Promise<Redriven> {
  const record = await readMigration(migrationId);
  if (record.status !== 'paused' && record.status !== 'completed') {
    throw new Conflict(
      `Migration ${migrationId} is ${record.status}: records are loaded again while it is paused or completed`,
      {
        evidence: { status: record.status },
        action: `theseus migration pause ${migrationId}, or wait until it is completed.`,
      },
    );
  }
  const data = dataOf(await readPlan(record));
  const fence = { migration: migrationId, epoch: record.epoch };
  const until = Math.min(options.until, clock.now() + longestMs);
  return withTarget(record, 'redrive', async (engine) => {
    let after = 0;
    let tried = 0;
    let taken = 0;
    let more = false;
    for (;;) {
      options.signal.throwIfAborted();
      const refused = await engine.recordErrors(migrationId, after, page);
      if (refused.length === 0) break;
      if (clock.now() >= until) {
        more = true;
        break;
      }
      // What is referred to comes first, as it did before.
      const inOrder = data.levels.flat().flatMap((id) => data.loads.filter((load) => load.id === id));
      for (const load of inOrder) {
        const keys = refused.filter((one) => one.load === load.id).map(({ key }) => key);
        if (keys.length === 0) continue;
        taken += await withSource(migrationId, data, load, (source) =>
          engine.redriveRecords(load, source, keys, fence),
        );
      }
      tried += refused.length;
      after = refused.at(-1)?.number ?? after;
    }
    const left = await engine.countRecordErrors(migrationId);
    await changeMigration(migrationId, () => ({
      set: { openErrors: left },
      events: [{ type: 'errors.redriven', actor, data: { tried, taken, left } }],
    }));
    return { tried, taken, left, more };
  });
}
