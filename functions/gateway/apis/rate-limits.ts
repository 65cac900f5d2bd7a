import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { dynamodb } from '#platform/clients.ts';
import { clock } from '#platform/clock.ts';
import { TooManyRequests } from '#platform/errors.ts';
import { guardOf } from '../circuit-breaker/table-guard.ts';
import { keys, table } from '../store.ts';
import type { RateLimit } from './schemas.ts';

const minuteMs = 60_000;
/** A process tells the others after so many requests, as a share of the limit, or so long. */
const sharedPart = 50;
const shareMs = 1_000;
const longestShareMs = 500;
/** Consumers with limits that are counted apart in a process and minute; all beyond are one. */
const mostBuckets = 10_000;

/** What one request counts as. */
export interface Counted {
  api: string;
  version: string;
  endpoint: string;
  consumer: string;
}

interface Bucket {
  api: string;
  name: string;
  limit: number;
  /** As the table said last: of all processes, this one included. */
  known: number;
  /** Of this process, which the table does not know of. */
  unshared: number;
  sharedAt: number;
}

/** Adds to what all processes counted in a minute and returns the sum. */
export type ShareCount = (api: string, name: string, minute: number, requests: number) => Promise<number>;

const Sum = z.object({ requests: z.number() });

const shareInTable: ShareCount = (api, name, minute, requests) =>
  guardOf(table())(longestShareMs, async (abortSignal) => {
    const { Attributes } = await dynamodb().send(
      new UpdateCommand({
        TableName: table(),
        Key: keys.rateLimit(api, name, new Date(minute).toISOString()),
        UpdateExpression: 'SET expiresAt = :end ADD requests :requests',
        ExpressionAttributeValues: { ':end': Math.ceil(minute / 1_000) + 600, ':requests': requests },
        ReturnValues: 'UPDATED_NEW',
      }),
      { abortSignal },
    );
    return Sum.parse(Attributes).requests;
  });

export interface RateLimits {
  /** Counts a request, or throws TooManyRequests with the time until the minute is over. */
  admit(limits: readonly RateLimit[], counted: Counted): void;
  due(): boolean;
  /** Tells other processes and learns from them. Never rejects. */
  flush(): Promise<void>;
}

const scopeOf = ({ version = '', endpoint = '' }: RateLimit): string => `${version}|${endpoint}`;

/** The limits of a request; one of the consumer's own takes the place of that of each. */
function applying(limits: readonly RateLimit[], { version, endpoint, consumer }: Counted): RateLimit[] {
  const fits = limits.filter(
    (one) =>
      (one.consumer === consumer || one.consumer === '*') &&
      (one.version === undefined || one.version === version) &&
      (one.endpoint === undefined || one.endpoint === endpoint),
  );
  const own = new Set(fits.filter((one) => one.consumer !== '*').map(scopeOf));
  return fits.filter((one) => one.consumer !== '*' || !own.has(scopeOf(one)));
}

/**
 * Requests by calendar minute. A process knows its own exactly, and those of others as of its last exchange: with n
 * processes at most n/50 of a limit (at least n requests) come through beyond it. A request waits for no exchange, and
 * where the table does not answer each process keeps the limit for itself.
 */
export function rateLimits(share: ShareCount = shareInTable): RateLimits {
  let minute = 0;
  let buckets = new Map<string, Bucket>();

  function bucketOf(limit: RateLimit, { api, consumer }: Counted): Bucket {
    const exact = `${scopeOf(limit)}|${consumer}`;
    const name = buckets.has(`${api}|${exact}`) || buckets.size < mostBuckets ? exact : `${scopeOf(limit)}|`;
    const key = `${api}|${name}`;
    const found = buckets.get(key) ?? { api, name, limit: 0, known: 0, unshared: 0, sharedAt: clock.now() };
    found.limit = limit.requestsPerMinute;
    buckets.set(key, found);
    return found;
  }

  const isDue = ({ unshared, limit, sharedAt }: Bucket, now: number): boolean =>
    unshared > 0 && (unshared >= limit / sharedPart || now - sharedAt >= shareMs);

  return {
    admit(limits, counted) {
      if (limits.length === 0) return;
      const now = clock.now();
      const current = Math.floor(now / minuteMs) * minuteMs;
      if (current !== minute) [minute, buckets] = [current, new Map()];
      const own = applying(limits, counted).map((limit) => bucketOf(limit, counted));
      const full = own.find(({ known, unshared, limit }) => known + unshared >= limit);
      if (full !== undefined) {
        const { api, consumer } = counted;
        throw new TooManyRequests(
          `${consumer} may send ${full.limit} requests a minute to ${api} and has sent them`,
          {
            evidence: { api, consumer, requestsPerMinute: full.limit, retryAfterMs: minute + minuteMs - now },
            action: 'Send less, or wait until the minute is over.',
          },
        );
      }
      for (const bucket of own) bucket.unshared += 1;
    },
    due() {
      const now = clock.now();
      for (const bucket of buckets.values()) if (isDue(bucket, now)) return true;
      return false;
    },
    async flush() {
      const [of, now] = [minute, clock.now()];
      const shared = [...buckets.values()].filter(({ unshared }) => unshared > 0).slice(0, 100);
      await Promise.all(
        shared.map(async (bucket) => {
          const { unshared } = bucket;
          bucket.known += unshared;
          bucket.unshared = 0;
          bucket.sharedAt = now;
          try {
            // What is admitted meanwhile is not in the sum, nor lost: it is counted as unshared.
            const sum = await share(bucket.api, bucket.name, of, unshared);
            bucket.known = Math.max(bucket.known, sum);
          } catch {
            bucket.known -= unshared;
            bucket.unshared += unshared;
          }
        }),
      );
    },
  };
}
