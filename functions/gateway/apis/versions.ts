import { compareVersions } from '#compatibility/ranges.ts';
import { ApiVersionUnknown } from '../errors.ts';
import type { ApiRoute, ServedVersion } from './schemas.ts';

const isDate = (text: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(text);

/** -1, 0 or 1: which of two versions of one API comes first. Dates compare as texts. */
export const compareApiVersions = (a: string, b: string): number =>
  isDate(a) && isDate(b) ? Math.sign(a.localeCompare(b)) : compareVersions(a, b);

export interface Versions {
  /** Oldest first. */
  all: readonly ServedVersion[];
  /** The version that a request is for. Throws ApiVersionUnknown for a name that is none. */
  of(named: string | undefined, consumer: string): ServedVersion;
}

/** The versions of an API by what requests call them: `1.4.2`, or `1` and `1.4` for the newest served one of the line. */
export function versionsOf({ api, versions, pins, default: unnamed }: ApiRoute): Versions {
  const all = versions.toSorted((a, b) => compareApiVersions(a.version, b.version));
  const byName = new Map(all.map((one) => [one.version, one]));

  function lineOf(named: string): ServedVersion | undefined {
    if (!/^\d+(\.\d+)?$/.test(named)) return undefined;
    const line = all.filter(({ version }) => version.startsWith(`${named}.`) && !version.includes('-'));
    return line.findLast(({ status }) => status !== 'removed') ?? line.at(-1);
  }

  function find(named: string): ServedVersion {
    const found = byName.get(named) ?? lineOf(named);
    if (found !== undefined) return found;
    const served = all.filter(({ status }) => status !== 'removed').map(({ version }) => version);
    throw new ApiVersionUnknown(`${api} has no version '${named.slice(0, 100)}'`, {
      evidence: { api, version: named.slice(0, 100), versions: served.slice(-50) },
      action: `Use one of ${served.slice(-10).join(', ')}.`,
    });
  }

  const fallback = find(unnamed);
  const pinned = new Map(Object.entries(pins).map(([consumer, version]) => [consumer, find(version)]));
  return {
    all,
    of: (named, consumer) => (named === undefined ? (pinned.get(consumer) ?? fallback) : find(named)),
  };
}
