import { z } from 'zod';
import { readFailure } from '#platform/causes.ts';
import { task } from '#platform/task.ts';
import { changeDeployment } from '../deployment-store.ts';
import { failureOf } from '../executions/failures.ts';
import { tellRelease } from '../releases/waiting.ts';
import { TaskOfDeployment } from '../schemas.ts';

/** The way back failed for long: says so as loudly as it can, for a person has to look. */
export const handler = task({
  name: 'give-up',
  input: TaskOfDeployment.extend({ error: z.string(), cause: z.string() }),
  output: z.strictObject({}),
  async handler({ deploymentId, execution, error, cause }, { metrics, logger }) {
    metrics.count('NeedsAttention');
    logger.error('traffic could not be shifted back', { deployment: deploymentId, error });
    const given = await changeDeployment(deploymentId, (record) => {
      if (record.execution.name !== execution || record.status !== 'rolling_back') return undefined;
      const found = failureOf(readFailure(error, cause), record);
      const failure = {
        ...found,
        message: `Traffic was not shifted back: ${found.message}`.slice(0, 2_000),
        action: `Remove the cause, then: theseus deployment rollback ${record.id}`,
        evidence: { ...found.evidence, first: record.failure?.message ?? null },
      };
      return {
        set: { status: 'needs_attention', failure },
        events: [
          { type: 'deployment.needs_attention', actor: 'theseus', data: { message: failure.message } },
        ],
      };
    });
    await tellRelease(given);
    return {};
  },
});
