import { GetCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { dynamodb } from '#platform/clients.ts';
import { random } from '#platform/random.ts';
import { absent, type Condition, held, parseItem } from '#platform/records.ts';
import { breakerKeys } from './keys.ts';
import { BreakerRecord } from './record.ts';
import { guardOf } from './table-guard.ts';
import { addTallies, noCalls, type Tally } from './tally.ts';

/** A partition takes 1,000 writes a second: so many spread the counts of one breaker. */
export const shards = 4;
/** A record nobody changed for so long goes, except where a person holds it open; the next caller writes it anew. */
const keptMs = 30 * 86_400_000;
/** Counts stay some minutes longer than any window, to be looked at. */
const countsKeptMs = 900_000;

/** Calls counted together: `bucket` is when their tenth of the window begins, epoch ms. */
export interface Counted extends Tally {
  generation: number;
  bucket: number;
}

const counts = z.object({
  calls: z.int().nonnegative().default(0),
  failures: z.int().nonnegative().default(0),
  slow: z.int().nonnegative().default(0),
});

/** What callers of one breaker share. Every method throws what the table throws. */
export interface BreakerStore {
  read(name: string): Promise<BreakerRecord | undefined>;
  /** False when the name has a record. */
  create(record: BreakerRecord): Promise<boolean>;
  /** Replaces the record of the version before; false when it is another by now. */
  replace(record: BreakerRecord): Promise<boolean>;
  count(name: string, counted: Counted): Promise<void>;
  /** All that was counted of a generation from a bucket on. */
  sum(name: string, generation: number, from: number): Promise<Tally>;
}

/** The breakers in a table of DynamoDB, whose every answer may take `waitMs`. */
export function breakerStore(table: () => string, waitMs: number): BreakerStore {
  const guard = <T>(run: (signal: AbortSignal) => Promise<T>) => guardOf(table())(waitMs, run);
  const put = (record: BreakerRecord, condition: Condition) =>
    guard((abortSignal) =>
      held(
        dynamodb().send(
          new PutCommand({
            TableName: table(),
            Item: {
              ...record,
              ...breakerKeys.record(record.name),
              ...(record.state === 'isolated'
                ? {}
                : { expiresAt: Math.ceil((record.since + keptMs) / 1_000) }),
            },
            ConditionExpression: condition.expression,
            ExpressionAttributeNames: condition.names,
            ExpressionAttributeValues: condition.values,
          }),
          { abortSignal },
        ),
      ),
    );

  async function shardSum(name: string, shard: number, generation: number, from: number): Promise<Tally> {
    const { pk, first, last } = breakerKeys.countsFrom(name, shard, generation, from);
    const found = await guard((abortSignal) =>
      dynamodb().send(
        new QueryCommand({
          TableName: table(),
          ConsistentRead: true,
          KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
          ExpressionAttributeValues: { ':pk': pk, ':first': first, ':last': last },
        }),
        { abortSignal },
      ),
    );
    return (found.Items ?? []).map((item) => parseItem(counts, item)).reduce<Tally>(addTallies, noCalls);
  }

  return {
    async read(name) {
      const found = await guard((abortSignal) =>
        dynamodb().send(
          new GetCommand({ TableName: table(), Key: breakerKeys.key(name), ConsistentRead: true }),
          { abortSignal },
        ),
      );
      return found.Item === undefined ? undefined : parseItem(BreakerRecord, found.Item);
    },
    create: (record) => put(record, absent),
    replace: (record) =>
      put(record, {
        expression: '#version = :before',
        names: { '#version': 'version' },
        values: { ':before': record.version - 1 },
      }),
    async count(name, { generation, bucket, calls, failures, slow }) {
      await guard((abortSignal) =>
        dynamodb().send(
          new UpdateCommand({
            TableName: table(),
            Key: breakerKeys.counts(name, Math.floor(random() * shards), generation, bucket),
            UpdateExpression: 'SET expiresAt = :end ADD calls :calls, failures :failures, slow :slow',
            ExpressionAttributeValues: {
              ':calls': calls,
              ':failures': failures,
              ':slow': slow,
              ':end': Math.ceil((bucket + countsKeptMs) / 1_000),
            },
          }),
          { abortSignal },
        ),
      );
    },
    async sum(name, generation, from) {
      const each = Array.from({ length: shards }, (_, shard) => shardSum(name, shard, generation, from));
      return (await Promise.all(each)).reduce(addTallies, noCalls);
    },
  };
}

/** One page of all breakers, by name; `next` is the last name of the page where more follow. */
export async function listBreakers(
  table: string,
  limit: number,
  after: string | undefined,
): Promise<{ items: BreakerRecord[]; next: string | undefined }> {
  const found = await dynamodb().send(
    new QueryCommand({
      TableName: table,
      IndexName: breakerKeys.index,
      KeyConditionExpression: 'gsi1pk = :breakers',
      ExpressionAttributeValues: { ':breakers': breakerKeys.all },
      Limit: limit,
      ...(after === undefined ? {} : { ExclusiveStartKey: breakerKeys.record(after) }),
    }),
  );
  const items = (found.Items ?? []).map((item) => parseItem(BreakerRecord, item));
  return { items, next: found.LastEvaluatedKey === undefined ? undefined : items.at(-1)?.name };
}
