import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Flag } from '../authoring/flag.ts';
import { Percentage, VariantName } from '../authoring/serve.ts';
import { FlagNotSettable, FlagRefused } from '../errors.ts';
import { changeFlags, type Reason } from './change-flags.ts';
import { flagOf } from './flags.ts';
import { type FlagVersion, readHistory, readVersion } from './history.ts';

/** What becomes of a flag, in one word: releases and rollouts say no more. */
export const FlagSetting = z.union([
  z.strictObject({ variant: VariantName }).describe('For everybody'),
  z.strictObject({ percentage: Percentage, variant: VariantName.default('on') }),
  z.strictObject({ enabled: z.boolean() }),
  z.strictObject({ version: z.int().min(1) }).describe('As it was in a version: the way back'),
]);
export type FlagSetting = z.infer<typeof FlagSetting>;

/** Versions in which a change is looked for that was made before: a caller repeats itself within minutes. */
const lookedThrough = 50;

/** The flag after a setting. Rules stay, and what is set is for those that no rule is about. Throws FlagNotSettable. */
function settled(key: string, flag: Flag, setting: Exclude<FlagSetting, { version: number }>): Flag {
  if ('enabled' in setting) return { ...flag, enabled: setting.enabled };
  const { form } = flag;
  if (form.type === 'definition') {
    throw new FlagNotSettable(
      `${key} is a definition of flagd: only people can say what of it is to change`,
      {
        evidence: { flag: key, form: form.type },
        action: 'Write the flag as percentage or rules, or let only `enabled` be set.',
      },
    );
  }
  if (!Object.hasOwn(flag.variants, setting.variant)) {
    const names = Object.keys(flag.variants).slice(0, 10).join(', ');
    throw new FlagRefused(`${key} has no variant ${setting.variant}: expected one of ${names}`, {
      problems: [{ pointer: '/set/variant', detail: `Expected one of ${names}` }],
      evidence: { flag: key, variant: setting.variant },
      action: 'Name a variant of the flag.',
    });
  }
  const serve =
    'percentage' in setting
      ? { percentage: setting.percentage, variant: setting.variant }
      : { variant: setting.variant };
  if (form.type === 'rules') return { ...flag, enabled: true, form: { ...form, otherwise: serve } };
  const next =
    'percentage' in setting
      ? { type: 'percentage' as const, ...serve, percentage: setting.percentage }
      : { type: 'rules' as const, rules: [], otherwise: serve };
  return { ...flag, enabled: true, form: next };
}

export interface SetFlag {
  /** The version of the flag that does what was asked. */
  version: number;
  /** The version before: setting it leads back. */
  before: number;
}

/**
 * Sets a flag for somebody else's workflow. The same id again answers what it did; a flag that is so already stays.
 * Throws NotFound, FlagNotSettable, FlagRefused; and what a change of flags throws.
 */
export async function setFlag(
  environment: string,
  key: string,
  setting: FlagSetting,
  reason: Reason & { id: string },
): Promise<SetFlag> {
  let answer: SetFlag | undefined;
  const { flags, changed } = await changeFlags(environment, reason, async (found) => {
    const stored = flagOf(environment, key, found);
    answer = undefined;
    const made = await madeBefore(environment, key, found, reason.id);
    if (made !== undefined) {
      answer = { version: made.version, before: made.version - 1 };
      return undefined;
    }
    const flag =
      'version' in setting
        ? (await readVersion(environment, key, found, setting.version)).flag
        : settled(key, stored.flag, setting);
    answer = { version: stored.version + 1, before: stored.version };
    if (flag === null) {
      throw new FlagRefused(`${key} was deleted in the version that it is to go back to`, {
        problems: [{ pointer: '/set/version', detail: 'Expected a version that has a definition' }],
        evidence: { flag: key },
        action: 'Choose another version.',
      });
    }
    if (isDeepStrictEqual(flag, stored.flag)) {
      answer = { version: stored.version, before: stored.version };
      return undefined;
    }
    return { flags: [{ key, flag, action: 'version' in setting ? 'rolled_back' : 'changed' }] };
  });
  const version = flags.flags.get(key)?.version ?? 0;
  return answer ?? { version, before: changed ? version - 1 : version };
}

/** The version that this very request made, if it did. */
async function madeBefore(
  environment: string,
  key: string,
  flags: Parameters<typeof readHistory>[2],
  id: string,
): Promise<FlagVersion | undefined> {
  const recent = await readHistory(environment, key, flags, { limit: lookedThrough });
  return recent.find(({ request }) => request === id);
}
