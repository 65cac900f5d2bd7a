import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Flag } from '../authoring/flag.ts';
import { Percentage, VariantName } from '../authoring/serve.ts';
import { FlagConflict, FlagNotSettable, FlagRefused } from '../errors.ts';
import { changeFlags, type Reason } from './change-flags.ts';
import { flagOf } from './flags.ts';
import { type FlagVersion, readHistory, readVersion } from './history.ts';

/** What becomes of a flag, in one word: releases and rollouts say no more. */
export const FlagSetting = z.union([
  z.strictObject({ variant: VariantName }).describe('For everybody'),
  z.strictObject({
    percentage: Percentage,
    variant: VariantName.default('on'),
    rest: VariantName.optional().describe('Of all others; the off variant unless named'),
  }),
  z.strictObject({ enabled: z.boolean() }),
  z.strictObject({ version: z.int().min(1) }).describe('As it was in a version: the way back'),
]);
export type FlagSetting = z.infer<typeof FlagSetting>;

/** Versions in which a change is looked for that was made before: a caller repeats itself within minutes. */
const lookedThrough = 50;

type Serve = Extract<Flag['form'], { type: 'rules' }>['otherwise'];

/** A form that gives what it serves to those that no rule is about; a list that grows into a percentage becomes a rule. */
function served(form: Flag['form'], serve: Serve): Flag['form'] {
  if (form.type === 'rules') return { ...form, otherwise: serve };
  if (!('percentage' in serve)) return { type: 'rules', rules: [], otherwise: serve };
  const listed = listOf(form);
  if (listed === undefined || listed.values.length === 0) return { type: 'percentage', ...serve };
  const when = { attribute: listed.attribute, operator: 'in' as const, values: listed.values };
  return {
    type: 'rules',
    rules: [{ name: `these ${form.type}`, when, serve: { variant: listed.variant } }],
    otherwise: serve,
  };
}

function listOf(form: Flag['form']) {
  if (form.type === 'users') return { attribute: 'targetingKey', values: form.users, variant: form.variant };
  if (form.type === 'tenants') return { attribute: 'tenant', values: form.tenants, variant: form.variant };
  return undefined;
}

/**
 * The flag after a setting. Rules stay, and what is set is for those that no rule is about; users and tenants that are
 * listed keep their variant beside a percentage. Throws FlagNotSettable, FlagRefused.
 */
export function settled(key: string, flag: Flag, setting: Exclude<FlagSetting, { version: number }>): Flag {
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
  assertVariant(key, flag, 'variant', setting.variant);
  if ('rest' in setting && setting.rest !== undefined) assertVariant(key, flag, 'rest', setting.rest);
  return { ...flag, enabled: true, form: served(form, setting) };
}

function assertVariant(key: string, { variants }: Flag, field: 'variant' | 'rest', name: string): void {
  if (Object.hasOwn(variants, name)) return;
  const names = Object.keys(variants).slice(0, 10).join(', ');
  throw new FlagRefused(`${key} has no variant ${name}: expected one of ${names}`, {
    problems: [{ pointer: `/set/${field}`, detail: `Expected one of ${names}` }],
    evidence: { flag: key, variant: name },
    action: 'Name a variant of the flag.',
  });
}

export interface SetFlag {
  /** The version of the flag that does what was asked. */
  version: number;
  /** The version before: setting it leads back. */
  before: number;
  /** Of the environment's document that has it. */
  revision: number;
}

/** Who sets it; with `expected`, only if nobody changed the flag since it had that version. */
export interface SettingReason extends Reason {
  id: string;
  expected?: number;
}

/**
 * Sets a flag for somebody else's workflow. The same id again answers what it did; a flag that is so already stays.
 * Throws NotFound, FlagNotSettable, FlagRefused, FlagConflict; and what a change of flags throws.
 */
export async function setFlag(
  environment: string,
  key: string,
  setting: FlagSetting,
  reason: SettingReason,
): Promise<SetFlag> {
  let answer: Omit<SetFlag, 'revision'> | undefined;
  const { flags, changed, record } = await changeFlags(environment, reason, async (found) => {
    const stored = flagOf(environment, key, found);
    answer = undefined;
    const made = await madeBefore(environment, key, found, reason.id);
    if (made !== undefined) {
      answer = { version: made.version, before: made.version - 1 };
      return undefined;
    }
    const { expected } = reason;
    if (expected !== undefined && stored.version !== expected) {
      throw new FlagConflict(`${key} has version ${stored.version} in ${environment}, and not ${expected}`, {
        evidence: { environment, flag: key, expected, found: stored.version },
        action: 'Nothing: what somebody else set stays.',
      });
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
  const { revision } = record.publication;
  return { ...(answer ?? { version, before: changed ? version - 1 : version }), revision };
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
