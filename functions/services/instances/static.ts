import { clock } from '#platform/clock.ts';
import type { VersionRecord } from '../registry/records.ts';
import { dueOf, type Health, type InstanceRecord } from './records.ts';
import { createInstance, instanceId } from './store.ts';

export const unknownHealth: Health = {
  status: 'unknown',
  good: 0,
  bad: 0,
  checkedAt: null,
  changedAt: null,
  detail: null,
};

/** A new instance of a version, to be probed at once where the version has a health check. */
export function newInstance(
  { service, version, healthCheck }: VersionRecord,
  given: Pick<InstanceRecord, 'kind' | 'url' | 'zone' | 'weight' | 'labels' | 'leaseSeconds' | 'createdBy'>,
): InstanceRecord {
  const now = clock.now();
  const { leaseSeconds } = given;
  const record: InstanceRecord = {
    ...given,
    schemaVersion: 1,
    revision: 1,
    id: instanceId(service, version, given.url),
    service,
    version,
    leaseUntil: leaseSeconds === null ? null : now + leaseSeconds * 1_000,
    load: null,
    inFlight: null,
    draining: false,
    heartbeatAt: null,
    health: unknownHealth,
    probeAt: healthCheck === null ? null : now,
    dueAt: null,
    outbox: [],
    nextSequence: 0,
    createdAt: clock.iso(),
  };
  return { ...record, dueAt: dueOf(record, now) };
}

/** The endpoints of a version as instances that stay with it; those that are there stay as they are. */
export async function enterEndpoints(record: VersionRecord): Promise<void> {
  await Promise.all(
    record.endpoints.map((endpoint) =>
      createInstance(
        newInstance(record, {
          ...endpoint,
          kind: 'static',
          leaseSeconds: null,
          createdBy: record.createdBy,
        }),
      ),
    ),
  );
}
