import { createHash } from 'node:crypto';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { dynamodb } from './clients.ts';
import { clock } from './clock.ts';
import { IdempotencyKeyReused, RequestInProgress } from './errors.ts';
import { newId } from './ids.ts';

const storedResponse = z.object({
  status: z.number().int(),
  body: z.string().optional(),
  headers: z.record(z.string(), z.string()),
});
/** An answer as it went over the wire. */
export type StoredResponse = z.infer<typeof storedResponse>;

/** What identifies a request: the caller chose `key`, and it counts for this caller, method and path only. */
export interface IdempotentRequest {
  caller: string;
  method: string;
  path: string;
  key: string;
  body: string;
}

export type Begun = { kind: 'started'; owner: string } | { kind: 'replay'; response: StoredResponse };

export interface IdempotencyStore {
  /**
   * Claims the request or returns the answer given before. Throws RequestInProgress while another run
   * holds it (a lease of 60 s, after which a repeat takes over) and IdempotencyKeyReused when the key
   * came with another body.
   */
  begin(request: IdempotentRequest): Promise<Begun>;
  /** Keeps the answer for 24 h. Does nothing when the lease was lost to another run. */
  complete(request: IdempotentRequest, owner: string, response: StoredResponse): Promise<void>;
  /** Lets the key go after a failure, so that a repeat runs again. */
  release(request: IdempotentRequest, owner: string): Promise<void>;
}

const leaseMs = 60_000;
const keptMs = 24 * 60 * 60 * 1_000;
/** DynamoDB items end at 400 kB; a larger answer is not kept and its request runs again when repeated. */
const largestKeptBody = 300_000;

const item = z.object({
  bodyHash: z.string(),
  leaseUntil: z.number(),
  keptUntil: z.number(),
  response: storedResponse.optional(),
});

const sha256 = (...parts: string[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex');
};

/** Runs a conditional write; false when its condition did not hold. */
async function held(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/**
 * Idempotency records in a capability's table (keys `pk` and `sk`, time to live `expiresAt` in epoch s).
 * Keys and bodies are stored as hashes only; the body's is salted with the key, so a guessed body cannot
 * be confirmed by reading the table.
 */
export function idempotencyStore(tableName: string): IdempotencyStore {
  const keyOf = (r: IdempotentRequest) => ({
    pk: `idempotency#${sha256(r.caller, r.method, r.path, r.key)}`,
    sk: 'idempotency',
  });
  const bodyHashOf = (r: IdempotentRequest) => sha256(r.key, r.body);
  const ownedBy = (owner: string) => ({
    ConditionExpression: '#owner = :owner',
    ExpressionAttributeNames: { '#owner': 'owner' },
    ExpressionAttributeValues: { ':owner': owner },
  });

  async function claim(request: IdempotentRequest, owner: string): Promise<boolean> {
    const now = clock.now();
    return held(
      dynamodb().send(
        new PutCommand({
          TableName: tableName,
          Item: {
            ...keyOf(request),
            owner,
            bodyHash: bodyHashOf(request),
            leaseUntil: now + leaseMs,
            keptUntil: now + keptMs,
            expiresAt: Math.ceil((now + keptMs) / 1_000),
          },
          ConditionExpression:
            'attribute_not_exists(pk) OR keptUntil < :now OR ' +
            '(attribute_not_exists(#response) AND leaseUntil < :now AND bodyHash = :bodyHash)',
          ExpressionAttributeNames: { '#response': 'response' },
          ExpressionAttributeValues: { ':now': now, ':bodyHash': bodyHashOf(request) },
        }),
      ),
    );
  }

  return {
    async begin(request) {
      const owner = newId('own');
      if (await claim(request, owner)) return { kind: 'started', owner };
      const found = await dynamodb().send(
        new GetCommand({ TableName: tableName, Key: keyOf(request), ConsistentRead: true }),
      );
      const parsed = item.safeParse(found.Item);
      // Gone or unreadable: the other run released it this very moment, and the caller's repeat will claim it.
      if (parsed.success && parsed.data.bodyHash !== bodyHashOf(request)) {
        throw new IdempotencyKeyReused('This Idempotency-Key was used with another request body', {
          action: 'Send a new Idempotency-Key with every new request.',
        });
      }
      if (parsed.success && parsed.data.response !== undefined) {
        return { kind: 'replay', response: parsed.data.response };
      }
      throw new RequestInProgress('The first request with this Idempotency-Key is still running', {
        action: 'Repeat the request in a few seconds.',
      });
    },

    async complete(request, owner, response) {
      if ((response.body?.length ?? 0) > largestKeptBody) return this.release(request, owner);
      const owned = ownedBy(owner);
      await held(
        dynamodb().send(
          new UpdateCommand({
            TableName: tableName,
            Key: keyOf(request),
            UpdateExpression: 'SET #response = :response',
            ConditionExpression: owned.ConditionExpression,
            ExpressionAttributeNames: { ...owned.ExpressionAttributeNames, '#response': 'response' },
            ExpressionAttributeValues: { ...owned.ExpressionAttributeValues, ':response': response },
          }),
        ),
      );
    },

    async release(request, owner) {
      await held(
        dynamodb().send(new DeleteCommand({ TableName: tableName, Key: keyOf(request), ...ownedBy(owner) })),
      );
    },
  };
}
