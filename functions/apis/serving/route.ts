import type { ApiRecord, VersionRecord } from '../records.ts';
import { latestOf } from '../registry/versions.ts';
import { changesOf } from '../transformation/stored-changes.ts';
import { readServed } from './served.ts';

/** All that the gateway is told of one version. */
async function servedVersion(record: VersionRecord) {
  const { deprecation, status } = record;
  return {
    version: record.version,
    status,
    ...(deprecation === null ? {} : { deprecation }),
    refuseNewConsumers: record.refuseNewConsumers,
    knownConsumers: record.knownConsumers,
    brownouts: record.brownouts,
    deprecatedElements: record.deprecatedElements,
    changes: await changesOf(record),
    // Nobody is served by what is gone: only its name and its links are left.
    ...(status === 'removed' ? {} : await readServed(record)),
  };
}

/** The whole state of an API for the gateway; undefined while it has no version that could be served. */
export async function routeOf(record: ApiRecord) {
  const { settings, versions, pins } = record;
  const latest = latestOf(record) ?? versions.findLast(({ status }) => status !== 'removed')?.version;
  if (latest === undefined) return undefined;
  return {
    api: record.id,
    service: settings.service,
    revision: record.routeRevision,
    kind: settings.kind,
    choice: settings.choice,
    consumer: settings.consumer,
    latest,
    default: settings.defaultVersion ?? latest,
    pins,
    versions: await Promise.all(versions.map(servedVersion)),
    limits: settings.limits,
    usage: settings.usage,
  };
}
