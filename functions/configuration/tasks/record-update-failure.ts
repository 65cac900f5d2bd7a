import { z } from 'zod';
import { readFailure } from '#platform/causes.ts';
import { task } from '#platform/task.ts';
import { changeAfterFailure, failureOf } from '../updates/failures.ts';
import { TaskOfUpdate } from '../updates/schemas.ts';
import { changeUpdate } from '../updates/update-store.ts';

/** Names that say what a person has to know when a wait was too long. */
const waits: Record<string, string> = {
  TakeSlots: 'Its turn did not come within 7 days',
  AwaitApproval: 'Nobody approved it within 7 days',
};

/** Writes down what failed; `back` when the values from before are to be in force again. */
export const handler = task({
  name: 'record-update-failure',
  input: TaskOfUpdate.extend({ state: z.string(), error: z.string(), cause: z.string() }),
  output: z.strictObject({ back: z.boolean() }),
  async handler({ state, error, cause, updateId, execution }) {
    const late = error === 'States.Timeout' ? waits[state] : undefined;
    const failure = readFailure(late === undefined ? error : 'WaitedTooLong', late ?? cause);
    const record = await changeUpdate(updateId, (current) =>
      current.execution.name === execution
        ? changeAfterFailure(current, failureOf(failure, current))
        : undefined,
    );
    return { back: record.execution.name === execution && record.status === 'rolling_back' };
  },
});
