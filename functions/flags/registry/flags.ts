import { isDeepStrictEqual } from 'node:util';
import { fieldProblems, NotFound } from '#platform/errors.ts';
import { dependantsOf } from '../authoring/compile-document.ts';
import { AuthoredKey, type Flag } from '../authoring/flag.ts';
import { FlagConflict, FlagKilled, FlagNeeded, FlagRefused, TooMany } from '../errors.ts';
import { readKillSwitches } from '../kill-switches/record.ts';
import { type Changed, changeFlags, type FlagEdit, type Reason } from './change-flags.ts';
import { readVersion } from './history.ts';
import { type Flags, keyedFlags, type StoredFlag } from './snapshot.ts';

/** An environment has as many flags as a document of them may. */
const mostFlags = 10_000;
/** Its history has each version in an item, which ends at 400 kB. */
const largestFlag = 300_000;

/** Throws NotFound. */
export function flagOf(environment: string, key: string, { flags }: Flags): StoredFlag {
  const found = flags.get(key);
  if (found !== undefined) return found;
  throw new NotFound(`There is no flag ${key} in ${environment}`, {
    evidence: { environment, flag: key },
    action: `List them with \`theseus flag list --environment ${environment}\`.`,
  });
}

/** What the caller saw when it decided: a version, 0 for no such flag, undefined when it does not mind. */
type Seen = number | undefined;

function assertSeen(environment: string, key: string, { flags }: Flags, expected: Seen): void {
  const found = flags.get(key)?.version ?? 0;
  if (expected === undefined || expected === found) return;
  throw new FlagConflict(
    `${key} has version ${found} in ${environment}, and the change was made of version ${expected}`,
    {
      evidence: { environment, flag: key, expected, found },
      action: 'Read the flag again, and send the change with the version that it has by then.',
    },
  );
}

/** Throws FlagRefused for a flag that its history has no room for. */
export function assertFits(key: string, flag: Flag): void {
  const bytes = Buffer.byteLength(JSON.stringify(flag));
  if (bytes <= largestFlag) return;
  throw new FlagRefused(`${key} has ${bytes} bytes, and a flag has at most ${largestFlag}`, {
    problems: [{ pointer: '/body', detail: `Expected at most ${largestFlag} bytes, found ${bytes}` }],
    evidence: { flag: key, bytes, limit: largestFlag },
    action: 'Name an attribute in a rule instead of a long list.',
  });
}

/** Keys that only documents may have stay as they are; new ones are such as people write. Throws FlagRefused. */
function assertKey(key: string): void {
  const parsed = AuthoredKey.safeParse(key);
  if (parsed.success) return;
  throw new FlagRefused(`${key} cannot be the key of a new flag: ${parsed.error.issues[0]?.message}`, {
    problems: fieldProblems('/path/flag', parsed.error),
    action: 'Choose another key; documents that are imported may have any.',
  });
}

/**
 * Makes a flag or takes another one in its place; the same again changes nothing. Throws NotFound for the environment,
 * FlagConflict, TooMany, FlagRefused, InvalidInput, InvalidFlagDocument, DocumentTooLarge, RecordContended.
 */
export async function putFlag(
  environment: string,
  key: string,
  flag: Flag,
  expected: Seen,
  reason: Reason,
): Promise<Changed & { created: boolean }> {
  assertFits(key, flag);
  let created = false;
  const changed = await changeFlags(environment, reason, (flags) => {
    const former = flags.flags.get(key);
    // A client that repeats itself has what it wanted.
    if (former !== undefined && isDeepStrictEqual(former.flag, flag)) return undefined;
    assertSeen(environment, key, flags, expected);
    created = former === undefined;
    if (created) assertKey(key);
    if (created && flags.flags.size >= mostFlags) {
      throw new TooMany(`${environment} has ${mostFlags} flags, as many as there may be`, {
        evidence: { environment, limit: mostFlags },
        action: 'Delete flags that nobody needs.',
      });
    }
    return { flags: [{ key, flag, action: created ? 'created' : 'changed' }] };
  });
  return { ...changed, created: created && changed.changed };
}

/** Deletes a flag. Throws NotFound, FlagConflict, FlagNeeded, FlagKilled, RecordContended. */
export const deleteFlag = (
  environment: string,
  key: string,
  expected: Seen,
  reason: Reason,
): Promise<Changed> =>
  changeFlags(environment, reason, async (flags) => {
    flagOf(environment, key, flags);
    assertSeen(environment, key, flags, expected);
    const dependants = dependantsOf(key, keyedFlags(flags)).map(({ flag }) => flag);
    if (dependants.length > 0) {
      throw new FlagNeeded(`${key} is needed by ${dependants.slice(0, 5).join(', ')}`, {
        evidence: { environment, flag: key, dependants: dependants.slice(0, 50) },
        action: 'Take the prerequisite out of the flags that are named, then delete it.',
      });
    }
    const { kills } = await readKillSwitches(environment);
    if (Object.hasOwn(kills, key)) {
      throw new FlagKilled(`A kill switch holds ${key}: without the flag it would be forgotten`, {
        evidence: { environment, flag: key },
        action: 'Switch the flag off (enabled: false), revive it, then delete it.',
      });
    }
    return { flags: [{ key, flag: null, action: 'deleted' }] };
  });

/**
 * Takes a former version of a flag in place of what it is, as a new version. Throws NotFound for a version that never
 * was, FlagRefused for one that deleted it; and what a change throws.
 */
export const rollbackFlag = (
  environment: string,
  key: string,
  version: number,
  reason: Reason,
): Promise<Changed> =>
  changeFlags(environment, reason, async (flags) => {
    const { flag } = await readVersion(environment, key, flags, version);
    if (flag === null) {
      throw new FlagRefused(`Version ${version} of ${key} is its deletion`, {
        problems: [{ pointer: '/body/version', detail: 'Expected a version that has a definition' }],
        evidence: { environment, flag: key, version },
        action: 'Choose another version, or delete the flag.',
      });
    }
    const former = flags.flags.get(key);
    if (former !== undefined && isDeepStrictEqual(former.flag, flag)) return undefined;
    const edit: FlagEdit = { key, flag, action: 'rolled_back' };
    return { flags: [edit] };
  });
