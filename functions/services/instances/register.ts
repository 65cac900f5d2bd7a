import { clock } from '#platform/clock.ts';
import { RecordContended } from '#platform/errors.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { InstanceIsStatic, TooMany } from '../errors.ts';
import type { VersionRecord } from '../registry/records.ts';
import { readVersion } from '../registry/versions.ts';
import { checkEndpoints } from './destinations.ts';
import { probeInstance } from './probe.ts';
import { dueOf, type InstanceRecord } from './records.ts';
import type { Heartbeat, Instance, NewInstance } from './schemas.ts';
import { newInstance } from './static.ts';
import {
  beat,
  changeInstance,
  createInstance,
  findInstance,
  forgetInstance,
  instancesOf,
  readInstance,
} from './store.ts';

/** Every discovery reads all of them. */
const mostInstances = 500;
const contentionAttempts = 8;

/** What the API shows of an instance. */
export function instanceView(record: InstanceRecord): Instance {
  const { id, service, version, kind, url, zone, weight, labels, load, inFlight, draining } = record;
  const { status, checkedAt, changedAt, detail } = record.health;
  const { leaseUntil, heartbeatAt, createdAt, createdBy } = record;
  return {
    ...{ id, service, version, kind, url, zone, weight, labels },
    health: { status, checkedAt, changedAt, detail },
    ...{ load, inFlight, draining },
    leaseUntil: leaseUntil === null ? null : new Date(leaseUntil).toISOString(),
    expired: leaseUntil !== null && leaseUntil <= clock.now(),
    ...{ heartbeatAt, createdAt, createdBy },
  };
}

/**
 * Registers an instance of a version, or gives the one that has this URL a new lease; then asks it how it is, so that it
 * is found at once. Throws NotFound, InstanceIsStatic, TooMany, DestinationRefused, DestinationUnreachable.
 */
export async function registerInstance(
  service: string,
  version: string,
  given: NewInstance,
  by: string,
  kind: 'registered' | 'imported' = 'registered',
): Promise<{ record: InstanceRecord; created: boolean }> {
  const of = await readVersion(service, version);
  await checkEndpoints([given.url]);
  const { record, created } = await enter(of, newInstance(of, { ...given, kind, createdBy: by }));
  if (of.healthCheck === null) return { record, created };
  return { record: (await probeInstance(record, of.healthCheck)) ?? record, created };
}

async function enter(
  { service, version }: VersionRecord,
  fresh: InstanceRecord,
): Promise<{ record: InstanceRecord; created: boolean }> {
  for (let attempt = 0; attempt < contentionAttempts; attempt += 1) {
    const found = await findInstance(service, version, fresh.id);
    if (found?.kind === 'static') {
      throw new InstanceIsStatic(`${fresh.url} is an endpoint of ${service} ${version}`, {
        evidence: { service, version, id: found.id },
        action: 'Nothing: it is found without a lease. For one with a lease, register a version without it.',
      });
    }
    if (found === undefined) {
      const { length } = await instancesOf(service, version);
      if (length >= mostInstances) {
        throw new TooMany(
          `${service} ${version} has ${length} instances, at most ${mostInstances} are possible`,
          {
            evidence: { service, version, instances: length, limit: mostInstances },
            action: 'Put a load balancer in front of them, and register that.',
          },
        );
      }
      if (await createInstance(fresh)) return { record: fresh, created: true };
    } else {
      const { kind, zone, weight, labels, leaseSeconds, leaseUntil, probeAt } = fresh;
      const renewed = { kind, zone, weight, labels, leaseSeconds, leaseUntil, probeAt, draining: false };
      const dueAt = dueOf({ ...found, ...renewed }, clock.now());
      const stored = await changeInstance(found, { ...renewed, dueAt });
      if (stored !== undefined) return { record: stored, created: false };
    }
    await clock.sleep(jitteredBackoff(attempt, 20, 500));
  }
  throw new RecordContended(
    `Instance ${fresh.id} was written by others ${contentionAttempts} times in a row`,
    {
      evidence: { id: fresh.id },
      action: 'Repeat the request.',
    },
  );
}

/** Prolongs a lease and says how busy the instance is. Returns its end, epoch ms. Throws NotFound. */
export async function heartbeat(
  service: string,
  version: string,
  id: string,
  { load, inFlight, draining }: Heartbeat,
): Promise<number | null> {
  const record = await readInstance(service, version, id);
  const leaseUntil = record.leaseSeconds === null ? null : clock.now() + record.leaseSeconds * 1_000;
  if (await beat(record, { load: load ?? null, inFlight: inFlight ?? null, draining }, leaseUntil))
    return leaseUntil;
  // It was removed in this very moment.
  await readInstance(service, version, id);
  return leaseUntil;
}

/** Throws NotFound, InstanceIsStatic. */
export async function removeInstance(service: string, version: string, id: string): Promise<void> {
  const record = await readInstance(service, version, id);
  if (record.kind === 'static') {
    throw new InstanceIsStatic(`${id} is an endpoint of ${service} ${version} and stays with it`, {
      evidence: { service, version, id },
      action: 'Deregister the version, or register another one without this endpoint.',
    });
  }
  await forgetInstance(record);
}
