import { isPrereleaseOf } from '#compatibility/ranges.ts';
import { VersionOutOfOrder } from '../errors.ts';
import type { ApiRecord, VersionRecord } from '../records.ts';
import { compareApiVersions } from './versions.ts';

/** Where a version that is not registered yet would stand. */
export interface Position {
  /** How many are older. */
  at: number;
  /** The newest of those that are older and not removed: what it is compared with. */
  before: VersionRecord | undefined;
}

export function positionOf(
  { settings, versions }: Pick<ApiRecord, 'settings' | 'versions'>,
  version: string,
): Position {
  const older = versions.filter((one) => compareApiVersions(settings.versioning, one.version, version) < 0);
  return { at: older.length, before: older.findLast(({ status }) => status !== 'removed') };
}

const lineOf = (version: string): string => version.split('.').slice(0, 2).join('.');

/**
 * Throws VersionOutOfOrder for a version that is older than the newest. A patch of an older line, 1.2.4 after 1.2.3 and
 * 2.0.0, is in order; dates are in order only after the newest.
 */
export function assertInOrder(api: Pick<ApiRecord, 'id' | 'settings' | 'versions'>, version: string): void {
  const { scheme } = api.settings.versioning;
  const newest = api.versions.at(-1)?.version;
  if (newest === undefined || compareApiVersions(api.settings.versioning, version, newest) > 0) return;
  const line = api.versions.filter((one) => scheme === 'semver' && lineOf(one.version) === lineOf(version));
  const last = line.at(-1)?.version;
  if (last !== undefined && compareApiVersions(api.settings.versioning, version, last) > 0) return;
  // The release that a prerelease of it led to.
  if (scheme === 'semver' && last !== undefined && isPrereleaseOf(last, version)) return;
  throw new VersionOutOfOrder(`${api.id} ${version} is older than ${last ?? newest}, which is registered`, {
    evidence: {
      api: api.id,
      version,
      newest,
      ...(last === undefined ? {} : { line: lineOf(version), last }),
    },
    action:
      scheme === 'date'
        ? `Give it a date after ${newest}.`
        : `Give it a version after ${last ?? newest}; on purpose: name out-of-order in \`accept\`, with a reason.`,
  });
}
