import { z } from 'zod';
import { task } from '#platform/task.ts';
import { readActing } from '../rollouts/execution.ts';
import { WaitsFor } from '../rollouts/records.ts';
import { TaskOfRollout } from '../rollouts/schemas.ts';
import { keepToken } from '../rollouts/tokens.ts';

/** Waits until all readers have what was set, until the next look, or for a person. */
export const handler = task({
  name: 'await-rollout',
  input: TaskOfRollout.extend({ waitsFor: WaitsFor, taskToken: z.string().min(1) }),
  output: z.strictObject({}),
  async handler({ waitsFor, taskToken, ...acting }) {
    await readActing(acting);
    await keepToken(acting.rolloutId, waitsFor, taskToken);
    return {};
  },
});
