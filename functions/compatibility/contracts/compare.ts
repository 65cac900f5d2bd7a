import { type Bump, type Change, type Verdict, verdictOf } from '../changes.ts';
import { SchemaComparison } from '../json-schema/compare.ts';
import { canonical } from '../json-schema/document.ts';
import { bumpVersion, compareVersions, isPrereleaseOf } from '../ranges.ts';
import { compareDependencies } from './dependencies.ts';
import { compareEndpoints } from './endpoints.ts';
import { compareEvents } from './events.ts';
import { contractDialect, type Shape } from './shape.ts';

/**
 * What changed from one contract to the next, and whether whoever uses the service goes on: requests may accept more,
 * responses may promise more, an event that is published is like a response and one that is consumed like a request.
 */
export function compareContracts(old: Shape, next: Shape): Verdict {
  if (canonical(old) === canonical(next)) return verdictOf([], false);
  const schemas = new SchemaComparison(contractDialect(old), contractDialect(next));
  const changes: Change[] = [
    ...compareEndpoints(old, next, schemas),
    ...compareEvents(old, next, schemas),
    ...compareDependencies(old.dependencies ?? {}, next.dependencies ?? {}),
  ];
  return verdictOf(changes, true);
}

export interface VersionCheck {
  /** The new version number says as much as the verdict demands. */
  enough: boolean;
  /** The lowest version number that does. */
  demanded: string;
  /** What is demanded and why, for a person. */
  message: string;
}

/**
 * Whether `newVersion` is high enough after `oldVersion` for what changed, as npm counts: below 1.0.0 a breaking change
 * needs the next minor version and others a patch; below 0.1.0 every version may break. A prerelease counts as the version
 * it leads to, and between prereleases of one version everything may change.
 */
export function checkVersion(oldVersion: string, newVersion: string, verdict: Verdict): VersionCheck {
  const part = partOf(oldVersion, verdict.bump);
  const demanded = bumpVersion(oldVersion, part);
  const later = compareVersions(newVersion, oldVersion) > 0;
  const enough = later && (isPrereleaseOf(oldVersion, newVersion) || reaches(newVersion, demanded));
  const why = { major: 'a breaking change', minor: 'an addition', patch: 'a change', none: 'no change' }[
    verdict.bump
  ];
  const message = enough
    ? `${newVersion} after ${oldVersion} is enough for ${why}`
    : `Expected ${demanded} or higher after ${oldVersion} for ${why}, found ${newVersion}`;
  return { enough, demanded, message };
}

function partOf(version: string, bump: Bump): 'major' | 'minor' | 'patch' {
  const [major, minor] = version.split('.');
  if (bump === 'none' || bump === 'patch') return 'patch';
  if (major !== '0') return bump;
  return bump === 'major' && minor !== '0' ? 'minor' : 'patch';
}

const reaches = (version: string, demanded: string) =>
  compareVersions(version.replace(/[-+].*$/, ''), demanded) >= 0;
