import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { readDeployment } from '../deployment-store.ts';
import { changeActing } from '../executions/acting.ts';
import { passOn } from '../executions/turns.ts';
import { assertActs } from '../executions/workflow.ts';
import { tellRelease } from '../releases/waiting.ts';
import { TaskOfDeployment } from '../schemas.ts';

/** Ends a deployment whose version has all traffic for good; whoever waits for its turn begins. */
export const handler = task({
  name: 'complete-deployment',
  input: TaskOfDeployment,
  output: z.strictObject({}),
  async handler(acting, { metrics }) {
    const record = await readDeployment(acting.deploymentId);
    assertActs(record, acting.execution);
    // First the turn, then the end: who died between comes back here.
    await passOn(record);
    const ended = await changeActing(acting, ({ status, request }) =>
      status === 'completed'
        ? undefined
        : {
            set: { status: 'completed', phase: null, endedAt: clock.iso() },
            events: [{ type: 'deployment.completed', actor: 'theseus', data: { version: request.version } }],
          },
    );
    await tellRelease(ended);
    metrics.count('DeploymentCompleted');
    return {};
  },
});
