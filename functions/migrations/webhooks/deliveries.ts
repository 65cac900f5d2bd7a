import { createHash } from 'node:crypto';
import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { dynamodb } from '#platform/clients.ts';
import { clock } from '#platform/clock.ts';
import { NotFound } from '#platform/errors.ts';
import { absent, type ItemKey, type ItemPage, type Place } from '#platform/records.ts';
import { workIndex } from '../migration-store.ts';
import { deleteItem, keys, readItem, readPage, table, writeItem } from '../store.ts';
import { DeliveryRecord } from './records.ts';
import type { Delivery } from './schemas.ts';

/** How long a delivery stays in the log, s. */
const keptSeconds = 30 * 86_400;
/** How long whoever tries a delivery has it alone, ms: longer than a try takes. */
export const claimMs = 60_000;

/** The same for the same message of the same webhook; ids sort by the time of the event (epoch ms). */
export function deliveryId(webhook: string, event: string, at: number): string {
  const hash = createHash('sha256').update(`${webhook} ${event}`).digest('hex').slice(0, 20);
  return `msg_${at.toString(36).padStart(9, '0')}${hash}`;
}

export function deliveryView(record: DeliveryRecord): Delivery {
  const { id, type, status, createdAt, dueAt, attempts, last, payload } = record;
  const nextAttemptAt = dueAt === null ? null : new Date(dueAt).toISOString();
  return { id, type, status, createdAt, nextAttemptAt, attempts, last, payload: JSON.parse(payload) };
}

const dueKey = ({ dueAt, webhook, id }: DeliveryRecord): Record<string, string> =>
  dueAt === null
    ? {}
    : { gsi1pk: keys.deliveriesDue, gsi1sk: `${new Date(dueAt).toISOString()}#${webhook}#${id}` };

/** Stores a new delivery, claimed by whoever calls until `dueAt`; undefined when it was there already. */
export async function createDelivery(
  message: Pick<DeliveryRecord, 'id' | 'webhook' | 'type' | 'payload'>,
  dueAt: number,
): Promise<DeliveryRecord | undefined> {
  const record: DeliveryRecord = {
    ...message,
    version: 1,
    status: 'pending',
    createdAt: clock.iso(),
    dueAt,
    attempts: 0,
    last: [],
    expiresAt: Math.ceil(clock.now() / 1_000) + keptSeconds,
  };
  const key = keys.delivery(record.webhook, record.id);
  return (await writeItem(key, { ...record, ...dueKey(record) }, absent)) ? record : undefined;
}

/** Writes a delivery on the condition that nobody wrote since it was read; undefined when somebody did. */
export async function replaceDelivery(
  before: DeliveryRecord,
  after: DeliveryRecord,
): Promise<DeliveryRecord | undefined> {
  const next = { ...after, version: before.version + 1 };
  const written = await writeItem(
    keys.delivery(before.webhook, before.id),
    { ...next, ...dueKey(next) },
    {
      expression: '#version = :version',
      names: { '#version': 'version' },
      values: { ':version': before.version },
    },
  );
  return written ? next : undefined;
}

/** Takes a delivery for one try. Whoever is cut off leaves it to the next run. */
export const claimDelivery = (delivery: DeliveryRecord): Promise<DeliveryRecord | undefined> =>
  replaceDelivery(delivery, { ...delivery, status: 'pending', dueAt: clock.now() + claimMs });

export const forgetDelivery = ({ webhook, id }: DeliveryRecord): Promise<boolean> =>
  deleteItem(keys.delivery(webhook, id));

/** Throws NotFound. */
export async function readDelivery(webhook: string, id: string): Promise<DeliveryRecord> {
  const found = await readItem(DeliveryRecord, keys.delivery(webhook, id));
  if (found !== undefined) return found;
  throw new NotFound(`Webhook ${webhook} has no delivery ${id}`, {
    evidence: { webhook, id },
    action: `List them with \`theseus webhook deliveries ${webhook}\`; they are kept for 30 days.`,
  });
}

/** One page of a webhook's deliveries, the newest first. */
export const listDeliveries = (
  webhook: string,
  limit: number,
  from?: Place,
): Promise<ItemPage<DeliveryRecord>> =>
  readPage(DeliveryRecord, {
    pk: keys.delivery(webhook, '').pk,
    prefix: 'DELIVERY#',
    limit,
    newestFirst: true,
    from,
  });

/** Deliveries whose time to be tried has come, the earliest first; at most `limit`. */
export async function readDue(limit: number): Promise<DeliveryRecord[]> {
  const now = clock.now();
  const found = await dynamodb().send(
    new QueryCommand({
      TableName: table(),
      IndexName: workIndex,
      KeyConditionExpression: 'gsi1pk = :due AND gsi1sk < :now',
      ExpressionAttributeValues: { ':due': keys.deliveriesDue, ':now': new Date(now + 1).toISOString() },
      Limit: limit,
    }),
  );
  // The index is behind the table for a moment.
  const records = await Promise.all(
    (found.Items ?? []).map((item) => {
      const key: ItemKey = { pk: String(item.pk), sk: String(item.sk) };
      return readItem(DeliveryRecord, key);
    }),
  );
  return records.flatMap((record) =>
    record !== undefined && record.dueAt !== null && record.dueAt <= now ? [record] : [],
  );
}
