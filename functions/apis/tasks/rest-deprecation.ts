import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { readDeprecation } from '../deprecations/deprecation-store.ts';
import { changeActing, nextExecution, scheduleNamed, startNamed } from '../deprecations/execution.ts';
import { nextOf, watchUntil } from '../deprecations/next.ts';
import type { DeprecationRecord } from '../deprecations/records.ts';
import { TaskOfDeprecation } from '../deprecations/schemas.ts';

/** When the next execution begins, epoch ms; null: when a person acts. */
function wakesAt(record: DeprecationRecord, now: number): number | null {
  const next = nextOf(record, now);
  if (next.do === 'rest') return next.until;
  if (next.do !== 'watch-brownout') return now;
  return watchUntil(Date.parse(record.brownouts[next.index]?.to ?? record.updatedAt), now);
}

/** Ends this execution by naming the next one and the time at which it begins: waits last for months. */
export const handler = task({
  name: 'rest-deprecation',
  input: TaskOfDeprecation,
  output: z.strictObject({ wakesAt: z.string().nullable() }),
  async handler(acting) {
    const found = await readDeprecation(acting.deprecationId);
    const { attempt } = found.execution;
    // A first run may have named the next one and not scheduled it.
    const rested = acting.execution === `${found.id}-${attempt - 1}`;
    const record = rested
      ? found
      : await changeActing(acting, (current) => {
          const at = wakesAt(current, clock.now());
          const startsAt = at === null ? null : new Date(Math.max(at, clock.now())).toISOString();
          return { set: { execution: nextExecution(current, startsAt), deaths: 0 } };
        });
    const { startsAt } = record.execution;
    if (startsAt !== null && Date.parse(startsAt) <= clock.now()) await startNamed(record);
    else await scheduleNamed(record);
    return { wakesAt: startsAt };
  },
});
