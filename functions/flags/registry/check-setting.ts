import { readEnvironment } from '../environments/environments.ts';
import { FlagKilled } from '../errors.ts';
import { readKillSwitches } from '../kill-switches/record.ts';
import { candidate } from './candidate.ts';
import { flagOf } from './flags.ts';
import { settled, type Wanted } from './settled.ts';
import { type Flags, readFlags } from './snapshot.ts';

/** Throws FlagKilled while a kill switch holds the flag: nobody would get what is set. */
export async function assertAlive(environment: string, key: string): Promise<void> {
  const { kills } = await readKillSwitches(environment);
  if (!Object.hasOwn(kills, key)) return;
  throw new FlagKilled(`A kill switch holds ${key}: nobody would get what is set`, {
    evidence: { environment, flag: key },
    action: `Revive it first: theseus flag revive ${key} --environment ${environment}`,
  });
}

/** Throws what publishing the flags would with this setting: FlagNotSettable, FlagRefused, InvalidInput, DocumentTooLarge. */
export function assertSettable(environment: string, key: string, flags: Flags, setting: Wanted): void {
  const stored = flagOf(environment, key, flags);
  const flag = settled(key, stored.flag, setting);
  candidate({ ...flags, flags: new Map(flags.flags).set(key, { ...stored, flag }) }, new Set([key]));
}

/** Throws whatever a setting would be refused with, and FlagKilled; changes nothing. Returns the version that the flag has. */
export async function checkSetting(environment: string, key: string, setting: Wanted): Promise<number> {
  const flags = await readFlags(await readEnvironment(environment));
  const { version } = flagOf(environment, key, flags);
  await assertAlive(environment, key);
  assertSettable(environment, key, flags, setting);
  return version;
}
