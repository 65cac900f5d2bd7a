import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { readDeprecation } from '../deprecations/deprecation-store.ts';
import { assertActs, changeActing } from '../deprecations/execution.ts';
import { applyMarks } from '../deprecations/marks.ts';
import { noticeOf } from '../deprecations/notices/notice.ts';
import { tellConsumers } from '../deprecations/notices/tell.ts';
import type { DeprecationRecord } from '../deprecations/records.ts';
import { type DeprecationStatus, Done, TaskOfDeprecation } from '../deprecations/schemas.ts';

/** How it ends: undone, given up, or because nobody asked for it back in time. */
const endOf = ({
  restore,
  cancel,
}: DeprecationRecord): Extract<DeprecationStatus, 'restored' | 'cancelled' | 'completed'> =>
  restore !== null ? 'restored' : cancel !== null ? 'cancelled' : 'completed';

/** Ends a deprecation: taken back everything is as it was before, completed the version stays gone. */
export const handler = task({
  name: 'end-deprecation',
  input: TaskOfDeprecation,
  output: Done,
  async handler(acting, tools) {
    const found = await readDeprecation(acting.deprecationId);
    assertActs(found, acting.execution);
    await applyMarks(found, clock.now(), tools);
    const end = endOf(found);
    // Who was never told that it goes needs not be told that it stays.
    if (end !== 'completed' && found.announcedAt !== null)
      await tellConsumers(found, noticeOf(found, clock.now(), end));
    const { phase } = await changeActing(acting, (current) =>
      current.endedAt !== null
        ? undefined
        : {
            set: { status: endOf(current), phase: 'over', endedAt: clock.iso() },
            events: [
              {
                type: `deprecation.${endOf(current)}`,
                actor: current.restore?.by ?? current.cancel?.by ?? 'theseus',
              },
            ],
          },
    );
    return { phase };
  },
});
