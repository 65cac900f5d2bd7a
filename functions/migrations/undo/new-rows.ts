import type { Engine, Fence, RunOptions } from '../engines/engine.ts';
import type { StepsResult } from '../executions/steps.ts';
import { changeMigration } from '../migration-store.ts';
import type { Plan } from '../plan/schemas.ts';
import { newForm } from '../plan/strategies.ts';
import type { MigrationRecord } from '../records.ts';

/**
 * schema_only: copies what only the new form holds into tables of its own, before it is dropped. Does nothing for
 * another way back. `running` when the invocation ends before.
 */
export async function keepNewRows(
  engine: Engine,
  record: MigrationRecord,
  plan: Plan,
  fence: Fence,
  options: RunOptions,
): Promise<StepsResult> {
  const { wayBack } = record;
  if (wayBack?.strategy !== 'schema_only') return { status: 'done' };
  for (const { table, key, columns } of newForm(plan)) {
    const kept = wayBack.kept.find((one) => one.table === table.name);
    if (kept === undefined || kept.rows !== null) continue;
    const into = { schema: kept.into.schema, name: kept.into.table, oid: null };
    const comment = `What the version ${plan.versionSchema} held of ${table.name} when ${record.id} was taken back`;
    const copied = await engine.keepRows({ table, into, key, columns, comment }, fence, options);
    if (copied.status === 'running') return { status: 'running' };
    await changeMigration(record.id, ({ wayBack: way }) =>
      way === null
        ? undefined
        : {
            set: {
              wayBack: {
                ...way,
                kept: way.kept.map((one) =>
                  one.table === table.name ? { ...one, rows: copied.rows, key: copied.key } : one,
                ),
              },
            },
            events: [
              {
                type: 'way_back.rows_kept',
                actor: 'theseus',
                data: { table: table.name, into: kept.into, rows: copied.rows },
              },
            ],
          },
    );
  }
  return { status: 'done' };
}
