import { z } from 'zod';
import { TheseusError } from '#platform/errors.ts';
import { task } from '#platform/task.ts';
import { flipFlag } from '../releases/flags.ts';
import { readRelease } from '../releases/release-store.ts';
import { type FlagStanding, TaskOfRelease } from '../releases/schemas.ts';
import { changeBack, changeForward, readForward } from '../releases/workflow.ts';

type Set = Pick<FlagStanding, 'state' | 'problem'>;
const changed = (flags: FlagStanding[], flag: string, set: Set) =>
  flags.map((one) => (one.flag === flag ? { ...one, ...set } : one));

/**
 * Sets the flags of one side of a release, or sets them back in reverse order. On the way back a flag that will not
 * go back holds up nothing: it is written down, and the release needs attention.
 */
export const handler = task({
  name: 'flip-flags',
  input: TaskOfRelease.extend({ when: z.enum(['before', 'after']), direction: z.enum(['forth', 'back']) }),
  output: z.strictObject({ flipped: z.int() }),
  async handler({ when, direction, ...acting }, { signal }) {
    const forth = direction === 'forth';
    const record = forth ? await readForward(acting) : await readRelease(acting.releaseId);
    const change = forth ? changeForward : changeBack;
    const wanted = forth ? 'new' : 'old';
    const flags = record.flags.filter((flag) => flag.when === when && flag.state !== wanted);
    if (!forth) flags.reverse();
    for (const { flag, from, to } of flags) {
      const note = (set: Set, type: string) =>
        change(acting, (current) => ({
          set: { flags: changed(current.flags, flag, set) },
          events: [{ type, actor: 'theseus', data: { flag, direction, problem: set.problem } }],
        }));
      // Who is cut off after the question does not know: asked again, or taken back, it is known.
      await change(acting, (current) => ({
        set: { flags: changed(current.flags, flag, { state: 'unknown', problem: null }) },
      }));
      try {
        await flipFlag(record, { flag, from, to }, direction, signal);
        await note({ state: wanted, problem: null }, 'flag.set');
      } catch (error) {
        if (forth || !(error instanceof TheseusError)) throw error;
        await note({ state: 'unknown', problem: error.message }, 'flag.not_set');
      }
    }
    return { flipped: flags.length };
  },
});
