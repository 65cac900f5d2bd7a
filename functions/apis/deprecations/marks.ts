import type { ApiRecord, VersionRecord } from '../records.ts';
import { changeApi, findApi } from '../registry/apis.ts';
import { serveApi } from '../serving/serve-api.ts';
import type { DeprecationRecord } from './records.ts';
import { elementKey } from './schemas.ts';
import { calendarFor } from './standing.ts';

// What the registry, and by it the gateway, says of a deprecation. It follows from the record alone: applied again it
// changes nothing, and what a crash left undone the next look does.

const iso = (ms: number): string => new Date(ms).toISOString();

/** Whether everything is as if there had been no deprecation: it was cancelled, or its removal undone. */
const isTakenBack = ({ cancel, restore, status }: DeprecationRecord): boolean =>
  cancel !== null ||
  restore !== null ||
  status === 'cancelled' ||
  status === 'restored' ||
  status === 'rejected';

/** The version as the deprecation wants it at `now`. */
export function markedVersion(version: VersionRecord, record: DeprecationRecord, now: number): VersionRecord {
  const { announcedAt } = record;
  if (announcedAt === null && !isTakenBack(record)) return version;
  if (record.elements !== null) return markedElements(version, record, now);
  if (isTakenBack(record) || announcedAt === null) {
    return {
      ...version,
      status: 'active',
      deprecation: null,
      refuseNewConsumers: false,
      knownConsumers: [],
      brownouts: [],
    };
  }
  const removed = record.removedAt !== null;
  return {
    ...version,
    status: removed ? 'removed' : 'deprecated',
    deprecation: {
      at: announcedAt,
      sunset: record.removedAt ?? iso(calendarFor(record, now).removeAt),
      successor: record.successor,
      ...(record.guide === null ? {} : { link: record.guide, guide: record.guide }),
    },
    refuseNewConsumers: record.policy.refuseNewConsumers,
    knownConsumers: record.policy.refuseNewConsumers ? record.consumers.map(({ consumer }) => consumer) : [],
    brownouts: record.brownouts.flatMap(({ id, state, from, to }) =>
      (state === 'announced' || state === 'begun') && from !== null && to !== null && !removed
        ? [{ id, from, to, status: record.policy.brownoutStatus, exempt: record.exempt }]
        : [],
    ),
  };
}

/** GraphQL types and fields are not the gateway's to tell apart in answers: their sunset stands in documents and the feed. */
function markedElements(version: VersionRecord, record: DeprecationRecord, now: number): VersionRecord {
  const own = new Set((record.elements ?? []).map(elementKey));
  const others = version.deprecatedElements.filter((element) => !own.has(elementKey(element)));
  const { announcedAt, elements } = record;
  if (isTakenBack(record) || announcedAt === null) return { ...version, deprecatedElements: others };
  const { refuseNewConsumers } = record.policy;
  const said = {
    at: announcedAt,
    sunset: record.removedAt ?? iso(calendarFor(record, now).removeAt),
    ...(record.guide === null ? {} : { link: record.guide }),
    refuseNewConsumers,
    knownConsumers: refuseNewConsumers ? record.consumers.map(({ consumer }) => consumer) : [],
    removed: record.removedAt !== null,
  };
  const marked = (elements ?? []).flatMap((element) => ('type' in element ? [] : [{ ...element, ...said }]));
  return { ...version, deprecatedElements: [...others, ...marked] };
}

/** Brings the registry and the gateway up to what the record says at `now`; an API that is gone needs nothing. */
export async function applyMarks(
  record: DeprecationRecord,
  now: number,
  tools: Parameters<typeof serveApi>[1],
): Promise<void> {
  if ((await findApi(record.api)) === undefined) return;
  const api = await changeApi(record.api, (api: ApiRecord) => {
    const versions = api.versions.map((version) =>
      version.version === record.version ? markedVersion(version, record, now) : version,
    );
    return JSON.stringify(versions) === JSON.stringify(api.versions) ? undefined : { set: { versions } };
  });
  await serveApi(api, tools);
}
