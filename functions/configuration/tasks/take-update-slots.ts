import { z } from 'zod';
import { task } from '#platform/task.ts';
import { readWanted } from '../updates/acting.ts';
import { TaskOfUpdate } from '../updates/schemas.ts';
import { takeSlots } from '../updates/slots.ts';
import { keepToken } from '../updates/tokens.ts';

/** Asks for the keys of the update, or waits for them: one update at a time changes a key. */
export const handler = task({
  name: 'take-update-slots',
  input: TaskOfUpdate.extend({ taskToken: z.string().min(1) }),
  output: z.strictObject({}),
  async handler({ taskToken, ...acting }) {
    const record = await readWanted(acting);
    await takeSlots(record);
    await keepToken(record.id, 'slots', taskToken);
    return {};
  },
});
