import { z } from 'zod';
import { reconcileOpen } from '#platform/open-work.ts';
import { task } from '#platform/task.ts';
import { readDeprecationWork } from '../deprecations/deprecation-store.ts';
import { deprecationOfExecution } from '../deprecations/execution.ts';
import { reconcileDeprecation } from '../deprecations/reconciler.ts';
import { DeprecationId } from '../deprecations/schemas.ts';

/**
 * Brings deprecations on. By a schedule of one: the deprecation whose time has come. By an event: the one whose execution
 * failed, timed out or was aborted. By its own schedule: every one whose time has come and that nobody started.
 */
export const handler = task({
  name: 'reconcile-deprecations',
  input: z.looseObject({
    deprecationId: DeprecationId.optional(),
    detail: z.looseObject({ name: z.string() }).optional(),
  }),
  output: z.strictObject({ looked: z.int(), acted: z.int() }),
  async handler({ deprecationId, detail }, tools) {
    const id = deprecationId ?? (detail === undefined ? undefined : deprecationOfExecution(detail.name));
    if (id !== undefined) return { looked: 1, acted: (await reconcileDeprecation(id, tools)) ? 1 : 0 };
    if (detail !== undefined) return { looked: 0, acted: 0 };
    return reconcileOpen('deprecation', readDeprecationWork, tools, (each) =>
      reconcileDeprecation(each, tools),
    );
  },
});
