import { z } from 'zod';
import { readFailure } from '#platform/causes.ts';
import { clock } from '#platform/clock.ts';
import { redactText } from '#platform/redact.ts';
import { task } from '#platform/task.ts';
import type { Change } from '../deprecations/deprecation-store.ts';
import { changeActing, nextExecution, scheduleNamed } from '../deprecations/execution.ts';
import type { DeprecationRecord } from '../deprecations/records.ts';
import { Done, TaskOfDeprecation } from '../deprecations/schemas.ts';

/** After so many failures in a row a person must look. */
const mostDeaths = 10;
const hourMs = 3_600_000;

/** Writes down what failed, and when it is tried again; what may not be deprecated ends the deprecation. */
export const handler = task({
  name: 'record-deprecation-failure',
  input: TaskOfDeprecation.extend({ state: z.string(), error: z.string(), cause: z.string() }),
  output: Done,
  async handler({ state, error, cause, ...acting }, { metrics }) {
    const { name, message, action } = readFailure(error, cause);
    const failure = {
      name,
      message: redactText(message).slice(0, 2_000),
      action: action ?? null,
      at: clock.iso(),
    };
    const record = await changeActing(acting, (current) => afterFailure(current, failure, state));
    if (record.status === 'needs_attention') metrics.count('NeedsAttention');
    await scheduleNamed(record);
    return { phase: record.phase };
  },
});

function afterFailure(
  record: DeprecationRecord,
  failure: NonNullable<DeprecationRecord['failure']>,
  state: string,
): Change {
  const data = { failure: failure.name, message: failure.message, state };
  if (failure.name === 'DeprecationRefused' && record.announcedAt === null) {
    return {
      set: { failure, status: 'rejected', phase: 'over', endedAt: clock.iso() },
      events: [{ type: 'deprecation.rejected', actor: 'theseus', data }],
    };
  }
  const deaths = record.deaths + 1;
  if (deaths >= mostDeaths) {
    return {
      set: { failure, deaths, status: 'needs_attention', execution: nextExecution(record, null) },
      events: [{ type: 'deprecation.needs_attention', actor: 'theseus', data }],
    };
  }
  const startsAt = new Date(clock.now() + Math.min(hourMs, 60_000 * 2 ** deaths)).toISOString();
  return {
    set: { failure, deaths, execution: nextExecution(record, startsAt) },
    events: [{ type: 'deprecation.step_failed', actor: 'theseus', data }],
  };
}
