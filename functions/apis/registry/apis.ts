import { clock } from '#platform/clock.ts';
import { NotFound } from '#platform/errors.ts';
import { publishOutbox } from '#platform/event-log.ts';
import { absent, type ItemPage, type Place } from '#platform/records.ts';
import { type NewEvent, nextEvents, recordChanger } from '#platform/workflow-record.ts';
import { ApiInUse, TooMany } from '../errors.ts';
import { ApiEntry, ApiRecord } from '../records.ts';
import type { ApiSettings, ApiView } from '../schemas.ts';
import { deleteItem, keys, readItem, readPage, work, writeItem } from '../store.ts';
import { latestOf } from './versions.ts';

/** An item of DynamoDB ends at 400 kB. */
const largestRecord = 350_000;

export const findApi = (name: string): Promise<ApiRecord | undefined> => readItem(ApiRecord, keys.api(name));

/** Throws NotFound. */
export async function readApi(name: string): Promise<ApiRecord> {
  const found = await findApi(name);
  if (found !== undefined) return found;
  throw new NotFound(`There is no API ${name}`, {
    evidence: { api: name },
    action: 'List them with `theseus api list`, or make it with `theseus api set`.',
  });
}

/** A page of the APIs, by name. */
export const listApis = (limit: number, from: Place | undefined): Promise<ItemPage<ApiEntry>> =>
  readPage(ApiEntry, { pk: keys.entry('').pk, limit, from });

/** The place in the index while the gateway does not have its newest state, or events wait. */
const workKey = ({ id, routeRevision, servedRevision, outbox, updatedAt }: ApiRecord) =>
  servedRevision < routeRevision || outbox.length > 0
    ? { gsi1pk: work.apis, gsi1sk: `${updatedAt}#${id}` }
    : {};

/** Throws TooMany when the record would not fit into its item. */
function itemOf(record: ApiRecord): Record<string, unknown> {
  const bytes = Buffer.byteLength(JSON.stringify(record));
  if (bytes <= largestRecord) return { ...record, ...workKey(record) };
  throw new TooMany(
    `${record.id} would have ${bytes} bytes of versions, pins and limits, at most ${largestRecord} are kept`,
    {
      evidence: { api: record.id, bytes, limit: largestRecord },
      action: 'Deregister versions that are removed, or take back pins that nobody needs.',
    },
  );
}

/** Brings the entry in the list up to what the record says, unless it is newer. */
async function enter(record: ApiRecord): Promise<void> {
  const { id, settings, versions, revision } = record;
  const entry: ApiEntry = {
    name: id,
    kind: settings.kind,
    service: settings.service,
    versions: versions.length,
    latest: latestOf(record),
    revision,
  };
  await writeItem(keys.entry(id), entry, {
    expression: 'attribute_not_exists(pk) OR revision < :revision',
    values: { ':revision': revision },
  });
}

/** Stores a new API, and enters it in the list. Undefined when it is there already. */
export async function createApi(
  name: string,
  settings: ApiSettings,
  by: string,
): Promise<ApiRecord | undefined> {
  const at = clock.iso();
  const record: ApiRecord = {
    schemaVersion: 1,
    id: name,
    revision: 1,
    settings,
    versions: [],
    pins: {},
    routeRevision: 1,
    servedRevision: 1,
    servingProblem: null,
    ...nextEvents({ outbox: [], nextSequence: 0 }, { events: [{ type: 'api.created', actor: by }] }),
    createdAt: at,
    createdBy: by,
    updatedAt: at,
  };
  if (!(await writeItem(keys.api(name), itemOf(record), absent))) return undefined;
  await enter(record);
  return record;
}

// Pure: a bundle that only reads leaves it out.
const change = /* @__PURE__ */ recordChanger<ApiRecord>({
  noun: 'API',
  read: readApi,
  write: (record, condition) => writeItem(keys.api(record.id), itemOf(record), condition),
});

/** What a decision changes of an API. */
export interface ApiChange {
  set: Partial<Pick<ApiRecord, 'settings' | 'versions' | 'pins'>>;
  events?: NewEvent[];
}

/**
 * Reads, decides, writes on the condition that nobody wrote between; decides anew when somebody did. `decide` returns
 * undefined to change nothing and throws to refuse. The gateway is to be told of the change: `serveApi` does it, and a
 * sweeper what it left. Returns the record as it is then. Throws NotFound, RecordContended, TooMany.
 */
export async function changeApi(
  name: string,
  decide: (record: ApiRecord) => ApiChange | undefined,
): Promise<ApiRecord> {
  const record = await change(name, (found) => {
    const decided = decide(found);
    if (decided === undefined) return undefined;
    return {
      ...decided,
      set: { ...decided.set, routeRevision: found.routeRevision + 1, servingProblem: null },
    };
  });
  // A first run may have been cut off before it came here.
  await enter(record);
  return record;
}

/** Enters what came of telling the gateway; does nothing when there is a newer state by now. */
export const markServed = (
  name: string,
  routeRevision: number,
  servingProblem: string | null,
): Promise<ApiRecord> =>
  change(name, (found) =>
    found.routeRevision === routeRevision && found.servedRevision < routeRevision
      ? { set: { servedRevision: routeRevision, servingProblem } }
      : undefined,
  );

/** Sends the events that wait, and keeps them. */
export const publishApiEvents = (record: ApiRecord): Promise<number> =>
  publishOutbox(record, {
    source: 'theseus.apis',
    about: { api: record.id },
    keep: (event) => writeItem(keys.event(record.id, event.sequence), event),
    letGo: (publishedThrough) => change(record.id, () => ({ set: {}, publishedThrough })),
  });

/** Removes an API that has no versions. Throws NotFound, ApiInUse. */
export async function removeApi(name: string): Promise<void> {
  const { versions } = await readApi(name);
  const gone =
    versions.length === 0 &&
    (await deleteItem(keys.api(name), {
      expression: 'size(versions) = :none',
      values: { ':none': 0 },
    }));
  if (!gone) {
    throw new ApiInUse(`${name} has ${versions.length} versions`, {
      evidence: { api: name, versions: versions.map(({ version }) => version).slice(-20) },
      action: `Remove them first: theseus api deregister ${name} <version>`,
    });
  }
  await deleteItem(keys.entry(name));
}

/** Whether the gateway does what the record says. */
export const isServed = ({
  servedRevision,
  routeRevision,
  servingProblem,
}: Pick<ApiRecord, 'servedRevision' | 'routeRevision' | 'servingProblem'>): boolean =>
  servedRevision >= routeRevision && servingProblem === null;

export const apiView = (record: ApiRecord): ApiView => ({
  name: record.id,
  ...record.settings,
  latest: latestOf(record),
  versions: record.versions.map(({ version, status }) => ({ version, status })),
  served: {
    upToDate: isServed(record),
    problem: record.servingProblem,
  },
  createdAt: record.createdAt,
  updatedAt: record.updatedAt,
});
