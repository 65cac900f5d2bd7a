import { z } from 'zod';
import { task } from '#platform/task.ts';
import { FlagKey } from '../authoring/flag.ts';
import { tryToBringOn } from '../publishing/bring-on.ts';
import { FlagSetting, setFlag } from '../registry/set-flag.ts';
import { EnvironmentName } from '../schemas.ts';

/** Sets a flag for a release or a rollout: the same id again is the same change. */
export const handler = task({
  name: 'set-flag',
  input: z.strictObject({
    environment: EnvironmentName,
    flag: FlagKey,
    set: FlagSetting,
    why: z.string().max(1_000),
    by: z.string().min(1).max(200),
    id: z.string().min(1).max(200),
  }),
  output: z.strictObject({
    version: z.int(),
    before: z.int().describe('The version that setting leads back to'),
  }),
  async handler({ environment, flag, set, why, by, id }, tools) {
    const { version, before } = await setFlag(environment, flag, set, { by, why, id });
    await tryToBringOn(environment, tools);
    return { version, before };
  },
});
