import { BatchGetCommand } from '@aws-sdk/lib-dynamodb';
import { dynamodb } from '#platform/clients.ts';
import { clock } from '#platform/clock.ts';
import { NotFound } from '#platform/errors.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { absent, type Place, parseItem, type WorkPage } from '#platform/records.ts';
import { type RecordChange, recordChanger } from '#platform/workflow-record.ts';
import { DeploymentRecord, Entry } from './records.ts';
import type { DeploymentStatus } from './schemas.ts';
import { deleteItem, keys, readItem, readPage, readWork, table, writeItem } from './store.ts';

const active = new Set<DeploymentStatus>([
  'queued',
  'waiting_for_approval',
  'running',
  'paused',
  'keeping_blue',
  'rolling_back',
]);
/** Whether something acts for the deployment now, or waits to. */
export const isActive = (status: DeploymentStatus): boolean => active.has(status);

/** The sparse index of what the sweepers look at: what is active, or has something to publish. */
const workKey = (record: DeploymentRecord): Record<string, string> =>
  isActive(record.status) || record.outbox.length > 0
    ? { gsi1pk: 'WORK', gsi1sk: `${record.createdAt}#${record.id}` }
    : {};

/** Ids of what is active or has something unpublished; one page of at most 100. */
export const readDeploymentWork = (from?: Place): Promise<WorkPage> => readWork('WORK', from);

/** The deployment of this id as it is now, or undefined. */
export const findDeployment = (id: string): Promise<DeploymentRecord | undefined> =>
  readItem(DeploymentRecord, keys.deployment(id));

/** Throws NotFound when no deployment has this id. */
export async function readDeployment(id: string): Promise<DeploymentRecord> {
  const record = await findDeployment(id);
  if (record !== undefined) return record;
  throw new NotFound(`There is no deployment ${id}`, {
    evidence: { id },
    action: 'List them with `theseus deployment list`.',
  });
}

/** The deployments of these ids (at most 100), in the same order; what is gone is left out. */
async function readDeployments(ids: string[]): Promise<DeploymentRecord[]> {
  const records = new Map<string, DeploymentRecord>();
  let wanted: Record<string, unknown>[] = ids.map((id) => ({ ...keys.deployment(id) }));
  for (let attempt = 0; wanted.length > 0 && attempt < 10; attempt += 1) {
    const found = await dynamodb().send(
      new BatchGetCommand({ RequestItems: { [table()]: { Keys: wanted, ConsistentRead: true } } }),
    );
    for (const item of Object.values(found.Responses ?? {}).flat()) {
      const record = parseItem(DeploymentRecord, item);
      records.set(record.id, record);
    }
    wanted = Object.values(found.UnprocessedKeys ?? {}).flatMap((unread) => unread.Keys ?? []);
    if (wanted.length > 0) await clock.sleep(jitteredBackoff(attempt, 50, 2_000));
  }
  return ids.flatMap((id) => records.get(id) ?? []);
}

/** A page of deployments, newest first, of all services or one; those of another status are left out of it. */
export async function listDeployments(query: {
  service?: string | undefined;
  status?: DeploymentStatus | undefined;
  limit: number;
  from?: Place | undefined;
}): Promise<{ items: DeploymentRecord[]; next: Place | undefined }> {
  const { service, status, limit, from } = query;
  const { pk } = service === undefined ? keys.entry('', '') : keys.serviceEntry(service, '', '');
  const page = await readPage(Entry, { pk, limit, newestFirst: true, from });
  const records = await readDeployments(page.items.map(({ id }) => id));
  const items = records.filter((record) => status === undefined || record.status === status);
  return { items, next: page.next };
}

/** Stores a new deployment, entered in its lists first. False when it is there already. */
export async function createDeployment(record: DeploymentRecord): Promise<boolean> {
  const { id, createdAt, service } = record;
  await writeItem(keys.entry(createdAt, id), { id });
  await writeItem(keys.serviceEntry(service, createdAt, id), { id });
  return writeItem(keys.deployment(id), { ...record, ...workKey(record) }, absent);
}

/** Takes back a deployment that never began: record and list entries. */
export async function forgetDeployment({ id, createdAt, service }: DeploymentRecord): Promise<void> {
  await deleteItem(keys.deployment(id));
  await deleteItem(keys.serviceEntry(service, createdAt, id));
  await deleteItem(keys.entry(createdAt, id));
}

/** What a decision changes; events are stored in the same write. */
export type Change = RecordChange<DeploymentRecord>;

/** Changes a deployment's record (see recordChanger). Throws RecordContended, NotFound. */
export const changeDeployment = /* @__PURE__ */ recordChanger<DeploymentRecord>({
  noun: 'Deployment',
  read: readDeployment,
  write: (record, condition) =>
    writeItem(keys.deployment(record.id), { ...record, ...workKey(record) }, condition),
});
