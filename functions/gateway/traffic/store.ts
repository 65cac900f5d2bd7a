import { QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { dynamodb } from '#platform/clients.ts';
import { InvalidInput } from '#platform/errors.ts';
import { type LatencyHistogram, mergeHistograms } from '#platform/latency-histogram.ts';
import { parseItem } from '#platform/records.ts';
import type { ReadTrafficInput, TrafficWindow } from '../schemas.ts';
import { keys, table } from '../store.ts';

/** A window begins at every multiple of this, ms since 1970. */
export const windowMs = 10_000;
/** Items a window of a version is spread over. */
export const trafficShards = 4;
const keptMs = 7 * 86_400_000;
const longestMs = 6 * 3_600_000;

/** What came of requests to one version in one window. */
export interface Counts {
  requests: number;
  errors: number;
  latency: Record<string, number>;
}

export interface CountedWindow extends Counts {
  service: string;
  version: string;
  /** Epoch ms. */
  start: number;
}

/** DynamoDB adds to attributes of an item, not to those inside another: each bucket is one of its own. */
const bucketPrefix = 'ms:';

const StoredCounts = z
  .looseObject({ requests: z.int(), errors: z.int() })
  .transform(({ requests, errors, ...rest }) => ({
    requests,
    errors,
    latency: Object.fromEntries(
      Object.entries(rest).flatMap(([name, count]) =>
        name.startsWith(bucketPrefix) && typeof count === 'number'
          ? [[name.slice(bucketPrefix.length), count]]
          : [],
      ),
    ) as LatencyHistogram,
  }));

/** Adds to what other processes counted. Sent twice after a lost answer, it counts twice. */
export async function addTraffic(shard: number, window: CountedWindow): Promise<void> {
  const added: Record<string, number> = { requests: window.requests, errors: window.errors };
  for (const [bucket, count] of Object.entries(window.latency)) added[`${bucketPrefix}${bucket}`] = count;
  const names = Object.keys(added);
  await dynamodb().send(
    new UpdateCommand({
      TableName: table(),
      Key: keys.traffic(window.service, window.version, shard, new Date(window.start).toISOString()),
      UpdateExpression: `SET expiresAt = :end ADD ${names.map((_, at) => `#n${at} :v${at}`).join(', ')}`,
      ExpressionAttributeNames: Object.fromEntries(names.map((name, at) => [`#n${at}`, name])),
      ExpressionAttributeValues: {
        ':end': Math.ceil((window.start + keptMs) / 1_000),
        ...Object.fromEntries(names.map((name, at) => [`:v${at}`, added[name]])),
      },
    }),
  );
}

async function readShard(pk: string, from: string, to: string) {
  const counted: { start: string; counts: z.output<typeof StoredCounts> }[] = [];
  let next: Record<string, unknown> | undefined;
  // 6 h have 2,160 windows; a page of DynamoDB holds 1 MB.
  for (let page = 0; page < 20; page += 1) {
    const found = await dynamodb().send(
      new QueryCommand({
        TableName: table(),
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
        ExpressionAttributeValues: { ':pk': pk, ':from': from, ':to': to },
        ...(next === undefined ? {} : { ExclusiveStartKey: next }),
      }),
    );
    for (const item of found.Items ?? [])
      counted.push({ start: String(item.sk), counts: parseItem(StoredCounts, item) });
    next = found.LastEvaluatedKey;
    if (next === undefined) break;
  }
  return counted;
}

async function readVersion(service: string, version: string, from: string, to: string) {
  const shards = await Promise.all(
    Array.from({ length: trafficShards }, (_, shard) =>
      readShard(keys.traffic(service, version, shard, '').pk, from, to),
    ),
  );
  const windows = new Map<string, TrafficWindow>();
  for (const { start, counts } of shards.flat()) {
    const sum = windows.get(start);
    windows.set(start, {
      from: start,
      to: new Date(Date.parse(start) + windowMs).toISOString(),
      version,
      requests: (sum?.requests ?? 0) + counts.requests,
      errors: (sum?.errors ?? 0) + counts.errors,
      latency: mergeHistograms(sum?.latency ?? {}, counts.latency),
    });
  }
  return [...windows.values()];
}

/**
 * Windows that began in [from, to), oldest first; those without requests are left out. At most 6 h at once. Throws
 * InvalidInput beyond, or when `from` is not before `to`.
 */
export async function readTraffic({
  service,
  versions,
  from,
  to,
}: ReadTrafficInput): Promise<TrafficWindow[]> {
  const [first, end] = [Date.parse(from), Date.parse(to)];
  if (!(first < end && end - first <= longestMs)) {
    throw new InvalidInput(`Expected at most 6 h from ${from} on, found ${to}`, {
      problems: [{ pointer: '/query/to', detail: 'Expected after `from`, at most 6 h' }],
      action: 'Ask for a part of it.',
    });
  }
  const start = new Date(Math.ceil(first / windowMs) * windowMs).toISOString();
  // The end is not included; keys are compared as texts of one form.
  const last = new Date(end - 1).toISOString();
  if (start > last) return [];
  const found = await Promise.all(
    [...new Set(versions)].map((version) => readVersion(service, version, start, last)),
  );
  return found.flat().sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
}
