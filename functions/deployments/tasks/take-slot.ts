import { z } from 'zod';
import { task } from '#platform/task.ts';
import { keepToken } from '../decisions/tokens.ts';
import { readWanted } from '../executions/acting.ts';
import { makeRoom } from '../executions/turns.ts';
import { TaskOfDeployment } from '../schemas.ts';
import { takeSlot } from '../slots.ts';

/** Takes the deployment's turn, or waits for it: one at a time works on a service and target. */
export const handler = task({
  name: 'take-slot',
  input: TaskOfDeployment.extend({ taskToken: z.string().min(1) }),
  output: z.strictObject({}),
  async handler({ taskToken, ...acting }) {
    const record = await readWanted(acting);
    const slot = await takeSlot(record.slot, record.id, record.request.whenBusy);
    await makeRoom(slot, record.id);
    await keepToken(record.id, 'slot', taskToken);
    return {};
  },
});
