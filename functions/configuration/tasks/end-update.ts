import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { changeActing } from '../updates/acting.ts';
import { publishUpdate } from '../updates/events.ts';
import { assertActs } from '../updates/execution.ts';
import { statusAfter } from '../updates/failures.ts';
import type { UpdateRecord } from '../updates/records.ts';
import { TaskOfUpdate, type UpdateStatus } from '../updates/schemas.ts';
import { passOn } from '../updates/turns.ts';
import { isOpen, readUpdate } from '../updates/update-store.ts';

const endOf = (record: UpdateRecord): UpdateStatus =>
  record.status === 'rolling_back' ? statusAfter(record) : 'completed';

/** Ends the update, whichever way it went; whoever waits for one of its keys begins. */
export const handler = task({
  name: 'end-update',
  input: TaskOfUpdate,
  output: z.strictObject({ status: z.string() }),
  async handler(acting, { metrics }) {
    const before = await readUpdate(acting.updateId);
    assertActs(before, acting.execution);
    // First how it ended, then its keys: from then on somebody else writes them, and it must not be taken back.
    const record = await changeActing(acting, (current) => {
      if (!isOpen(current.status)) return undefined;
      const status = endOf(current);
      const { failure } = current;
      return {
        set: { status, phase: null, endedAt: clock.iso() },
        events: [
          {
            type: `update.${status}`,
            actor: 'theseus',
            data: failure === null ? {} : { failure: failure.name, message: failure.message },
          },
        ],
      };
    });
    await passOn(record.id);
    await publishUpdate(record);
    metrics.count(record.status === 'completed' ? 'UpdateCompleted' : 'UpdateNotCompleted');
    return { status: record.status };
  },
});
