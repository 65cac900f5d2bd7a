import { compareVersions, Version } from '#compatibility/ranges.ts';
import { InvalidInput, NotFound } from '#platform/errors.ts';
import type { ApiRecord, VersionRecord } from '../records.ts';
import type { Versioning } from '../schemas.ts';
import type { ApiVersionView } from './version-schemas.ts';

/** -1, 0 or 1: which of two versions of a scheme is the older. */
export const compareApiVersions = ({ scheme }: Versioning, a: string, b: string): -1 | 0 | 1 =>
  scheme === 'semver' ? compareVersions(a, b) : a < b ? -1 : a > b ? 1 : 0;

/** Throws InvalidInput when a version is written as in the other scheme. */
export function assertScheme({ scheme }: Versioning, version: string, pointer: string): void {
  const isSemver = Version.safeParse(version).success;
  if (isSemver === (scheme === 'semver')) return;
  const expected = scheme === 'semver' ? 'a version such as 1.4.2' : 'a date such as 2026-03-01';
  throw new InvalidInput(`${pointer}: Expected ${expected}, found ${version}`, {
    problems: [{ pointer, detail: `Expected ${expected}, found ${version}` }],
    action: `Versions of this API are ${scheme === 'semver' ? 'semantic' : 'dates'}: correct it.`,
  });
}

const isPrerelease = (version: string): boolean => /^\d+\.\d+\.\d+-/.test(version);

/** The newest active version; of prereleases only when there is nothing else. Null when none is active. */
export function latestOf({ versions }: Pick<ApiRecord, 'versions'>): string | null {
  const active = versions.filter(({ status }) => status === 'active').map(({ version }) => version);
  return active.findLast((version) => !isPrerelease(version)) ?? active.at(-1) ?? null;
}

/** Throws NotFound. */
export function versionOf(api: Pick<ApiRecord, 'id' | 'versions'>, version: string): VersionRecord {
  const found = api.versions.find((one) => one.version === version);
  if (found !== undefined) return found;
  throw new NotFound(`${api.id} ${version} is not registered`, {
    evidence: { api: api.id, version, registered: api.versions.map((one) => one.version).slice(-20) },
    action: `List what is registered with \`theseus api versions ${api.id}\`.`,
  });
}

export const versionView = (api: string, record: VersionRecord): ApiVersionView => ({
  api,
  version: record.version,
  status: record.status,
  stability: record.stability,
  title: record.title,
  description: { hash: record.description.hash, bytes: record.description.bytes },
  comparison: record.comparison,
  accepted: record.accepted,
  changes: record.changes?.count ?? 0,
  validateRequests: record.validateRequests,
  deprecatedAt: record.deprecation?.at ?? null,
  sunset: record.deprecation?.sunset ?? null,
  registeredAt: record.registeredAt,
  registeredBy: record.registeredBy,
});
