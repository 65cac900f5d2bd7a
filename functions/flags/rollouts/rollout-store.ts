import { NotFound } from '#platform/errors.ts';
import { absent, type Place, type WorkPage } from '#platform/records.ts';
import { type RecordChange, recordChanger } from '#platform/workflow-record.ts';
import { keys, readItem, readPage, readWork, work, writeItem } from '../store.ts';
import { RolloutEntry, RolloutRecord } from './records.ts';
import type { RolloutStatus } from './schemas.ts';

const open = new Set<RolloutStatus>(['running', 'paused', 'rolling_back']);
/** Whether something acts for the rollout, or waits to. */
export const isOpen = ({ status }: Pick<RolloutRecord, 'status'>): boolean => open.has(status);

/** The sparse index of what the reconciler looks at: what is open, or has something to publish. */
const workKey = (record: RolloutRecord): Record<string, string> =>
  isOpen(record) || record.outbox.length > 0
    ? { gsi1pk: work.rollouts, gsi1sk: `${record.createdAt}#${record.id}` }
    : {};

/** Ids of what is open or has something unpublished; one page of at most 100. */
export const readRolloutWork = (from?: Place): Promise<WorkPage> => readWork(work.rollouts, from);

export const findRollout = (id: string): Promise<RolloutRecord | undefined> =>
  readItem(RolloutRecord, keys.rollout(id));

/** Throws NotFound when no rollout has this id. */
export async function readRollout(id: string): Promise<RolloutRecord> {
  const record = await findRollout(id);
  if (record !== undefined) return record;
  throw new NotFound(`There is no rollout ${id}`, {
    evidence: { id },
    action: 'List them with `theseus flag rollout list`.',
  });
}

/** Which of them are wanted. */
export interface Wanted {
  environment?: string | undefined;
  flag?: string | undefined;
  status?: RolloutStatus | undefined;
}

/** A page of rollouts, newest first; a page may be short, or empty, and not the last. */
export async function listRollouts(
  { environment, flag, status }: Wanted,
  limit: number,
  from: Place | undefined,
): Promise<{ items: RolloutRecord[]; next: Place | undefined }> {
  const { pk } = keys.rolloutEntry('', '');
  const page = await readPage(RolloutEntry, { pk, limit, newestFirst: true, from });
  const records = await Promise.all(page.items.map(({ id }) => findRollout(id)));
  const items = records.filter(
    (record): record is RolloutRecord =>
      record !== undefined &&
      (environment === undefined || record.environment === environment) &&
      (flag === undefined || record.flag === flag) &&
      (status === undefined || record.status === status),
  );
  return { items, next: page.next };
}

/** Stores a new rollout, entered in the list first. False when it is there already. */
export async function createRollout(record: RolloutRecord): Promise<boolean> {
  const { id, createdAt } = record;
  if ((await findRollout(id)) !== undefined) return false;
  await writeItem(keys.rolloutEntry(createdAt, id), { id });
  return writeItem(keys.rollout(id), { ...record, ...workKey(record) }, absent);
}

export type Change = RecordChange<RolloutRecord>;

/** Changes a rollout's record (see recordChanger). Throws RecordContended, NotFound. */
export const changeRollout = /* @__PURE__ */ recordChanger<RolloutRecord>({
  noun: 'Rollout',
  read: readRollout,
  write: (record, condition) =>
    writeItem(keys.rollout(record.id), { ...record, ...workKey(record) }, condition),
});
