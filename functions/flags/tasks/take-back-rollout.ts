import { z } from 'zod';
import { NotFound } from '#platform/errors.ts';
import { task } from '#platform/task.ts';
import { FlagConflict } from '../errors.ts';
import { tryToBringOn } from '../publishing/bring-on.ts';
import { setFlag } from '../registry/set-flag.ts';
import { changeActing, readActing } from '../rollouts/execution.ts';
import { isOpen } from '../rollouts/rollout-store.ts';
import { TaskOfRollout } from '../rollouts/schemas.ts';
import { changeIds, ownVersion, standingOf } from '../rollouts/standing.ts';

/** Sets the flag as it was before the rollout; what somebody else made of it meanwhile stays. */
export const handler = task({
  name: 'take-back-rollout',
  input: TaskOfRollout,
  output: z.strictObject({ back: z.boolean() }),
  async handler(acting, tools) {
    const record = await readActing(acting);
    const { environment, flag, id, before, createdBy, reason } = record;
    if (!isOpen(record) || record.ends !== null) return { back: record.ends === 'rolled_back' };
    const standing = await standingOf(record);
    const expected = ownVersion(record, standing);
    const version =
      expected === undefined
        ? undefined
        : expected === before
          ? before
          : await set(environment, flag, before, {
              by: createdBy,
              why: `Rollout ${id} goes back: ${reason ?? ''}`.slice(0, 1_000),
              id: changeIds(id).back,
              expected,
            });
    await changeActing(acting, (current) => {
      if (current.ends !== null) return undefined;
      if (version !== undefined) return { set: { version, ends: 'rolled_back' } };
      const changed = `Somebody else changed ${flag} meanwhile: it stays as it is`;
      return {
        set: {
          ends: 'superseded',
          reason: current.reason === null ? changed : `${current.reason}. ${changed}`,
        },
      };
    });
    await tryToBringOn(environment, tools);
    return { back: version !== undefined };
  },
});

/** The version that the flag has then; undefined when somebody else changed it. */
async function set(
  environment: string,
  flag: string,
  before: number,
  reason: Parameters<typeof setFlag>[3],
): Promise<number | undefined> {
  try {
    return (await setFlag(environment, flag, { version: before }, reason)).version;
  } catch (error) {
    if (error instanceof FlagConflict || error instanceof NotFound) return undefined;
    throw error;
  }
}
