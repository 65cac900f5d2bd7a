import { readPlan } from '../artifacts.ts';
import { findDatabase } from '../databases/databases.ts';
import { connectionString } from '../databases/target.ts';
import type { Fence } from '../engines/engine.ts';
import { type Sides, withSides } from '../engines/postgresql/blue-green/sides.ts';
import { checkFence } from '../engines/postgresql/fence.ts';
import type { MigrationRecord } from '../records.ts';
import type { BlueGreenPlan } from './schemas.ts';

export interface Pair extends Sides {
  record: MigrationRecord;
  plan: BlueGreenPlan;
  /** Names of the registered databases. */
  names: { blue: string; green: string };
}

/** The plan of a move. Throws NotFound for a migration that is none. */
export async function movePlan(record: MigrationRecord): Promise<BlueGreenPlan> {
  const { blueGreen } = await readPlan(record);
  if (blueGreen === undefined)
    throw new RangeError(`Migration ${record.id} moves nothing to another database`);
  return blueGreen;
}

/** Connections of both databases of a move, as they are registered. */
export async function urlsOf(record: Pick<MigrationRecord, 'databaseId' | 'blueGreen'>) {
  const [blue, green] = await Promise.all(
    [record.databaseId, record.blueGreen?.target.id ?? ''].map(async (id) =>
      connectionString((await findDatabase(id)).secretArn),
    ),
  );
  return { blue: blue ?? '', green: green ?? '' };
}

/**
 * Opens both databases for the length of `work`, after the old one has said that this epoch acts. Throws FenceLost and
 * what opening a database throws.
 */
export async function withPair<T>(
  record: MigrationRecord,
  fence: Fence,
  purpose: string,
  work: (pair: Pair) => Promise<T>,
): Promise<T> {
  const plan = await movePlan(record);
  const names = { blue: record.databaseName, green: plan.target.name };
  return withSides(await urlsOf(record), [record.id, purpose], async (sides) => {
    await checkFence(sides.blue.session, fence);
    return work({ ...sides, record, plan, names });
  });
}
