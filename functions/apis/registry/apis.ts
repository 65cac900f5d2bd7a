import { clock } from '#platform/clock.ts';
import { NotFound } from '#platform/errors.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { absent, type ItemPage, type Place } from '#platform/records.ts';
import { ApiInUse, RecordContended, TooMany } from '../errors.ts';
import { ApiEntry, ApiRecord } from '../records.ts';
import type { ApiView } from '../schemas.ts';
import { deleteItem, keys, readItem, readPage, work, writeItem } from '../store.ts';
import { latestOf } from './versions.ts';

const contentionAttempts = 12;
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

/** The place in the index while the gateway does not have this revision. */
const workKey = ({ name, revision, servedRevision, updatedAt }: ApiRecord) =>
  servedRevision < revision ? { gsi1pk: work.routes, gsi1sk: `${updatedAt}#${name}` } : {};

/** Throws TooMany when the record would not fit into its item. */
function itemOf(record: ApiRecord): Record<string, unknown> {
  const bytes = Buffer.byteLength(JSON.stringify(record));
  if (bytes <= largestRecord) return { ...record, ...workKey(record) };
  throw new TooMany(
    `${record.name} would have ${bytes} bytes of versions, pins and limits, at most ${largestRecord} are kept`,
    {
      evidence: { api: record.name, bytes, limit: largestRecord },
      action: 'Forget removed versions, or pins that nobody needs.',
    },
  );
}

/** Brings the entry in the list up to what the record says, unless it is newer. */
async function enter(record: ApiRecord): Promise<void> {
  const { name, settings, versions, revision } = record;
  const entry: ApiEntry = {
    name,
    kind: settings.kind,
    service: settings.service,
    versions: versions.length,
    latest: latestOf(record),
    revision,
  };
  await writeItem(keys.entry(name), entry, {
    expression: 'attribute_not_exists(pk) OR revision < :revision',
    values: { ':revision': revision },
  });
}

/** Stores a new API, and enters it in the list. Undefined when it is there already. */
export async function createApi(
  given: Pick<ApiRecord, 'name' | 'settings' | 'createdBy'>,
): Promise<ApiRecord | undefined> {
  const at = clock.iso();
  const record: ApiRecord = {
    ...given,
    schemaVersion: 1,
    revision: 1,
    versions: [],
    pins: {},
    servedRevision: 1,
    createdAt: at,
    updatedAt: at,
  };
  if (!(await writeItem(keys.api(record.name), itemOf(record), absent))) return undefined;
  await enter(record);
  return record;
}

/** What a decision changes of an API. */
export type ApiChange = Partial<Pick<ApiRecord, 'settings' | 'versions' | 'pins'>>;

/**
 * Reads, decides, writes on the condition that nobody wrote between; decides anew when somebody did. `decide` returns
 * undefined to change nothing and throws to refuse. The gateway is to be told of the change: `handOver` does it, and a
 * sweeper what it left. Returns the record as it is then. Throws NotFound, RecordContended, TooMany.
 */
export async function changeApi(
  name: string,
  decide: (record: ApiRecord) => ApiChange | undefined,
): Promise<ApiRecord> {
  for (let attempt = 0; attempt < contentionAttempts; attempt += 1) {
    const record = await readApi(name);
    const change = decide(record);
    if (change === undefined) {
      // A first run may have been cut off before it came here.
      await enter(record);
      return record;
    }
    const changed = { ...record, ...change, revision: record.revision + 1, updatedAt: clock.iso() };
    if (await replace(record, changed)) {
      await enter(changed);
      return changed;
    }
    await clock.sleep(jitteredBackoff(attempt, 20, 1_000));
  }
  throw new RecordContended(`The API ${name} was written by others ${contentionAttempts} times in a row`, {
    evidence: { api: name },
    action: 'Repeat the request.',
  });
}

const replace = (old: ApiRecord, next: ApiRecord): Promise<boolean> =>
  writeItem(keys.api(old.name), itemOf(next), {
    expression: 'revision = :revision',
    values: { ':revision': old.revision },
  });

/** Enters that the gateway has this revision; does nothing when there is a newer one by now. */
export async function markServed(record: ApiRecord): Promise<void> {
  await replace(record, { ...record, servedRevision: record.revision });
}

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

export const apiView = (record: ApiRecord): ApiView => ({
  name: record.name,
  ...record.settings,
  latest: latestOf(record),
  versions: record.versions.map(({ version, status }) => ({ version, status })),
  createdAt: record.createdAt,
  updatedAt: record.updatedAt,
});
