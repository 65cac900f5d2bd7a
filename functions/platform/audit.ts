import { createHash } from 'node:crypto';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { AuditEntry, type AuditOutcome } from './audit-entry.ts';
import { dynamodb } from './clients.ts';
import { clock } from './clock.ts';
import { InvalidInput } from './errors.ts';

/** Days that entries are kept: THESEUS_AUDIT_DAYS, 400 when it says nothing. */
export const keptDays = (): number =>
  z.coerce.number().int().min(1).max(3_650).catch(400).parse(process.env.THESEUS_AUDIT_DAYS);

export interface AuditFilter {
  subject?: string | undefined;
  action?: string | undefined;
  /** A path, an id, or the name of a database. */
  resource?: string | undefined;
  outcome?: AuditOutcome | undefined;
  /** ISO times, both inclusive. */
  from?: string | undefined;
  to?: string | undefined;
  limit: number;
}

export interface AuditStore {
  /** Enters a call before it changes anything. Entered again, by a duplicate, it stays as it is. */
  begin(entry: AuditEntry): Promise<void>;
  /** Enters a call as it ended, in place of what was begun under the same time and id. */
  end(entry: AuditEntry): Promise<void>;
  /**
   * Enters a call that was turned away. Alike ones (caller, route, answer) are at most 8 entries a minute however many
   * they are: each further one raises the count of one of them.
   */
  turnedAway(entry: AuditEntry): Promise<void>;
  /** Newest first. `next` is where the following page begins; a page may be short, or empty, and not the last. */
  list(filter: AuditFilter, after?: string): Promise<{ items: AuditEntry[]; next: string | undefined }>;
}

const partition = 'AUDIT';
const slots = 8;
const pageSize = 250;
/** Entries looked through for one page of an answer. */
const mostPages = 20;
/** How far time may be behind when nothing else is said. */
const beginning = '0000';

const placeOf = ({ at, id }: Pick<AuditEntry, 'at' | 'id'>): string => `${at}#${id}`;

/** One of few ids for what was turned away alike in one minute: same caller, route and answer. */
function slotOf({ at, subject, call, resource, sourceIp, status }: AuditEntry): { at: string; id: string } {
  const digest = (...parts: unknown[]) => createHash('sha256').update(JSON.stringify(parts)).digest();
  const alike = digest(subject, call, status).toString('hex').slice(0, 20);
  const slot = digest(resource, subject === null ? sourceIp : '').readUInt32BE(0) % slots;
  return { at: `${at.slice(0, 16)}:00.000Z`, id: `away-${alike}-${slot}` };
}

const fits = (entry: AuditEntry, { subject, action, resource, outcome }: AuditFilter): boolean =>
  (subject === undefined || entry.subject === subject) &&
  (action === undefined || entry.action === action) &&
  (outcome === undefined || entry.outcome === outcome) &&
  (resource === undefined ||
    entry.resource === resource ||
    entry.database === resource ||
    entry.resource.split('/').includes(resource));

/** An entry as it is stored; the time to live is in epoch s. */
export const auditItem = (entry: AuditEntry, keptDays: number) => ({
  pk: partition,
  sk: placeOf(entry),
  ...entry,
  expiresAt: Math.ceil(Date.parse(entry.at) / 1_000) + keptDays * 86_400,
});

/**
 * The audit trail in a capability's table (keys `pk` and `sk`, time to live `expiresAt` in epoch s). Nothing in the
 * product changes or deletes an entry; after `keptDays` it expires.
 */
export function auditStore(tableName: string, keptDays: number): AuditStore {
  const itemOf = (entry: AuditEntry) => auditItem(entry, keptDays);

  return {
    async begin(entry) {
      try {
        await dynamodb().send(
          new PutCommand({
            TableName: tableName,
            Item: itemOf(entry),
            ConditionExpression: 'attribute_not_exists(pk)',
          }),
        );
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
      }
    },

    async end(entry) {
      await dynamodb().send(new PutCommand({ TableName: tableName, Item: itemOf(entry) }));
    },

    async turnedAway(entry) {
      const slot = slotOf(entry);
      const { pk, sk, count: _one, ...fields } = itemOf({ ...entry, id: slot.id });
      const named = Object.entries(fields);
      await dynamodb().send(
        new UpdateCommand({
          TableName: tableName,
          Key: { pk, sk: placeOf(slot) },
          UpdateExpression: `SET ${named.map((_, at) => `#f${at} = if_not_exists(#f${at}, :v${at})`).join(', ')} ADD #count :one`,
          ExpressionAttributeNames: {
            '#count': 'count',
            ...Object.fromEntries(named.map(([name], at) => [`#f${at}`, name])),
          },
          ExpressionAttributeValues: {
            ':one': 1,
            ...Object.fromEntries(named.map(([, value], at) => [`:v${at}`, value])),
          },
        }),
      );
    },

    async list(filter, after) {
      const from = filter.from ?? beginning;
      // '~' comes after every character of an id.
      const to = `${filter.to ?? '9999'}~`;
      if (after !== undefined && (after < from || after > to)) {
        throw new InvalidInput('The cursor is of another question', {
          problems: [{ pointer: '/query/cursor', detail: 'Not a cursor of this list' }],
          action: 'Start again without a cursor.',
        });
      }
      const items: AuditEntry[] = [];
      let start = after;
      for (let page = 0; page < mostPages; page += 1) {
        const found = await dynamodb().send(
          new QueryCommand({
            TableName: tableName,
            ConsistentRead: true,
            KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
            ExpressionAttributeValues: { ':pk': partition, ':from': from, ':to': to },
            ScanIndexForward: false,
            Limit: pageSize,
            ...(start === undefined ? {} : { ExclusiveStartKey: { pk: partition, sk: start } }),
          }),
        );
        for (const item of found.Items ?? []) {
          const { pk: _pk, sk, expiresAt, ...fields } = item;
          // DynamoDB deletes within days of the time, not at it.
          if (Number(expiresAt) * 1_000 < clock.now()) continue;
          const entry = AuditEntry.parse(fields);
          if (!fits(entry, filter)) continue;
          items.push(entry);
          if (items.length === filter.limit) return { items, next: String(sk) };
        }
        const last = found.LastEvaluatedKey?.sk;
        if (last === undefined) return { items, next: undefined };
        start = String(last);
      }
      return { items, next: start };
    },
  };
}
