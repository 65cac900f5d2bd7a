import { NotFound } from '#platform/errors.ts';
import { absent, type Place, type WorkPage } from '#platform/records.ts';
import { type RecordChange, recordChanger } from '#platform/workflow-record.ts';
import { keys, readItem, readPage, readWork, writeItem } from '../store.ts';
import { ReleaseEntry, ReleaseRecord } from './records.ts';
import type { ReleaseStatus } from './schemas.ts';

const active = new Set<ReleaseStatus>(['waiting_for_approval', 'running', 'keeping', 'rolling_back']);
/** Whether something acts for the release now, or waits to. */
export const isActiveRelease = (status: ReleaseStatus): boolean => active.has(status);

const workKey = (record: ReleaseRecord): Record<string, string> =>
  isActiveRelease(record.status) || record.outbox.length > 0
    ? { gsi1pk: 'RELEASE_WORK', gsi1sk: `${record.createdAt}#${record.id}` }
    : {};

/** Ids of releases that are active or have something unpublished; one page of at most 100. */
export const readReleaseWork = (from?: Place): Promise<WorkPage> => readWork('RELEASE_WORK', from);

/** The release of this id as it is now, or undefined. */
export const findRelease = (id: string): Promise<ReleaseRecord | undefined> =>
  readItem(ReleaseRecord, keys.release(id));

/** Throws NotFound when no release has this id. */
export async function readRelease(id: string): Promise<ReleaseRecord> {
  const record = await findRelease(id);
  if (record !== undefined) return record;
  throw new NotFound(`There is no release ${id}`, {
    evidence: { id },
    action: 'List them with `theseus release list`.',
  });
}

/** A page of releases, newest first. */
export async function listReleases(query: {
  limit: number;
  from?: Place | undefined;
}): Promise<{ items: ReleaseRecord[]; next: Place | undefined }> {
  const { pk } = keys.releaseEntry('', '');
  const page = await readPage(ReleaseEntry, { pk, newestFirst: true, ...query });
  const found = await Promise.all(page.items.map(({ id }) => findRelease(id)));
  return { items: found.filter((record) => record !== undefined), next: page.next };
}

/** Stores a new release, entered in the list first. False when it is there already. */
export async function createRelease(record: ReleaseRecord): Promise<boolean> {
  const { id, createdAt } = record;
  await writeItem(keys.releaseEntry(createdAt, id), { id });
  return writeItem(keys.release(id), { ...record, ...workKey(record) }, absent);
}

/** What a decision changes; events are stored in the same write. */
export type ReleaseChange = RecordChange<ReleaseRecord>;

/** Changes a release's record (see recordChanger). Throws RecordContended, NotFound. */
export const changeRelease = /* @__PURE__ */ recordChanger<ReleaseRecord>({
  noun: 'Release',
  read: readRelease,
  write: (record, condition) =>
    writeItem(keys.release(record.id), { ...record, ...workKey(record) }, condition),
});
