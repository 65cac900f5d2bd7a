import { z } from 'zod';
import { readFailure } from '#platform/causes.ts';
import { clock } from '#platform/clock.ts';
import { redactText } from '#platform/redact.ts';
import { task } from '#platform/task.ts';
import { changeRelease } from '../releases/release-store.ts';
import { TaskOfRelease } from '../releases/schemas.ts';

/** Writes down what failed; `back` when all members are to go back now. */
export const handler = task({
  name: 'fail-release',
  input: TaskOfRelease.extend({ state: z.string(), error: z.string(), cause: z.string() }),
  output: z.strictObject({ back: z.boolean() }),
  async handler({ releaseId, execution, state, error, cause }) {
    const { name, message, action } = readFailure(error, cause);
    const record = await changeRelease(releaseId, ({ execution: acts, status, finish }) => {
      // Once the old versions are let go, what failed is tried again, not taken back.
      if (acts.name !== execution || status === 'rolling_back' || status === 'completed' || finish !== null)
        return undefined;
      const failure = {
        name,
        message: redactText(message).slice(0, 2_000),
        action: action ?? `See: theseus release show ${releaseId}`,
        at: clock.iso(),
      };
      return {
        set: { status: 'rolling_back', failure },
        events: [
          {
            type: 'release.failed',
            actor: 'theseus',
            data: { failure: name, message: failure.message, state },
          },
        ],
      };
    });
    return { back: record.execution.name === execution && record.status === 'rolling_back' };
  },
});
