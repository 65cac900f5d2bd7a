import { compareVersions } from '#compatibility/ranges.ts';
import { clock } from '#platform/clock.ts';
import { NotFound, RecordContended } from '#platform/errors.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { absent, type ItemPage, type Place } from '#platform/records.ts';
import type { Service, ServiceVersion, VersionSummary } from '../schemas.ts';
import { keys, readAll, readItem, readPage, writeItem } from '../store.ts';
import { contractOf } from './contracts.ts';
import { ServiceRecord, VersionRecord } from './records.ts';

const contentionAttempts = 8;

const isPrerelease = (version: string): boolean => version.replace(/\+.*$/, '').includes('-');

/** The highest of versions; of prereleases only when there is nothing else. Null of none. */
export function latestOf(versions: readonly string[]): string | null {
  const released = versions.filter((version) => !isPrerelease(version));
  return (released.length > 0 ? released : versions).toSorted(compareVersions).at(-1) ?? null;
}

export const findVersion = (service: string, version: string): Promise<VersionRecord | undefined> =>
  readItem(VersionRecord, keys.version(service, version));

/** Throws NotFound. */
export async function readVersion(service: string, version: string): Promise<VersionRecord> {
  const found = await findVersion(service, version);
  if (found !== undefined) return found;
  throw new NotFound(`${service} ${version} is not registered`, {
    evidence: { service, version },
    action: `List what is registered with \`theseus service versions ${service}\`.`,
  });
}

/** Every version of a service, the lowest first; none when the service is not there. */
export async function readVersions(service: string): Promise<VersionRecord[]> {
  const found = await readAll(VersionRecord, keys.version(service, '').pk, 'VERSION#');
  return found.toSorted((a, b) => compareVersions(a.version, b.version));
}

/** Throws NotFound. */
export async function readService(name: string): Promise<ServiceRecord> {
  const found = await readItem(ServiceRecord, keys.service(name));
  if (found !== undefined) return found;
  throw new NotFound(`There is no service ${name}`, {
    evidence: { name },
    action: 'List them with `theseus service list`, or register its first version.',
  });
}

export const listServices = (limit: number, from: Place | undefined): Promise<ItemPage<ServiceRecord>> =>
  readPage(ServiceRecord, { pk: keys.service('').pk, limit, from });

/** Makes the entry of a service in the list when it is not there. */
async function enterService(name: string): Promise<void> {
  const at = clock.iso();
  const record: ServiceRecord = {
    schemaVersion: 1,
    revision: 1,
    name,
    versions: 0,
    latest: null,
    createdAt: at,
    updatedAt: at,
  };
  await writeItem(keys.service(name), record, absent);
}

/** Brings the entry of a service up to date with its versions, and makes it when it is not there. Throws RecordContended. */
export async function refreshService(name: string): Promise<void> {
  for (let attempt = 0; attempt < contentionAttempts; attempt += 1) {
    const entry = await readItem(ServiceRecord, keys.service(name));
    if (entry === undefined) {
      await enterService(name);
      continue;
    }
    const versions = (await readVersions(name)).map(({ version }) => version);
    const latest = latestOf(versions);
    if (entry.versions === versions.length && entry.latest === latest) return;
    const written = await writeItem(
      keys.service(name),
      {
        ...entry,
        versions: versions.length,
        latest,
        revision: entry.revision + 1,
        updatedAt: clock.iso(),
      },
      { expression: 'revision = :revision', values: { ':revision': entry.revision } },
    );
    if (written) return;
    await clock.sleep(jitteredBackoff(attempt, 20, 500));
  }
  throw new RecordContended(
    `The service ${name} was written by others ${contentionAttempts} times in a row`,
    {
      evidence: { name },
      action: 'Repeat the request.',
    },
  );
}

export const serviceView = ({ name, versions, latest, createdAt, updatedAt }: ServiceRecord): Service => ({
  name,
  versions,
  latest,
  createdAt,
  updatedAt,
});

export const summaryOf = (record: VersionRecord): VersionSummary => ({
  service: record.service,
  version: record.version,
  endpoints: record.endpoints.length,
  contract:
    record.contract === null
      ? null
      : { endpoints: record.contract.endpoints, events: record.contract.events },
  dependencies: record.dependencies,
  labels: record.labels,
  createdAt: record.createdAt,
  createdBy: record.createdBy,
});

/** What the API shows of a version, its contract included. */
export async function versionView(record: VersionRecord): Promise<ServiceVersion> {
  const { schemaVersion: _schema, contentHash: _hash, ...shown } = record;
  // A contract is JSON by its own schema; its type says `unknown` of what stands in schemas.
  return { ...shown, contract: (await contractOf(record)) as ServiceVersion['contract'] };
}
