// Function by function: all of semver is three times as many modules, which every command would load.
import compareOf from 'semver/functions/compare.js';
import compareBuild from 'semver/functions/compare-build.js';
import increase from 'semver/functions/inc.js';
import parse from 'semver/functions/parse.js';
import isWithin from 'semver/functions/satisfies.js';
import valid from 'semver/functions/valid.js';
import subset from 'semver/ranges/subset.js';
import validRange from 'semver/ranges/valid.js';
import { z } from 'zod';

/** A version as npm writes it: `1.4.2`, `2.0.0-rc.1`. No leading `v`, no blanks. */
export const Version = z
  .string()
  .max(128)
  .refine((text) => valid(text) === text.replace(/\+.*$/, ''), {
    error: ({ input }) => `Expected a version such as 1.4.2, found ${JSON.stringify(input)}`,
  });

/** A range of versions as npm reads it: `^1.4.0`, `>=2 <4`, `1.x || 3`. */
export const VersionRange = z
  .string()
  .max(256)
  .refine((text) => text.trim() !== '' && validRange(text) !== null, {
    error: ({ input }) =>
      `Expected a range of versions such as ^1.4.0 or ">=2 <4", found ${JSON.stringify(input)}`,
  });

/** Whether `version` lies in `range`. As in npm, a prerelease does only where the range names one of the same version. */
export const satisfies = (version: string, range: string): boolean => isWithin(version, range);

/** -1, 0 or 1: which of two versions comes first. */
export const compareVersions = (a: string, b: string): -1 | 0 | 1 => compareOf(a, b);

/** Whether every version of `narrow` lies in `wide`. */
export const within = (narrow: string, wide: string): boolean => subset(narrow, wide);

/** The versions that lie in `range`, the lowest first. */
export const satisfying = (versions: readonly string[], range: string): string[] =>
  versions.filter((version) => satisfies(version, range)).sort(compareBuild);

/** The version after `version` whose `part` has grown; a prerelease leads to its own version first. */
export function bumpVersion(version: string, part: 'major' | 'minor' | 'patch'): string {
  const next = increase(version, part);
  if (next === null) throw new Error(`Expected a version such as 1.4.2, found ${version}`);
  return next;
}

/** Whether both are prereleases of one version, or the second is the version that the first led to. */
export function isPrereleaseOf(older: string, newer: string): boolean {
  const [a, b] = [parse(older), parse(newer)];
  return a !== null && b !== null && a.prerelease.length > 0 && a.compareMain(b) === 0;
}
