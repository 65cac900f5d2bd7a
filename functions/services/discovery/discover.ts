import { satisfies } from '#compatibility/ranges.ts';
import { clock } from '#platform/clock.ts';
import { InvalidInput } from '#platform/errors.ts';
import { random } from '#platform/random.ts';
import { versionsFor } from '../consumers/versions-for.ts';
import type { InstanceRecord } from '../instances/records.ts';
import { allInstancesOf } from '../instances/store.ts';
import type { VersionRecord } from '../registry/records.ts';
import { readService, readVersions } from '../registry/versions.ts';
import { type Choice, inOrder } from './choose.ts';
import { type CandidateView, type Discovery, type DiscoveryQuery, pairsOf } from './schemas.ts';

const isReleased = (version: string): boolean => satisfies(version, '*');

/** Whether an instance may be asked: its lease runs, and it is as healthy as it was asked for. */
export function isFit(
  { leaseUntil, draining, health }: Pick<InstanceRecord, 'leaseUntil' | 'draining' | 'health'>,
  { healthCheck }: Pick<VersionRecord, 'healthCheck'>,
  wanted: DiscoveryQuery['health'],
  now: number,
): boolean {
  if (leaseUntil !== null && leaseUntil <= now) return false;
  if (wanted === 'any') return true;
  if (draining || health.status === 'failing') return false;
  return wanted === 'not_failing' || health.status === 'passing' || healthCheck === null;
}

function candidateOf(instance: InstanceRecord, version: VersionRecord): CandidateView {
  const { id, url, zone, weight, load, inFlight, leaseUntil } = instance;
  return {
    ...{ id, version: version.version, url, zone, weight },
    labels: { ...version.labels, ...instance.labels },
    health: instance.health.status,
    ...{ load, inFlight },
    leaseUntil: leaseUntil === null ? null : new Date(leaseUntil).toISOString(),
  };
}

function choiceOf({ choice, zone }: DiscoveryQuery): Choice | undefined {
  if (choice !== 'zone_aware') return choice && { choice };
  if (zone !== undefined) return { choice, zone };
  throw new InvalidInput('Expected the zone of the caller', {
    problems: [{ pointer: '/query/zone', detail: 'Expected the zone of the caller' }],
    action: 'Send `zone`, or choose in another way.',
  });
}

/** Who may be asked for a service. Throws NotFound, of a service or a consumer, and InvalidInput. */
export async function discover(service: string, query: DiscoveryQuery): Promise<Discovery> {
  await readService(service);
  const { range, limit, consumer } = query;
  const labels = pairsOf(query.label);
  const versions = await readVersions(service);
  const inRange = versions.filter(({ version }) =>
    range === undefined ? isReleased(version) : satisfies(version, range),
  );
  const { allowed, excluded } =
    consumer === undefined
      ? { allowed: inRange, excluded: [] }
      : await versionsFor(service, consumer, inRange, versions);
  // The highest first.
  const byVersion = new Map(allowed.toReversed().map((one, place) => [one.version, { one, place }]));
  const now = clock.now();
  const found = (await allInstancesOf(service))
    .flatMap((instance) => {
      const version = byVersion.get(instance.version);
      if (version === undefined || !isFit(instance, version.one, query.health, now)) return [];
      const candidate = candidateOf(instance, version.one);
      const matches = labels.every(([name, value]) => candidate.labels[name] === value);
      return matches ? [{ candidate, place: version.place }] : [];
    })
    .sort((a, b) => a.place - b.place || (a.candidate.id < b.candidate.id ? -1 : 1))
    .map(({ candidate }) => candidate);
  const how = choiceOf(query);
  const items = how === undefined ? found.slice(0, limit) : inOrder(found, how, random, limit);
  return { service, items, more: found.length - items.length, excluded };
}
