import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { NotFound } from '#platform/errors.ts';
import { task } from '#platform/task.ts';
import { FlagConflict } from '../errors.ts';
import { beginRunOf } from '../experiments/begin-run.ts';
import { tryToBringOn } from '../publishing/bring-on.ts';
import { setFlag } from '../registry/set-flag.ts';
import { changeActing, readActing } from '../rollouts/execution.ts';
import { isNext, isWanted } from '../rollouts/next.ts';
import type { RolloutRecord } from '../rollouts/records.ts';
import { TaskOfRollout } from '../rollouts/schemas.ts';
import { changeIds, ownVersion, standingOf } from '../rollouts/standing.ts';

const emptyRun = { set: false };

/**
 * Gives the new variant to as many as a step says, and begins to count users anew where they are judged. Where somebody
 * else changed the flag, or asks for something else by now, it does nothing: the next look says what becomes of it.
 */
export const handler = task({
  name: 'set-rollout-percentage',
  input: TaskOfRollout.extend({ step: z.int().min(0) }),
  output: z.strictObject({ set: z.boolean() }),
  async handler({ step, ...acting }, tools) {
    const record = await readActing(acting);
    const { environment, flag, to, rest, id, createdBy, judge } = record;
    const wanted = record.steps[step];
    if (wanted === undefined || !isWanted(record, step)) return emptyRun;
    const expected = ownVersion(record, await standingOf(record));
    if (expected === undefined) return emptyRun;
    const why = `Rollout ${id}, ${wanted.percentage} %: ${record.why}`;
    // Before the change: who sees it is counted in the new run.
    const run =
      judge === null
        ? null
        : await beginRunOf(environment, flag, { why: why.slice(0, 1_000), control: rest, by: createdBy });
    try {
      const setting = { percentage: wanted.percentage, variant: to, rest };
      const reason = { by: createdBy, why, id: changeIds(id).step(step), expected };
      const { version, revision } = await setFlag(environment, flag, setting, reason);
      // Set it is, also when somebody paused it meanwhile.
      await changeActing(acting, (current) =>
        isNext(current, step) ? entered(current, { step, run, version, revision }) : { set: { version } },
      );
    } catch (error) {
      if (error instanceof FlagConflict || error instanceof NotFound) return emptyRun;
      throw error;
    }
    await tryToBringOn(environment, tools);
    return { set: true };
  },
});

interface Entered {
  step: number;
  run: number | null;
  version: number;
  revision: number;
}

const entered = (
  { steps }: RolloutRecord,
  { step, run, version, revision }: Entered,
): NonNullable<ReturnType<Parameters<typeof changeActing>[1]>> => ({
  set: {
    version,
    promote: null,
    judgement: null,
    health: [],
    ill: 0,
    current: { index: step, setAt: clock.iso(), revision, publishedAt: null, heldSince: null, run },
  },
  events: [
    {
      type: 'rollout.step_set',
      actor: 'theseus',
      data: { step, percentage: steps[step]?.percentage ?? 0, version },
    },
  ],
});
