import { z } from 'zod';
import { task } from '#platform/task.ts';
import { readDeployment } from '../deployment-store.ts';
import { assertActs } from '../executions/workflow.ts';
import { TaskOfDeployment } from '../schemas.ts';
import { madeOf } from '../targets/registry.ts';

/** Takes away what was made for the version that did not stay. */
export const handler = task({
  name: 'clean-up-green',
  input: TaskOfDeployment,
  output: z.strictObject({}),
  async handler({ deploymentId, execution }, { signal }) {
    const record = await readDeployment(deploymentId);
    assertActs(record, execution);
    // Where nothing served before, the new version keeps what it has.
    if (record.green === null || (record.green.blue === null && record.traffic !== null)) return {};
    const { actions, subject, made } = madeOf(record);
    await actions.cleanUpGreen(subject, made, signal);
    return {};
  },
});
