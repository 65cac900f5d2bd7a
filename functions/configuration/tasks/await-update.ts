import { z } from 'zod';
import { task } from '#platform/task.ts';
import { readWanted } from '../updates/acting.ts';
import { TaskOfUpdate } from '../updates/schemas.ts';
import { keepToken } from '../updates/tokens.ts';

/** Waits for a person to approve, or, until the next look, for somebody to report that a value cannot be used. */
export const handler = task({
  name: 'await-update',
  input: TaskOfUpdate.extend({ waitsFor: z.enum(['approval', 'health']), taskToken: z.string().min(1) }),
  output: z.strictObject({}),
  async handler({ waitsFor, taskToken, ...acting }) {
    await readWanted(acting);
    await keepToken(acting.updateId, waitsFor, taskToken);
    return {};
  },
});
