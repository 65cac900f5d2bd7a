import { z } from 'zod';
import { task } from '#platform/task.ts';
import { reconcileAll, reconcileDeployment } from '../executions/reconciler.ts';
import { deploymentOfExecution } from '../executions/workflow.ts';
import { reconcileRelease, reconcileReleases } from '../releases/reconciler.ts';
import { releaseOfExecution } from '../releases/workflow.ts';

/**
 * Sees to what no Catch can see. By an event: the deployment whose execution failed, timed out or was aborted. By the
 * schedule: every deployment that is active.
 */
export const handler = task({
  name: 'reconcile',
  input: z.looseObject({ detail: z.looseObject({ name: z.string() }).optional() }),
  output: z.strictObject({ looked: z.int(), acted: z.int() }),
  async handler({ detail }, tools) {
    if (detail === undefined) {
      const deployments = await reconcileAll(tools);
      const releases = await reconcileReleases(tools);
      return { looked: deployments.looked + releases.looked, acted: deployments.acted + releases.acted };
    }
    const release = releaseOfExecution(detail.name);
    if (release !== undefined) return { looked: 1, acted: (await reconcileRelease(release)) ? 1 : 0 };
    const id = deploymentOfExecution(detail.name);
    if (id === undefined) return { looked: 0, acted: 0 };
    return { looked: 1, acted: (await reconcileDeployment(id, tools.logger)) ? 1 : 0 };
  },
});
