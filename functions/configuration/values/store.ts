import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { dynamodb } from '#platform/clients.ts';
import { clock } from '#platform/clock.ts';
import { InvalidInput, NotFound, PayloadTooLarge } from '#platform/errors.ts';
import { absent, type ItemPage, Place, parseItem } from '#platform/records.ts';
import { UpdateConflict } from '../errors.ts';
import { layersOf, layerText, nameOf, type Reader } from '../resolution/layers.ts';
import { type ConfigurationKey, type Content, type LayerName, limits, type StoredValue } from '../schemas.ts';
import { keys, readItem, readPage, table, writeItem } from '../store.ts';
import { recordOf, storedOf, ValueRecord } from './records.ts';

// The item of a value is its truth. Its history is written after it: whoever reads or writes it next completes what a cut
// left out, so that no version is ever missing and none is there that never held.

/** Pages of a layer, 1 MB each: that is what a query answers at most. */
const mostPages = 20;
const mostHolders = 10_000;

/** A value in one layer, deleted ones included; undefined where there never was one. */
export async function readValue(identity: ConfigurationKey): Promise<StoredValue | undefined> {
  const found = await readItem(ValueRecord, keys.value(identity));
  return found && storedOf(found);
}

/**
 * All values that a reader's layers hold, deleted ones included: a list for each layer, the most specific first. A query
 * for each layer, at most eight.
 */
export async function readLayers(reader: Reader): Promise<StoredValue[][]> {
  return Promise.all(layersOf(reader).map(readLayer));
}

/** All values of one layer, deleted ones included, by key. Throws PayloadTooLarge beyond 20 MB. */
export async function readLayer(layer: LayerName): Promise<StoredValue[]> {
  const { pk } = keys.value({ ...layer, key: '' });
  const found: StoredValue[] = [];
  let from: Place | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const next = await readPage(ValueRecord, { pk, prefix: 'VALUE#', limit: limits.keys, from });
    found.push(...next.items.map(storedOf));
    from = next.next;
    if (from === undefined) return found;
  }
  throw new PayloadTooLarge(
    `The values of ${layer.namespace} (${layerText(layer)}) are too many to be read`,
    {
      evidence: { layer, megabytes: mostPages },
      action: 'Move large values into a namespace of their own.',
    },
  );
}

/** Values of a namespace, or of one key of it. */
export interface Holders {
  namespace: string;
  key?: string | undefined;
}

/**
 * A page of values in all layers, deleted ones left out, by key; as the index knows them, which may be a moment behind.
 * Throws InvalidInput for a place in another list.
 */
export async function listHolders(
  { namespace, key }: Holders,
  limit: number,
  from: Place | undefined,
): Promise<ItemPage<StoredValue>> {
  const holders = keys.holders(namespace);
  const prefix = key === undefined ? '' : keys.holder(key);
  if (from !== undefined && (from.gsi1pk !== holders || from.gsi1sk?.startsWith(prefix) !== true)) {
    throw new InvalidInput('The cursor is of another list', {
      problems: [{ pointer: '/query/cursor', detail: 'Not a cursor of this list' }],
      action: 'Start again without a cursor.',
    });
  }
  const page = await dynamodb().send(
    new QueryCommand({
      TableName: table(),
      IndexName: 'gsi1',
      KeyConditionExpression:
        key === undefined ? 'gsi1pk = :holders' : 'gsi1pk = :holders AND begins_with(gsi1sk, :prefix)',
      ExpressionAttributeValues:
        key === undefined ? { ':holders': holders } : { ':holders': holders, ':prefix': prefix },
      Limit: limit,
      ...(from === undefined ? {} : { ExclusiveStartKey: from }),
    }),
  );
  return {
    items: (page.Items ?? []).map((item) => storedOf(parseItem(ValueRecord, item))),
    next: page.LastEvaluatedKey === undefined ? undefined : Place.parse(page.LastEvaluatedKey),
  };
}

/** All values that a key has, at most 10,000. */
export async function readHolders(namespace: string, key: string): Promise<StoredValue[]> {
  const found: StoredValue[] = [];
  let from: Place | undefined;
  do {
    const page = await listHolders({ namespace, key }, 1_000, from);
    found.push(...page.items);
    from = page.next;
  } while (from !== undefined && found.length < mostHolders);
  return found;
}

/** Who writes a value, and on what condition. */
export interface Writing {
  /** The version that holds; 0 where there never was a value. */
  expectedVersion: number;
  /** Of the update; the same one a second time finds what it wrote. */
  updateId: string;
  by: string;
  why: string;
  /** Left out: those it has. */
  tags?: readonly string[];
}

const itemOf = (value: StoredValue) => ({
  ...recordOf(value),
  // A deleted value holds nothing, and nobody looks for it there.
  ...(value.content === null
    ? {}
    : { gsi1pk: keys.holders(value.namespace), gsi1sk: keys.holder(value.key, value) }),
});

const remember = (value: StoredValue): Promise<boolean> =>
  writeItem(keys.version(value, value.version), recordOf(value), absent);

function conflict(identity: ConfigurationKey, expected: number, found: number): UpdateConflict {
  return new UpdateConflict(
    `${nameOf(identity)} has version ${found}, expected ${expected}: somebody else wrote it since`,
    {
      evidence: { identity, expected, found },
      action: 'Look at what it is now, and decide again.',
    },
  );
}

/**
 * Writes a value, or deletes it with `content` null, as its next version. The same update a second time answers what it
 * wrote, also when others wrote since. Throws UpdateConflict {expected, found}.
 */
export async function writeValue(
  identity: ConfigurationKey,
  content: Content | null,
  { expectedVersion, updateId, by, why, tags }: Writing,
): Promise<StoredValue> {
  const current = await readValue(identity);
  const version = current?.version ?? 0;
  if (current !== undefined) await remember(current);
  if (version !== expectedVersion) {
    const written = version > expectedVersion ? await findVersion(identity, expectedVersion + 1) : undefined;
    if (written?.update === updateId) return written;
    throw conflict(identity, expectedVersion, version);
  }
  const at = clock.iso();
  const { namespace, key, service, environment, tenant } = identity;
  const next: StoredValue = {
    namespace,
    key,
    ...(service === undefined ? {} : { service }),
    ...(environment === undefined ? {} : { environment }),
    ...(tenant === undefined ? {} : { tenant }),
    content,
    version: version + 1,
    createdAt: current?.createdAt ?? at,
    updatedAt: at,
    updatedBy: by,
    why,
    update: updateId,
    tags: [...(tags ?? current?.tags ?? [])],
  };
  const condition =
    current === undefined
      ? absent
      : {
          expression: '#version = :version',
          names: { '#version': 'version' },
          values: { ':version': current.version },
        };
  if (!(await writeItem(keys.value(identity), itemOf(next), condition))) {
    // Another run of the same update may have been the one.
    const found = await readValue(identity);
    if (found?.update !== updateId || found.version !== next.version)
      throw conflict(identity, expectedVersion, found?.version ?? 0);
    await remember(found);
    return found;
  }
  await remember(next);
  return next;
}

async function findVersion(identity: ConfigurationKey, version: number): Promise<StoredValue | undefined> {
  const found = await readItem(ValueRecord, keys.version(identity, version));
  if (found !== undefined) return storedOf(found);
  const current = await readValue(identity);
  return current?.version === version ? current : undefined;
}

/** What a value was as that version. Throws NotFound. */
export async function readVersion(identity: ConfigurationKey, version: number): Promise<StoredValue> {
  const found = await findVersion(identity, version);
  if (found !== undefined) return found;
  throw new NotFound(`${nameOf(identity)} has no version ${version}`, {
    evidence: { identity, version },
    action: 'List its versions with `theseus config history`.',
  });
}

/** A page of what a value was, the newest first; `next` is the version that the following page begins below. */
export async function readHistory(
  identity: ConfigurationKey,
  { limit, before }: { limit: number; before?: number | undefined },
): Promise<{ items: StoredValue[]; next: number | undefined }> {
  const current = await readValue(identity);
  if (current !== undefined) await remember(current);
  const page = await readPage(ValueRecord, {
    pk: keys.version(identity, 0).pk,
    prefix: 'VERSION#',
    limit,
    newestFirst: true,
    from: before === undefined ? undefined : { ...keys.version(identity, before) },
  });
  const items = page.items.map(storedOf);
  return { items, next: page.next === undefined ? undefined : items.at(-1)?.version };
}
