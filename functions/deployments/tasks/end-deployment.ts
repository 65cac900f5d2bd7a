import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { readDeployment } from '../deployment-store.ts';
import { changeActing } from '../executions/acting.ts';
import { passOn } from '../executions/turns.ts';
import { assertActs } from '../executions/workflow.ts';
import type { DeploymentRecord } from '../records.ts';
import { tellRelease } from '../releases/waiting.ts';
import { type DeploymentStatus, TaskOfDeployment } from '../schemas.ts';

/** Rolled back: it had traffic and lost it. Before that somebody gave it up, or it failed. */
function endOf({ traffic, green, cancel }: DeploymentRecord): DeploymentStatus {
  if (traffic !== null && green?.blue !== null) return 'rolled_back';
  return cancel === null || traffic !== null ? 'failed' : 'cancelled';
}

/** Ends a deployment whose version did not stay; whoever waits for its turn begins. */
export const handler = task({
  name: 'end-deployment',
  input: TaskOfDeployment.extend({ left: z.string().optional() }),
  output: z.strictObject({ status: z.string() }),
  async handler({ left, ...acting }, { metrics }) {
    const before = await readDeployment(acting.deploymentId);
    assertActs(before, acting.execution);
    await passOn(before);
    const record = await changeActing(acting, (current) => {
      if (current.status !== 'rolling_back') return undefined;
      const status = endOf(current);
      const note = left === undefined ? [] : [`The new version was not cleaned up: ${left}`];
      return {
        set: { status, phase: null, endedAt: clock.iso(), notes: [...current.notes, ...note] },
        events: [
          {
            type: `deployment.${status === 'failed' ? 'ended' : status}`,
            actor: 'theseus',
            data: { failure: current.failure?.name ?? null, message: current.failure?.message ?? null },
          },
        ],
      };
    });
    await tellRelease(record);
    metrics.count(record.status === 'rolled_back' ? 'DeploymentRolledBack' : 'DeploymentFailed');
    return { status: record.status };
  },
});
