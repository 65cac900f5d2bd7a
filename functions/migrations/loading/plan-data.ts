import { InvalidInput } from '#platform/errors.ts';
import type { DataFile } from '../data/file.ts';
import { createDataPlan } from '../data/plan.ts';
import { findDatabase } from '../databases/databases.ts';
import { withTarget } from '../databases/target.ts';
import type { Plan } from '../plan/schemas.ts';
import type { MigrationRecord } from '../records.ts';
import { transformOf } from './transform.ts';

/**
 * Plans the copy of rows from one schema or database into another; reads both and changes neither. Throws InvalidInput
 * naming what does not fit, NotFound for a source that is not registered.
 */
export async function planData(
  record: Pick<MigrationRecord, 'id' | 'databaseId' | 'schema' | 'options'>,
  file: DataFile,
): Promise<Plan> {
  const target = await findDatabase(record.databaseId);
  const source = file.from.database === undefined ? target : await findDatabase(file.from.database);
  if (source.connector?.id !== target.connector?.id) {
    const detail = `${source.name} is reached through ${source.connector?.name ?? 'the default connector'}, ${target.name} through ${target.connector?.name ?? 'the default connector'}: rows go through one function, which has to reach both`;
    throw new InvalidInput(detail, {
      problems: [{ pointer: '/data/from/database', detail }],
      action: 'Register both databases with a connector that reaches them.',
    });
  }
  const { loginRole, allViews } = record.options;
  if (loginRole !== undefined || allViews !== undefined) {
    const detail = 'A data migration publishes no version: a login role or views of it there are none';
    throw new InvalidInput(detail, {
      problems: [{ pointer: '/body/options', detail }],
      action: 'Leave loginRole and allViews out.',
    });
  }
  const schema = file.from.schema ?? source.schema;
  const watched = { id: record.id, databaseId: source.id };
  return withTarget(watched, 'plan', (from) =>
    withTarget(record, 'plan', async (to) => {
      const plan = await createDataPlan({
        file,
        source: {
          databaseId: source.id,
          name: source.name,
          schema,
          snapshot: await from.snapshot(schema),
          sameDatabase: source.id === target.id,
        },
        target: await to.snapshot(record.schema),
        describe: (...asked) => from.describeRows(...asked),
        hasRows: (table) => to.hasRows(table),
        watermarks: await to.watermarks(file.name, record.schema),
      });
      for (const load of plan.data?.loads ?? []) await transformOf(load);
      return plan;
    }),
  );
}
