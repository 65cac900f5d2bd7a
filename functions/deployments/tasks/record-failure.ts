import { z } from 'zod';
import { readFailure } from '#platform/causes.ts';
import { task } from '#platform/task.ts';
import { changeDeployment } from '../deployment-store.ts';
import { changeAfterFailure, failureOf } from '../executions/failures.ts';
import { TaskOfDeployment } from '../schemas.ts';

/** Names that say what a person has to know when a wait was too long. */
const waits: Record<string, string> = {
  TakeSlot: 'Its turn did not come within 7 days',
  RequestApproval: 'Nobody approved it within 7 days',
};

/** Writes down what failed with its figures; `back` when traffic is to go back now. */
export const handler = task({
  name: 'record-failure',
  input: TaskOfDeployment.extend({ state: z.string(), error: z.string(), cause: z.string() }),
  output: z.strictObject({ back: z.boolean() }),
  async handler({ state, error, cause, deploymentId, execution }) {
    const late = error === 'States.Timeout' ? waits[state] : undefined;
    const failure = readFailure(late === undefined ? error : 'WaitedTooLong', late ?? cause);
    const record = await changeDeployment(deploymentId, (current) =>
      current.execution.name === execution
        ? changeAfterFailure(current, failureOf(failure, current), state)
        : undefined,
    );
    return { back: record.execution.name === execution && record.status === 'rolling_back' };
  },
});
