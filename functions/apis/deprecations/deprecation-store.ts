import { NotFound } from '#platform/errors.ts';
import { absent, type Place, type WorkPage } from '#platform/records.ts';
import { type RecordChange, recordChanger } from '#platform/workflow-record.ts';
import { keys, readItem, readPage, readWork, work, writeItem } from '../store.ts';
import { DeprecationEntry, DeprecationRecord } from './records.ts';
import { isOver } from './standing.ts';

const workKey = (record: DeprecationRecord): Record<string, string> =>
  !isOver(record) || record.outbox.length > 0
    ? { gsi1pk: work.deprecations, gsi1sk: `${record.createdAt}#${record.id}` }
    : {};

/** Ids of what is not over or has something unpublished; one page of at most 100. */
export const readDeprecationWork = (from?: Place): Promise<WorkPage> => readWork(work.deprecations, from);

export const findDeprecation = (id: string): Promise<DeprecationRecord | undefined> =>
  readItem(DeprecationRecord, keys.deprecation(id));

/** Throws NotFound when no deprecation has this id. */
export async function readDeprecation(id: string): Promise<DeprecationRecord> {
  const record = await findDeprecation(id);
  if (record !== undefined) return record;
  throw new NotFound(`There is no deprecation ${id}`, {
    evidence: { id },
    action: 'List them with `theseus api deprecation list`.',
  });
}

/** A page of deprecations, newest first, of all APIs or one. */
export async function listDeprecations(query: {
  api?: string | undefined;
  limit: number;
  from?: Place | undefined;
}): Promise<{ items: DeprecationRecord[]; next: Place | undefined }> {
  const { api, limit, from } = query;
  const list =
    api === undefined
      ? { pk: keys.deprecationEntry('', '').pk }
      : { pk: keys.apiDeprecationEntry(api, '', '').pk, prefix: 'DEPRECATION#' };
  const page = await readPage(DeprecationEntry, { ...list, limit, newestFirst: true, from });
  const found = await Promise.all(page.items.map(({ id }) => findDeprecation(id)));
  return { items: found.filter((record) => record !== undefined), next: page.next };
}

/** The most deprecations that an API may have had: so many are looked through for those that are not over. */
const mostOfApi = 1_000;

/** Deprecations of an API that are not over. */
export async function openDeprecations(api: string): Promise<DeprecationRecord[]> {
  const { items } = await listDeprecations({ api, limit: mostOfApi });
  return items.filter((record) => !isOver(record));
}

/** Stores a new deprecation, entered in its lists first. False when it is there already. */
export async function createDeprecation(record: DeprecationRecord): Promise<boolean> {
  const { id, api, createdAt } = record;
  await writeItem(keys.deprecationEntry(createdAt, id), { id, api });
  await writeItem(keys.apiDeprecationEntry(api, createdAt, id), { id, api });
  return writeItem(keys.deprecation(id), { ...record, ...workKey(record) }, absent);
}

export type Change = RecordChange<DeprecationRecord>;

/** Changes a deprecation's record (see recordChanger). Throws RecordContended, NotFound. */
export const changeDeprecation = /* @__PURE__ */ recordChanger<DeprecationRecord>({
  noun: 'Deprecation',
  read: readDeprecation,
  write: (record, condition) =>
    writeItem(keys.deprecation(record.id), { ...record, ...workKey(record) }, condition),
});
