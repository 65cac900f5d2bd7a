import { NotFound } from '#platform/errors.ts';
import { absent, type Place, type WorkPage } from '#platform/records.ts';
import { type RecordChange, recordChanger } from '#platform/workflow-record.ts';
import { Content } from '../schemas.ts';
import { deleteItem, keys, readAll, readItem, readPage, readWork, work, writeItem } from '../store.ts';
import { ChangeItem, Entry, UpdateRecord } from './records.ts';
import type { UpdateStatus } from './schemas.ts';

const open = new Set<UpdateStatus>(['waiting', 'running', 'waiting_for_approval', 'rolling_back']);
/** Whether something acts for the update now, or waits to. */
export const isOpen = (status: UpdateStatus): boolean => open.has(status);

/** The sparse index of what the sweepers look at: what is open, or has something to publish. */
const workKey = (record: UpdateRecord): Record<string, string> =>
  isOpen(record.status) || record.outbox.length > 0
    ? { gsi1pk: work.updates, gsi1sk: `${record.createdAt}#${record.id}` }
    : {};

/** Ids of what is open or has something unpublished; one page of at most 100. */
export const readUpdateWork = (from?: Place): Promise<WorkPage> => readWork(work.updates, from);

/** The update of this id as it is now, or undefined. */
export const findUpdate = (id: string): Promise<UpdateRecord | undefined> =>
  readItem(UpdateRecord, keys.update(id));

/** Throws NotFound when no update has this id. */
export async function readUpdate(id: string): Promise<UpdateRecord> {
  const record = await findUpdate(id);
  if (record !== undefined) return record;
  throw new NotFound(`There is no update ${id}`, {
    evidence: { id },
    action: 'List them with `theseus config update list`.',
  });
}

/** What the changes of an update write, in their order; null deletes. */
export const readChanges = async (id: string): Promise<(Content | null)[]> =>
  (await readAll(ChangeItem, keys.updateChange(id, 0).pk, 'CHANGE#')).map(({ content }) =>
    Content.nullable().parse(JSON.parse(content)),
  );

/** A page of updates, newest first; those of another status are left out of it. */
export async function listUpdates(query: {
  status?: UpdateStatus | undefined;
  limit: number;
  from?: Place | undefined;
}): Promise<{ items: UpdateRecord[]; next: Place | undefined }> {
  const { status, limit, from } = query;
  const page = await readPage(Entry, { pk: keys.updateEntry('', '').pk, limit, newestFirst: true, from });
  const records = await Promise.all(page.items.map(({ id }) => findUpdate(id)));
  const items = records.flatMap((record) =>
    record !== undefined && (status === undefined || record.status === status) ? [record] : [],
  );
  return { items, next: page.next };
}

/** Stores a new update: what it writes and its entry in the list first. False when it is there already. */
export async function createUpdate(
  record: UpdateRecord,
  contents: readonly (Content | null)[],
): Promise<boolean> {
  if ((await findUpdate(record.id)) !== undefined) return false;
  await Promise.all(
    contents.map((content, index) =>
      writeItem(keys.updateChange(record.id, index), { content: JSON.stringify(content) }),
    ),
  );
  await writeItem(keys.updateEntry(record.createdAt, record.id), { id: record.id });
  return writeItem(keys.update(record.id), { ...record, ...workKey(record) }, absent);
}

/** Takes back an update that never began. */
export async function forgetUpdate({ id, createdAt, changes }: UpdateRecord): Promise<void> {
  await deleteItem(keys.update(id));
  await deleteItem(keys.updateEntry(createdAt, id));
  await Promise.all(changes.map((_change, index) => deleteItem(keys.updateChange(id, index))));
}

/** What a decision changes; events are stored in the same write. */
export type Change = RecordChange<UpdateRecord>;

/** Changes an update's record (see recordChanger). Throws RecordContended, NotFound. */
export const changeUpdate = /* @__PURE__ */ recordChanger<UpdateRecord>({
  noun: 'Update',
  read: readUpdate,
  write: (record, condition) =>
    writeItem(keys.update(record.id), { ...record, ...workKey(record) }, condition),
});
