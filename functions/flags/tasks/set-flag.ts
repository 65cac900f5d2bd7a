import { z } from 'zod';
import { task } from '#platform/task.ts';
import { FlagKey } from '../authoring/flag.ts';
import { tryToBringOn } from '../publishing/bring-on.ts';
import { checkSetting } from '../registry/check-setting.ts';
import { setFlag } from '../registry/set-flag.ts';
import { ChangeId, FlagSetting } from '../registry/settled.ts';
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
    id: ChangeId,
    dryRun: z.boolean().default(false).describe('Only say whether it could be set'),
  }),
  output: z.strictObject({
    version: z.int(),
    before: z.int().describe('The version that setting leads back to'),
  }),
  async handler({ environment, flag, set, why, by, id, dryRun }, tools) {
    if (dryRun && !('version' in set || 'undo' in set)) {
      const version = await checkSetting(environment, flag, set);
      return { version, before: version };
    }
    const { version, before } = await setFlag(environment, flag, set, { by, why, id });
    await tryToBringOn(environment, tools);
    return { version, before };
  },
});
