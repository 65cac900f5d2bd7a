import { z } from 'zod';
import { readFailure } from '#platform/causes.ts';
import { redactText } from '#platform/redact.ts';
import { task } from '#platform/task.ts';
import { changeRollout, isOpen } from '../rollouts/rollout-store.ts';
import { TaskOfRollout } from '../rollouts/schemas.ts';

/** Writes down what failed; `back` when the flag is to be as it was before. */
export const handler = task({
  name: 'record-rollout-failure',
  input: TaskOfRollout.extend({ state: z.string(), error: z.string(), cause: z.string() }),
  output: z.strictObject({ back: z.boolean() }),
  async handler({ state, error, cause, rolloutId, execution }) {
    const { name, message } = readFailure(error, cause);
    const reason = redactText(`${name} in ${state}: ${message}`).slice(0, 2_000);
    const record = await changeRollout(rolloutId, (current) =>
      current.execution.name !== execution || !isOpen(current) || current.status === 'rolling_back'
        ? undefined
        : {
            set: { status: 'rolling_back', reason, paused: null, promote: null },
            events: [
              { type: 'rollout.failed', actor: 'theseus', data: { failure: name, why: reason, state } },
            ],
          },
    );
    return { back: record.execution.name === execution && record.status === 'rolling_back' };
  },
});
