import { z } from 'zod';
import { task } from '#platform/task.ts';
import { deleteBackups } from '../backups/delete-backups.ts';
import { reconcileAll, reconcileMigration } from '../executions/reconciler.ts';
import { migrationOfExecution } from '../executions/workflow.ts';
import { reconcileFleets } from '../fleet/reconcile.ts';

const Input = z.looseObject({
  detail: z.looseObject({ name: z.string(), input: z.string().nullish() }).optional(),
});
const ExecutionInput = z.looseObject({ migrationId: z.string() });

/** The migration an ended execution worked for: by its input, or by its name when the input was too large to send. */
function migrationOf(detail: { name: string; input?: string | null | undefined }): string | undefined {
  try {
    return ExecutionInput.parse(JSON.parse(detail.input ?? '')).migrationId;
  } catch {
    return migrationOfExecution(detail.name);
  }
}

/**
 * Sees to what no Catch can see. By an event: the migration whose execution failed, timed out or was aborted.
 * By the schedule: every migration that is active, and the backups whose time is over.
 */
export const handler = task({
  name: 'reconcile',
  input: Input,
  output: z.strictObject({ looked: z.int(), acted: z.int() }),
  async handler({ detail }, tools) {
    if (detail === undefined) {
      await deleteBackups(tools);
      const migrations = await reconcileAll(tools);
      const fleets = await reconcileFleets(tools);
      return { looked: migrations.looked + fleets.looked, acted: migrations.acted + fleets.acted };
    }
    const id = migrationOf(detail);
    if (id === undefined) return { looked: 0, acted: 0 };
    return { looked: 1, acted: (await reconcileMigration(id, tools.logger)) ? 1 : 0 };
  },
});
