import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { GreenUnhealthy } from '../errors.ts';
import { changeWanted } from '../executions/acting.ts';
import { TaskOfDeployment } from '../schemas.ts';
import { madeOf } from '../targets/registry.ts';
import type { Health } from '../targets/target.ts';

/** Looks after which nothing is expected any more, whatever the interval. */
const mostLooks = 10_000;

/** Warms the new version up, then looks at all its endpoints until they were well often enough in a row. */
export const handler = task({
  name: 'check-health',
  input: TaskOfDeployment,
  output: z.strictObject({ endpoints: z.int() }),
  async handler(acting, { signal }) {
    const record = await changeWanted(acting, ({ phase }) =>
      phase === 'health' ? undefined : { set: { phase: 'health' } },
    );
    const { actions, subject, made } = madeOf(record);
    const { inARow, intervalSeconds, withinSeconds, warmUpRequests } = record.request.health;
    if (warmUpRequests > 0) await actions.warmUp(subject, made, warmUpRequests, signal);
    const until = clock.monotonic() + withinSeconds * 1_000;
    let well = 0;
    let last: Health[] = [];
    for (let look = 0; look < mostLooks && well < inARow; look += 1) {
      if (look > 0) await clock.sleep(intervalSeconds * 1_000, signal);
      last = await actions.checkHealth(subject, made, signal);
      well = last.length > 0 && last.every(({ healthy }) => healthy) ? well + 1 : 0;
      if (well < inARow && clock.monotonic() > until) throw unhealthy(last, withinSeconds, inARow);
    }
    await changeWanted(acting, ({ phase }) =>
      phase !== 'health'
        ? undefined
        : {
            set: { phase: 'gates' },
            events: [{ type: 'health.passed', actor: 'theseus', data: { endpoints: last.length, inARow } }],
          },
    );
    return { endpoints: last.length };
  },
});

function unhealthy(last: readonly Health[], withinSeconds: number, inARow: number): GreenUnhealthy {
  const ill = last.filter(({ healthy }) => !healthy);
  const first = ill[0];
  return new GreenUnhealthy(
    first === undefined
      ? `The new version was not well ${inARow} times in a row within ${withinSeconds} s`
      : `${ill.length} of ${last.length} endpoints are not well after ${withinSeconds} s; ${first.endpoint}: ${first.detail}`,
    {
      evidence: { expected: `${inARow} times in a row`, unhealthy: ill.slice(0, 10) },
      action: 'Look at the log of the new version; nothing was sent to it.',
    },
  );
}
