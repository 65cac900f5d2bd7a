import { createHash } from 'node:crypto';
import { QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { dynamodb } from '#platform/clients.ts';
import { parseItem } from '#platform/records.ts';
import { keys, table } from '../../store.ts';
import { type Count, subjectOf } from './counts.ts';

const keptDays = 400;
const dayMs = 86_400_000;
/** A day of an API has a page for each MB. */
const mostPages = 50;

/** Texts of clients may be longer than a key. */
function placeOf(count: Count): string {
  const text = [count.version, count.consumer, subjectOf(count)].join('\0');
  return `${count.kind}#${createHash('sha256').update(text).digest('base64url')}`;
}

/** What is added, what is set, and the sets of texts that grow. */
function partsOf(count: Count) {
  const { kind, version, consumer, requests } = count;
  if (kind === 'refused')
    return { set: { kind, version, consumer, brownout: count.brownout }, add: { requests }, sets: {} };
  const { errors, lastSeen } = count;
  const unknown = count.unknownFields ? { unknownFields: true } : {};
  const said = { kind, version, consumer, lastSeen, ...unknown };
  if (kind === 'operation')
    return {
      set: { ...said, hash: count.hash, name: count.name },
      add: { requests, errors },
      sets: { fields: count.fields },
    };
  const { endpoint, looked, sent, received } = count;
  return { set: { ...said, endpoint }, add: { requests, errors, looked }, sets: { sent, received } };
}

/** Adds to what other processes counted. Sent twice after a lost answer, it counts twice. */
export async function addCount(count: Count): Promise<void> {
  const { set, add, sets } = partsOf(count);
  try {
    await update(count, set, { ...add, ...filled(sets) });
  } catch (error) {
    // An item ends at 400 kB: so many fields are none that anybody could tell.
    if (!(error instanceof Error) || error.name !== 'ValidationException') throw error;
    await update(count, { ...set, unknownFields: true }, add);
  }
}

const filled = (sets: Record<string, Set<string>>): Record<string, Set<string>> =>
  Object.fromEntries(Object.entries(sets).filter(([, texts]) => texts.size > 0));

async function update(
  count: Count,
  set: Record<string, unknown>,
  add: Record<string, number | Set<string>>,
): Promise<void> {
  const said = { ...set, expiresAt: Math.ceil(Date.parse(count.day) / 1_000) + (keptDays * dayMs) / 1_000 };
  const names = Object.keys(said);
  const added = Object.keys(add);
  await dynamodb().send(
    new UpdateCommand({
      TableName: table(),
      Key: keys.apiUsage(count.api, count.day, placeOf(count)),
      UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')} ADD ${added.map((name) => `#${name} :${name}`).join(', ')}`,
      ExpressionAttributeNames: Object.fromEntries([...names, ...added].map((name) => [`#${name}`, name])),
      ExpressionAttributeValues: Object.fromEntries(
        [...Object.entries(said), ...Object.entries(add)].map(([name, value]) => [`:${name}`, value]),
      ),
    }),
  );
}

const counted = { version: z.string(), consumer: z.string(), requests: z.int() };
const used = { ...counted, errors: z.int(), lastSeen: z.string(), unknownFields: z.boolean().default(false) };
const texts = z.set(z.string()).default(() => new Set<string>());
/** As the table has them: of one day and API, which are in the key. */
export const StoredCount = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('endpoint'),
    ...used,
    endpoint: z.string(),
    looked: z.int(),
    sent: texts,
    received: texts,
  }),
  z.object({ kind: z.literal('operation'), ...used, hash: z.string(), name: z.string(), fields: texts }),
  z.object({ kind: z.literal('refused'), ...counted, brownout: z.string() }),
]);
export type StoredCount = z.infer<typeof StoredCount>;

/** All that was counted on a day. */
export async function readDay(api: string, day: string): Promise<StoredCount[]> {
  const counts: StoredCount[] = [];
  let from: Record<string, unknown> | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const found = await dynamodb().send(
      new QueryCommand({
        TableName: table(),
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': keys.apiUsage(api, day, '').pk },
        ...(from === undefined ? {} : { ExclusiveStartKey: from }),
      }),
    );
    for (const item of found.Items ?? []) counts.push(parseItem(StoredCount, item));
    from = found.LastEvaluatedKey;
    if (from === undefined) break;
  }
  return counts;
}
