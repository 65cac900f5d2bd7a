import { RecordUnreadable } from '#platform/errors.ts';
import { withTarget } from '../databases/target.ts';
import type { RowSource } from '../engines/engine.ts';
import type { DataPlan, Load, Plan } from '../plan/schemas.ts';
import { transformOf } from './transform.ts';

/** What a data migration copies. Throws RecordUnreadable for a plan that copies nothing. */
export function dataOf(plan: Plan): DataPlan {
  if (plan.data !== undefined) return plan.data;
  throw new RecordUnreadable(`The plan of ${plan.name} copies no rows`, { evidence: { name: plan.name } });
}

/** Opens the source's side of a load for the length of `work`. Throws what withTarget and transformOf throw. */
export async function withSource<T>(
  migrationId: string,
  data: DataPlan,
  load: Load,
  work: (source: RowSource) => Promise<T>,
): Promise<T> {
  const transform = await transformOf(load);
  return withTarget({ id: migrationId, databaseId: data.source.databaseId }, 'source', async (engine) => {
    const source = await engine.openRowSource(load, transform);
    try {
      return await work(source);
    } finally {
      await source.close();
    }
  });
}
