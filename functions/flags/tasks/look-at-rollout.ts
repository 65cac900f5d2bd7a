import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { changeActing, readActing } from '../rollouts/execution.ts';
import { changeAfter, lookAround, seenBy } from '../rollouts/looking.ts';
import { type Next, nextOf } from '../rollouts/next.ts';
import { TaskOfRollout } from '../rollouts/schemas.ts';
import { standingOf } from '../rollouts/standing.ts';

/** A wait of an execution; longer ones are several. */
const longestWaitMs = 29 * 86_400_000;

/** Looks at the flag, its publication, its users and the health that was asked for, and says what is to be done. */
export const handler = task({
  name: 'look-at-rollout',
  input: TaskOfRollout,
  output: z.strictObject({
    next: z.enum(['set', 'await', 'hold', 'rest', 'back', 'end']),
    step: z.int().min(0),
    waitSeconds: z.int().min(1),
  }),
  async handler(acting, { metrics }) {
    const found = await readActing(acting);
    const standing = await standingOf(found);
    const around = await lookAround(found, standing);
    const now = clock.now();
    let next: Next | undefined;
    const at = new Date(now).toISOString();
    await changeActing(acting, (current) => {
      const { set, ill } = seenBy(current, standing, around, at);
      const seen = { ...current, ...set };
      next = nextOf(seen, standing, { judgement: seen.judgement, ill }, now);
      return changeAfter(current, set, next, at);
    });
    if (next?.do === 'pause') metrics.count('RolloutPaused');
    return {
      // Over already: what is left is to let go of the flag.
      next: next === undefined ? 'end' : next.do === 'pause' ? 'rest' : next.do,
      step: next?.do === 'set' ? next.step : 0,
      waitSeconds: next?.do === 'hold' ? secondsUntil(next.until, now) : 1,
    };
  },
});

const secondsUntil = (until: number, now: number): number =>
  Math.max(1, Math.ceil(Math.min(longestWaitMs, until - now) / 1_000));
