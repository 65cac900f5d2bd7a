import { createHash } from 'node:crypto';
import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { dynamodb } from '#platform/clients.ts';
import { clock } from '#platform/clock.ts';
import { RecordContended, TooManyRequests } from '#platform/errors.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { absent, parseItem } from '#platform/records.ts';
import { readItem, table, writeItem } from '../store.ts';
import { expiryAfter, keptMs, useKeys } from './keys.ts';
import { addUse, FlagUse, noUse } from './use.ts';

/** Items that an hour of a flag is spread over, by batch. */
const shards = 4;
/** Batches that one item knows: then it is full and stays as it is. */
const mostBatches = 4_000;
/** Characters of an item; DynamoDB takes 400 kB. */
const mostCharacters = 200_000;
const mostPages = 100;
const contentionAttempts = 12;

const StoredHour = FlagUse.extend({
  schemaVersion: z.literal(1),
  revision: z.int(),
  /** Batches that are in it. */
  batches: z.array(z.string()),
});
type StoredHour = z.infer<typeof StoredHour>;

const isFull = (hour: StoredHour): boolean =>
  hour.batches.length >= mostBatches || JSON.stringify(hour).length > mostCharacters;

/**
 * Adds what a batch brought to an hour of a flag, once: the item that it is added to knows the batch, in the same write.
 * Which items are looked at follows from the batch, and a full one never changes, so that a second run finds the first
 * one's. Throws RecordContended when others wrote twelve times in a row, TooManyRequests beyond 100 items an hour.
 */
export async function addBatch(
  environment: string,
  flag: string,
  hour: string,
  batch: string,
  brought: FlagUse,
): Promise<void> {
  const digest = createHash('sha256').update(batch).digest();
  const shard = (digest[31] ?? 0) % shards;
  const name = digest.subarray(0, 9).toString('base64url');
  for (let page = 0; page < mostPages; page += 1) {
    const full = await addToPage(useKeys.hour(environment, flag, hour, shard, page), name, brought);
    if (!full) return;
  }
  throw new TooManyRequests(`More batches for the flag ${flag} in the hour ${hour} than are counted`, {
    evidence: { environment, flag, hour },
    action: 'Send fewer and larger batches.',
  });
}

/** False when the batch is in this item, whoever put it there; true when it is full without it. */
async function addToPage(key: { pk: string; sk: string }, batch: string, brought: FlagUse): Promise<boolean> {
  for (let attempt = 0; attempt < contentionAttempts; attempt += 1) {
    const found = await readItem(StoredHour, key);
    if (found?.batches.includes(batch)) return false;
    if (found !== undefined && isFull(found)) return true;
    const next: StoredHour = {
      ...addUse(found ?? noUse, brought),
      schemaVersion: 1,
      revision: (found?.revision ?? 0) + 1,
      batches: [...(found?.batches ?? []), batch],
    };
    const condition =
      found === undefined
        ? absent
        : { expression: 'revision = :revision', values: { ':revision': found.revision } };
    const item = { ...next, expiresAt: expiryAfter(clock.now(), keptMs) };
    if (await writeItem(key, item, condition)) return false;
    await clock.sleep(jitteredBackoff(attempt, 20, 500));
  }
  throw new RecordContended(`${key.pk} was written by others ${contentionAttempts} times in a row`, {
    evidence: { ...key },
    action: 'The batch was accepted, and is counted within a minute.',
  });
}

/** What was counted of one hour of a flag. */
export type HourUse = FlagUse & { hour: string };

const mostReadPages = 200;

/** What was counted of a flag in hours from `from` to `to`, both included and as hourOf gives them; oldest first. */
export async function readUse(
  environment: string,
  flag: string,
  from: string,
  to: string,
): Promise<HourUse[]> {
  const hours = new Map<string, HourUse>();
  let next: Record<string, unknown> | undefined;
  for (let page = 0; page < mostReadPages; page += 1) {
    const found = await dynamodb().send(
      new QueryCommand({
        TableName: table(),
        ConsistentRead: true,
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
        ProjectionExpression: 'pk, sk, evaluations, exposed, conversions',
        // `$` comes after the `#` that follows an hour.
        ExpressionAttributeValues: {
          ':pk': useKeys.hours(environment, flag),
          ':from': from,
          ':to': `${to}$`,
        },
        ...(next === undefined ? {} : { ExclusiveStartKey: next }),
      }),
    );
    for (const item of found.Items ?? []) {
      const hour = String(item.sk).slice(0, 13);
      hours.set(hour, { hour, ...addUse(hours.get(hour) ?? noUse, parseItem(FlagUse, item)) });
    }
    next = found.LastEvaluatedKey;
    if (next === undefined) break;
  }
  return [...hours.values()];
}
