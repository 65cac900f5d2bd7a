import { isDeepStrictEqual } from 'node:util';
import type { Flag } from '../authoring/flag.ts';
import { FlagConflict, FlagRefused } from '../errors.ts';
import { changeFlags, type Reason } from './change-flags.ts';
import { flagOf } from './flags.ts';
import { type FlagVersion, readHistory, readVersion } from './history.ts';
import { type FlagSetting, settled } from './settled.ts';
import type { Flags } from './snapshot.ts';

/** Versions in which a change is looked for that was made before: a caller repeats itself within minutes. */
const repeatedWithin = 50;
/** And one that is to be undone, within weeks. */
const undoneWithin = 1_000;

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
    const made = await changeOf(environment, key, found, { id: reason.id, within: repeatedWithin });
    if (made !== undefined) {
      answer = { version: made.version, before: made.version - 1 };
      return undefined;
    }
    if (!isBack(setting)) assertStill(environment, key, stored.version, reason.expected);
    const { version, expected, flag } = await wantedOf(environment, key, found, setting);
    answer = { version, before: version };
    const isSo = isDeepStrictEqual(flag, stored.flag);
    // What goes back has come back, too, when somebody else did it.
    if (isSo && isBack(setting)) return undefined;
    assertStill(environment, key, version, reason.expected ?? expected);
    if (flag === null) {
      throw new FlagRefused(`${key} was deleted in the version that it is to go back to`, {
        problems: [{ pointer: '/set/version', detail: 'Expected a version that has a definition' }],
        evidence: { flag: key },
        action: 'Choose another version.',
      });
    }
    if (isSo) return undefined;
    answer = { version: version + 1, before: version };
    return { flags: [{ key, flag, action: isBack(setting) ? 'rolled_back' : 'changed' }] };
  });
  const version = flags.flags.get(key)?.version ?? 0;
  const { revision } = record.publication;
  return { ...(answer ?? { version, before: changed ? version - 1 : version }), revision };
}

const isBack = (setting: FlagSetting): boolean => 'version' in setting || 'undo' in setting;

function assertStill(environment: string, key: string, found: number, expected: number | undefined): void {
  if (expected === undefined || expected === found) return;
  throw new FlagConflict(`${key} has version ${found} in ${environment}, and not ${expected}`, {
    evidence: { environment, flag: key, expected, found },
    action: 'Nothing: what somebody else set stays.',
  });
}

/** The flag as it is to be; `expected`: only if that is its version still. */
async function wantedOf(
  environment: string,
  key: string,
  found: Flags,
  setting: FlagSetting,
): Promise<{ version: number; expected?: number; flag: Flag | null }> {
  const { version, flag } = flagOf(environment, key, found);
  if ('version' in setting)
    return { version, flag: (await readVersion(environment, key, found, setting.version)).flag };
  if (!('undo' in setting)) return { version, flag: settled(key, flag, setting) };
  const made = await changeOf(environment, key, found, { id: setting.undo, within: undoneWithin });
  if (made === undefined) return { version, flag };
  const before = await readVersion(environment, key, found, made.version - 1);
  return { version, expected: made.version, flag: before.flag };
}

/** The version that the change of this id made, if it made one. */
async function changeOf(
  environment: string,
  key: string,
  flags: Flags,
  { id, within }: { id: string; within: number },
): Promise<FlagVersion | undefined> {
  const recent = await readHistory(environment, key, flags, { limit: within });
  return recent.find(({ request }) => request === id);
}
