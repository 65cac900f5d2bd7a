import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { placeSchema } from '#platform/records.ts';
import { task } from '#platform/task.ts';
import { checkThroughConnector } from '../databases/connector-calls.ts';
import { listDatabases } from '../databases/databases.ts';
import { publishDrift } from '../schema-versions/drift.ts';
import { keys, readItem, writeItem } from '../store.ts';

/** Databases looked at in one run; the next run goes on behind them. */
const databasesARun = 20;
/** A database that does not answer takes this long at most, ms; a run that has less left ends. */
const checkMs = 30_000;
const Cursor = z.object({ from: placeSchema.nullable() });

/** Looks at a few databases in turn for changes that no migration made, and publishes the events of what was found. */
export const handler = task({
  name: 'detect-drift',
  input: z.looseObject({}),
  output: z.strictObject({ looked: z.int(), drifted: z.int() }),
  async handler(_input, { deadline, logger, metrics, requestId }) {
    const cursor = await readItem(Cursor, keys.driftCursor());
    const { items, next } = await listDatabases(databasesARun, cursor?.from ?? undefined);
    let looked = 0;
    let drifted = 0;
    let last = cursor?.from ?? null;
    for (const database of items) {
      if (deadline() < 2 * checkMs) break;
      looked += 1;
      last = keys.databaseEntry(database.name);
      try {
        const asked = { schema: null, accept: false, actor: 'theseus', waitMs: checkMs };
        const { drift } = await checkThroughConnector(database, asked, requestId);
        if (drift) drifted += 1;
        await publishDrift({ databaseId: database.id, schema: database.schema });
      } catch (error) {
        metrics.count('DriftCheckFailed');
        logger.warn('schema not checked', { database: database.id, error: String(error) });
      }
    }
    const over = looked === items.length && next === undefined;
    await writeItem(keys.driftCursor(), { from: over ? null : last, at: clock.iso() });
    return { looked, drifted };
  },
});
