import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { dynamodb } from './clients.ts';
import { InvalidInput, RecordUnreadable } from './errors.ts';

// How the items of a capability's one table are read and written; its keys are built in its store.ts.

/** Key of an item in a capability's one table. */
export interface ItemKey {
  pk: string;
  sk: string;
}

/** What must be true of the stored item for a write to happen. */
export interface Condition {
  expression: string;
  names?: Record<string, string>;
  values?: Record<string, unknown>;
}
export const absent: Condition = { expression: 'attribute_not_exists(pk)' };

export const Place = z.record(z.string(), z.string());
export type Place = z.infer<typeof Place>;
/** A place in a list as a client may bring it back. */
export const placeSchema = z.strictObject({ pk: z.string(), sk: z.string() });

export interface ItemPage<T> {
  items: T[];
  /** Where the next page begins; undefined on the last. */
  next: Place | undefined;
}

/** A stored item without its keys, as `schema` reads it. Throws RecordUnreadable when it has another form. */
export function parseItem<T extends z.ZodType>(schema: T, item: Record<string, unknown>): z.output<T> {
  const { pk, sk, gsi1pk: _index, gsi1sk: _place, ...fields } = item;
  const parsed = schema.safeParse(fields);
  if (parsed.success) return parsed.data;
  throw new RecordUnreadable(`The stored item ${String(pk)} / ${String(sk)} has an unknown form`, {
    evidence: { problems: z.prettifyError(parsed.error).slice(0, 1_000) },
    action: 'It was written by another version of Theseus; deploy a version that is at least as new.',
  });
}

const conditionOf = (condition: Condition | undefined) =>
  condition === undefined
    ? {}
    : {
        ConditionExpression: condition.expression,
        ...(condition.names === undefined ? {} : { ExpressionAttributeNames: condition.names }),
        ...(condition.values === undefined ? {} : { ExpressionAttributeValues: condition.values }),
      };

/** Runs a conditional write; false when its condition did not hold. */
export async function held(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/** The name of a capability's table, read when it is needed. */
export type TableName = () => string;

// One function each, made for a table: what a handler does not use is not in its bundle, and so not in its rights.

/** Reads one item, consistently; undefined where there is none. Throws RecordUnreadable when it has another form. */
export const itemReader =
  (table: TableName) =>
  async <T extends z.ZodType>(schema: T, key: ItemKey): Promise<z.output<T> | undefined> => {
    const found = await dynamodb().send(
      new GetCommand({ TableName: table(), Key: key, ConsistentRead: true }),
    );
    return found.Item === undefined ? undefined : parseItem(schema, found.Item);
  };

/** Writes a whole item; false when the condition did not hold. */
export const itemWriter =
  (table: TableName) =>
  (key: ItemKey, item: Record<string, unknown>, condition?: Condition): Promise<boolean> =>
    held(
      dynamodb().send(
        new PutCommand({ TableName: table(), Item: { ...item, ...key }, ...conditionOf(condition) }),
      ),
    );

/** Deletes an item if it is there; false when the condition did not hold. */
export const itemDeleter =
  (table: TableName) =>
  (key: ItemKey, condition?: Condition): Promise<boolean> =>
    held(dynamodb().send(new DeleteCommand({ TableName: table(), Key: key, ...conditionOf(condition) })));

/** What of a partition is read at once: at most `limit` items whose sort key begins with `prefix`. */
export interface PageQuery {
  pk: string;
  prefix?: string;
  limit: number;
  newestFirst?: boolean;
  from?: Place | undefined;
}

/** One page of items of a partition, read consistently. Throws InvalidInput for a place in another list. */
export const pageReader =
  (table: TableName) =>
  async <T extends z.ZodType>(schema: T, query: PageQuery): Promise<ItemPage<z.output<T>>> => {
    if (query.from !== undefined && query.from.pk !== query.pk) {
      throw new InvalidInput('The cursor is of another list', {
        problems: [{ pointer: '/query/cursor', detail: 'Not a cursor of this list' }],
        action: 'Start again without a cursor.',
      });
    }
    const found = await dynamodb().send(
      new QueryCommand({
        TableName: table(),
        ConsistentRead: true,
        KeyConditionExpression: query.prefix ? 'pk = :pk AND begins_with(sk, :prefix)' : 'pk = :pk',
        ExpressionAttributeValues: query.prefix
          ? { ':pk': query.pk, ':prefix': query.prefix }
          : { ':pk': query.pk },
        ScanIndexForward: !query.newestFirst,
        Limit: query.limit,
        ...(query.from === undefined ? {} : { ExclusiveStartKey: query.from }),
      }),
    );
    return {
      items: (found.Items ?? []).map((item) => parseItem(schema, item)),
      next: found.LastEvaluatedKey === undefined ? undefined : Place.parse(found.LastEvaluatedKey),
    };
  };

/** All items of a partition whose sort key begins with `prefix`; at most 20,000. */
export const allReader = (table: TableName) => {
  const readPage = pageReader(table);
  return async <T extends z.ZodType>(schema: T, pk: string, prefix: string): Promise<z.output<T>[]> => {
    const items: z.output<T>[] = [];
    let from: Place | undefined;
    for (let page = 0; page < 20; page += 1) {
      const found = await readPage(schema, { pk, prefix, limit: 1_000, from });
      items.push(...found.items);
      from = found.next;
      if (from === undefined) break;
    }
    return items;
  };
};

/** Counts the items of a partition whose sort key begins with `prefix`, at most 20 MB of them, without reading them. */
export const itemCounter =
  (table: TableName) =>
  async (pk: string, prefix: string): Promise<number> => {
    let count = 0;
    let from: Place | undefined;
    for (let page = 0; page < 20; page += 1) {
      const found = await dynamodb().send(
        new QueryCommand({
          TableName: table(),
          ConsistentRead: true,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
          ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
          Select: 'COUNT',
          ...(from === undefined ? {} : { ExclusiveStartKey: from }),
        }),
      );
      count += found.Count ?? 0;
      if (found.LastEvaluatedKey === undefined) break;
      from = Place.parse(found.LastEvaluatedKey);
    }
    return count;
  };

/** A page of what is open: ids, the oldest first. */
export interface WorkPage {
  ids: string[];
  next: Place | undefined;
}

/**
 * Reads the sparse index `gsi1` of what sweepers look at: items whose `gsi1pk` is the kind of work and whose `gsi1sk`
 * ends with `#<id>`; at most 100. The records themselves are read where they are asked for, as they are by then.
 */
export const workReader =
  (table: TableName) =>
  async (kind: string, from?: Place): Promise<WorkPage> => {
    const found = await dynamodb().send(
      new QueryCommand({
        TableName: table(),
        IndexName: 'gsi1',
        KeyConditionExpression: 'gsi1pk = :work',
        ExpressionAttributeValues: { ':work': kind },
        ProjectionExpression: 'gsi1sk',
        Limit: 100,
        ...(from === undefined ? {} : { ExclusiveStartKey: from }),
      }),
    );
    return {
      ids: (found.Items ?? []).map((item) => String(item.gsi1sk).split('#').at(-1) ?? ''),
      next: found.LastEvaluatedKey === undefined ? undefined : Place.parse(found.LastEvaluatedKey),
    };
  };
