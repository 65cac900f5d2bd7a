import { createHash } from 'node:crypto';
import { QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { dynamodb } from '#platform/clients.ts';
import { clock } from '#platform/clock.ts';
import { NotFound } from '#platform/errors.ts';
import { absent, held } from '#platform/records.ts';
import { deleteItem, dueIndex, keys, readAll, readItem, table, writeItem } from '../store.ts';
import { InstanceRecord } from './records.ts';

/** One URL of a version is one instance: a process that starts again finds its own. */
export const instanceId = (service: string, version: string, url: string): string =>
  `ins_${createHash('sha256')
    .update(JSON.stringify([service, version, url]))
    .digest('hex')
    .slice(0, 20)}`;

const keyOf = ({ service, version, id }: Pick<InstanceRecord, 'service' | 'version' | 'id'>) =>
  keys.instance(service, version, id);

const indexOf = ({ dueAt, service, id }: InstanceRecord): Record<string, string> =>
  dueAt === null
    ? {}
    : { gsi1pk: keys.instancesDue, gsi1sk: `${new Date(dueAt).toISOString()}#${service}#${id}` };

/** False when it is there already. */
export const createInstance = (record: InstanceRecord): Promise<boolean> =>
  writeItem(keyOf(record), { ...record, ...indexOf(record) }, absent);

export const findInstance = (
  service: string,
  version: string,
  id: string,
): Promise<InstanceRecord | undefined> => readItem(InstanceRecord, keys.instance(service, version, id));

/** Throws NotFound. */
export async function readInstance(service: string, version: string, id: string): Promise<InstanceRecord> {
  const found = await findInstance(service, version, id);
  if (found !== undefined) return found;
  throw new NotFound(`${service} ${version} has no instance ${id}`, {
    evidence: { service, version, id },
    action: 'Register it again: its lease ran out, or somebody removed it.',
  });
}

export const instancesOf = (service: string, version: string): Promise<InstanceRecord[]> =>
  readAll(InstanceRecord, keys.instance(service, version, '').pk, `INSTANCE#${version}#`);

/** Of every version of a service. */
export const allInstancesOf = (service: string): Promise<InstanceRecord[]> =>
  readAll(InstanceRecord, keys.instance(service, '', '').pk, 'INSTANCE#');

/** What a decision changes of an instance; what heartbeats bring is left as it is unless it is named. */
export type InstanceChange = Partial<
  Omit<
    InstanceRecord,
    'schemaVersion' | 'revision' | 'id' | 'service' | 'version' | 'createdAt' | 'createdBy'
  >
>;

/** Changes an instance on the condition that nobody decided anything since it was read; undefined when somebody did. */
export async function changeInstance(
  before: InstanceRecord,
  change: InstanceChange,
): Promise<InstanceRecord | undefined> {
  const next = { ...before, ...change, revision: before.revision + 1 };
  const index = indexOf(next);
  const fields: Record<string, unknown> = { ...change, ...index, revision: next.revision };
  const names = Object.keys(fields);
  const gone = next.dueAt === null ? ' REMOVE gsi1pk, gsi1sk' : '';
  const written = await held(
    dynamodb().send(
      new UpdateCommand({
        TableName: table(),
        Key: keyOf(before),
        UpdateExpression: `SET ${names.map((_name, at) => `#f${at} = :f${at}`).join(', ')}${gone}`,
        ConditionExpression: '#revision = :before',
        ExpressionAttributeNames: {
          ...Object.fromEntries(names.map((name, at) => [`#f${at}`, name])),
          '#revision': 'revision',
        },
        ExpressionAttributeValues: {
          ...Object.fromEntries(names.map((name, at) => [`:f${at}`, fields[name]])),
          ':before': before.revision,
        },
      }),
    ),
  );
  return written ? next : undefined;
}

export interface Beat {
  load: number | null;
  inFlight: number | null;
  draining: boolean;
}

/** Prolongs a lease; false when there is no such instance any more. It touches no key of the index. */
export const beat = (record: InstanceRecord, told: Beat, leaseUntil: number | null): Promise<boolean> =>
  held(
    dynamodb().send(
      new UpdateCommand({
        TableName: table(),
        Key: keyOf(record),
        UpdateExpression:
          'SET #load = :load, inFlight = :inFlight, draining = :draining, heartbeatAt = :at, leaseUntil = :until',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeNames: { '#load': 'load' },
        ExpressionAttributeValues: {
          ':load': told.load,
          ':inFlight': told.inFlight,
          ':draining': told.draining,
          ':at': clock.iso(),
          ':until': leaseUntil,
        },
      }),
    ),
  );

export const forgetInstance = (record: InstanceRecord): Promise<boolean> => deleteItem(keyOf(record));

/** Deletes an instance unless its lease was prolonged since it was read. */
export const forgetExpired = (record: InstanceRecord): Promise<boolean> =>
  deleteItem(keyOf(record), {
    expression: 'leaseUntil = :until',
    values: { ':until': record.leaseUntil },
  });

/** Instances with something to do, the earliest first; at most `limit`. */
export async function readDue(limit: number): Promise<InstanceRecord[]> {
  const now = clock.now();
  const found = await dynamodb().send(
    new QueryCommand({
      TableName: table(),
      IndexName: dueIndex,
      KeyConditionExpression: 'gsi1pk = :due AND gsi1sk < :now',
      ExpressionAttributeValues: { ':due': keys.instancesDue, ':now': new Date(now + 1).toISOString() },
      Limit: limit,
    }),
  );
  // The index is behind the table for a moment.
  const records = await Promise.all(
    (found.Items ?? []).map((item) => readItem(InstanceRecord, { pk: String(item.pk), sk: String(item.sk) })),
  );
  return records.flatMap((record) =>
    record !== undefined && record.dueAt !== null && record.dueAt <= now ? [record] : [],
  );
}
