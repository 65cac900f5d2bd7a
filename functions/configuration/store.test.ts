import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configuration } from '#local/capabilities/configuration.ts';
import { systemClock } from '#local/clock.ts';
import { createDynamodb } from '#local/dynamodb/dynamodb.ts';
import { setEnvironment } from '#local/environment.ts';
import { forgetClients } from '#platform/clients.ts';
import type { Place } from '#platform/records.ts';
import { putDefinition, readDefinition, removeDefinition } from './keys/definitions.ts';
import { nameOf } from './resolution/layers.ts';
import { type ConfigurationKey, type Content, NewDefinition } from './schemas.ts';
import { countItems, deleteItem, keys } from './store.ts';
import { readExplained, readResolved } from './values/resolved.ts';
import { listHolders, readHistory, readValue, readVersion, writeValue } from './values/store.ts';

let close: () => Promise<void>;
let number = 0;
/** Of its own for every test, which share one table, and for every update. */
const next = (what: string) => {
  number += 1;
  return `${what}${number}`;
};
const fresh = () => next('test-');

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'theseus-configuration-'));
  const dynamodb = createDynamodb({ directory, clock: systemClock() });
  await dynamodb.start();
  await dynamodb.createTables(configuration.tables.map(({ definition }) => definition));
  const restore = setEnvironment({
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
    CONFIGURATION_TABLE: 'theseus-configuration',
  });
  forgetClients();
  close = async () => {
    forgetClients();
    restore();
    await dynamodb.stop();
    await rm(directory, { recursive: true, force: true });
  };
});
afterAll(() => close());

const plain = (value: unknown): Content => ({ kind: 'plain', value: value as never });
const sealed: Content = {
  kind: 'secret',
  sealed: { algorithm: 'a', ciphertext: 'c2VhbGVk', keyArn: 'k', sealedAt: '2026-01-01T00:00:00.000Z' },
};
const write = (
  identity: ConfigurationKey,
  content: Content | null,
  expectedVersion: number,
  updateId = next('upd_'),
) => writeValue(identity, content, { expectedVersion, updateId, by: 'ann', why: 'a test' });
const define = (namespace: string, key: string, body: object) =>
  putDefinition(namespace, key, NewDefinition.parse(body), 'ann');
const versionsOf = async (identity: ConfigurationKey) =>
  (await readHistory(identity, { limit: 100 })).items.map(({ version, content }) => [
    version,
    content?.kind === 'plain' ? content.value : content,
  ]);

describe('a value', () => {
  it('has every version in its history, the deletion too, and goes on after it', async () => {
    const identity = { namespace: fresh(), key: 'limits.orders', tenant: 'acme' };
    expect(await readValue(identity)).toBeUndefined();
    const first = await write(identity, plain(1), 0);
    expect(first).toMatchObject({ ...identity, version: 1, updatedBy: 'ann', why: 'a test' });
    expect(first).not.toHaveProperty('service');
    await write(identity, null, 1);
    const third = await write(identity, plain({ big: 1e200, small: 1e-200, '': [null] }), 2);
    expect(third.createdAt).toBe(first.createdAt);
    expect(await readValue(identity)).toEqual(third);
    expect(await versionsOf(identity)).toEqual([
      [3, { big: 1e200, small: 1e-200, '': [null] }],
      [2, null],
      [1, 1],
    ]);
    expect((await readVersion(identity, 1)).content).toEqual(plain(1));
    await expect(readVersion(identity, 4)).rejects.toMatchObject({ name: 'NotFound' });
  });

  it('is not the value of another layer', async () => {
    const namespace = fresh();
    await write({ namespace, key: 'k' }, plain('all'), 0);
    await write({ namespace, key: 'k', service: 'a' }, plain('service'), 0);
    await write({ namespace, key: 'k', environment: 'a' }, plain('environment'), 0);
    expect(await readValue({ namespace, key: 'k', tenant: 'a' })).toBeUndefined();
    expect((await readValue({ namespace, key: 'k', environment: 'a' }))?.content).toEqual(
      plain('environment'),
    );
    await write({ namespace, key: 'k.more' }, plain(1), 0);
    await write({ namespace, key: 'gone' }, plain(1), 0);
    await write({ namespace, key: 'gone' }, null, 1);
    const listed = async (key?: string, from?: Place) =>
      listHolders({ namespace, key }, 3, from).then(({ items, next }) => ({
        names: items.map(nameOf),
        next,
      }));
    const { names, next } = await listed();
    expect([...names, ...(await listed(undefined, next)).names]).toEqual([
      `${namespace}/k (for all)`,
      `${namespace}/k (environment a)`,
      `${namespace}/k (service a)`,
      `${namespace}/k.more (for all)`,
    ]);
    expect((await listed('k')).names).toHaveLength(3);
    await expect(listed('k.more', next)).rejects.toMatchObject({ name: 'InvalidInput' });
  });

  it('is written by whoever saw the version that holds; others are told which it is', async () => {
    const identity = { namespace: fresh(), key: 'k' };
    await expect(write(identity, plain(1), 1)).rejects.toMatchObject({ evidence: { expected: 1, found: 0 } });
    await write(identity, plain(1), 0);
    await expect(write(identity, plain(2), 0)).rejects.toMatchObject({
      name: 'UpdateConflict',
      evidence: { identity, expected: 0, found: 1 },
    });
    const both = await Promise.allSettled([write(identity, plain('a'), 1), write(identity, plain('b'), 1)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect((await readValue(identity))?.version).toBe(2);
  });

  it('written twice by one update is written once, also after others wrote', async () => {
    const identity = { namespace: fresh(), key: 'k' };
    const first = await write(identity, plain(1), 0, 'upd_a');
    expect(await write(identity, plain(1), 0, 'upd_a')).toEqual(first);
    await write(identity, plain(2), 1, 'upd_b');
    expect(await write(identity, plain(1), 0, 'upd_a')).toEqual(first);
    expect(await versionsOf(identity)).toEqual([
      [2, 2],
      [1, 1],
    ]);
    const both = await Promise.all(Array.from({ length: 4 }, () => write(identity, plain(3), 2, 'upd_c')));
    expect(new Set(both.map((one) => JSON.stringify(one))).size).toBe(1);
  });

  it('whose history was cut off is completed by whoever reads or writes it next', async () => {
    const identity = { namespace: fresh(), key: 'k' };
    for (const version of [0, 1, 2]) await write(identity, plain(version), version);
    await deleteItem(keys.version(identity, 3));
    expect((await readVersion(identity, 3)).content).toEqual(plain(2));
    expect((await versionsOf(identity)).map(([version]) => version)).toEqual([3, 2, 1]);
    await deleteItem(keys.version(identity, 3));
    await write(identity, plain('next'), 3);
    expect((await versionsOf(identity)).map(([version]) => version)).toEqual([4, 3, 2, 1]);
  });

  it('goes one version up with each write, whatever else is tried', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ expected: fc.integer({ min: 0, max: 6 }), update: fc.integer({ min: 0, max: 5 }) }),
          {
            maxLength: 12,
          },
        ),
        async (writes) => {
          const identity = { namespace: fresh(), key: 'k' };
          // Which update wrote which version.
          const model: string[] = [];
          for (const { expected, update } of writes) {
            const id = `upd_${update}`;
            const done = await write(identity, plain(id), expected, id).catch((error: Error) => error.name);
            if (expected === model.length) model.push(id);
            const repeated = model[expected] === id;
            expect(typeof done === 'string' ? done : done.version).toBe(
              repeated ? expected + 1 : 'UpdateConflict',
            );
          }
          expect(await versionsOf(identity)).toEqual(
            model.map((id, at): [number, string] => [at + 1, id]).toReversed(),
          );
        },
      ),
      { numRuns: 25 },
    );
  });

  it('has pages of history', async () => {
    const identity = { namespace: fresh(), key: 'k' };
    for (const version of [0, 1, 2, 3]) await write(identity, plain(version), version);
    const page = await readHistory(identity, { limit: 3 });
    expect(page.items.map(({ version }) => version)).toEqual([4, 3, 2]);
    const rest = await readHistory(identity, { limit: 3, before: page.next });
    expect([rest.items.map(({ version }) => version), rest.next]).toEqual([[1], undefined]);
  });
});

describe('a definition', () => {
  it('is the same again, changes by who saw it, and goes when it has no values', async () => {
    const namespace = fresh();
    const { definition, created } = await define(namespace, 'k', { schema: { type: 'integer' }, default: 5 });
    expect(created).toBe(true);
    expect(await define(namespace, 'k', { default: 5, schema: { type: 'integer' } })).toEqual({
      definition,
      created: false,
    });
    await expect(define(namespace, 'k', { version: 0 })).rejects.toMatchObject({
      name: 'UpdateConflict',
      evidence: { expected: 0, found: 1 },
    });
    const changed = await define(namespace, 'k', { version: 1, schema: { type: 'integer' } });
    expect(changed.definition).toMatchObject({ version: 2, createdAt: definition.createdAt });
    expect(changed.definition).not.toHaveProperty('default');
    const identity = { namespace, key: 'k', tenant: 'acme' };
    await write(identity, plain(1), 0);
    await expect(removeDefinition(namespace, 'k')).rejects.toMatchObject({
      name: 'KeyInUse',
      evidence: { holders: [{ namespace, tenant: 'acme' }] },
    });
    await write(identity, null, 1);
    await removeDefinition(namespace, 'k');
    await expect(readDefinition(namespace, 'k')).rejects.toMatchObject({ name: 'NotFound' });
  });

  it('does not get a schema that stored values break: they are named, with the rules', async () => {
    const namespace = fresh();
    await define(namespace, 'k', { schema: { type: 'integer' } });
    await write({ namespace, key: 'k' }, plain(5), 0);
    await write({ namespace, key: 'k', tenant: 'acme' }, plain(500), 0);
    await expect(define(namespace, 'k', { schema: { type: 'integer', maximum: 100 } })).rejects.toMatchObject(
      {
        name: 'ValuesBreakSchema',
        evidence: {
          count: 1,
          broken: [{ identity: { namespace, key: 'k', tenant: 'acme' }, problems: [{ rule: 'maximum' }] }],
        },
      },
    );
    await expect(define(namespace, 'k', { secret: true })).rejects.toMatchObject({
      evidence: { count: 2, broken: [{ problems: [{ rule: 'secret' }] }, {}] },
    });
    expect(await readDefinition(namespace, 'k')).toMatchObject({ version: 1 });
    await define(namespace, 'k', { schema: { type: 'integer', maximum: 500 } });
  });

  it.each([
    ['no JSON Schema', { schema: { type: 'integr' } }, '/body/schema/type'],
    [
      'another dialect',
      { schema: { $schema: 'http://json-schema.org/draft-04/schema#' } },
      '/body/schema/$schema',
    ],
    ['a reference elsewhere', { schema: { $ref: 'https://example.com/a.json' } }, '/body/schema'],
    ['a pattern that is none', { schema: { pattern: '(' } }, '/body/schema/pattern'],
    ['a default that does not fit', { schema: { type: 'integer' }, default: 'x' }, '/body/default'],
    ['a default of a secret', { secret: true, default: 'x' }, '/body/default'],
  ])('is refused with %s', async (_, body, pointer) => {
    await expect(define(fresh(), 'k', body)).rejects.toMatchObject({
      name: 'InvalidInput',
      problems: expect.arrayContaining([expect.objectContaining({ pointer })]),
    });
  });
});

it('counts the keys of a namespace, and none of its neighbours', async () => {
  const namespace = fresh();
  for (const [of, key] of [
    [namespace, 'a'],
    [namespace, 'b'],
    [`${namespace}-x`, 'c'],
  ] as const)
    await define(of, key, {});
  const { pk, sk } = keys.definition(namespace, '');
  expect(await countItems(pk, sk)).toBe(2);
});

describe('what holds', () => {
  it('comes from the most specific layer that says something, else from the definition', async () => {
    const namespace = fresh();
    await define(namespace, 'a', { default: 'default' });
    await define(namespace, 'b', {});
    await define(namespace, 'c', { secret: true });
    await write({ namespace, key: 'b' }, plain('all'), 0);
    await write({ namespace, key: 'b', tenant: 'acme' }, plain('acme'), 0);
    await write({ namespace, key: 'c', environment: 'production' }, sealed, 0);
    const reader = { namespace, environment: 'production', service: 'orders', tenant: 'acme' };
    expect((await readResolved(reader)).map(({ key, content, from }) => [key, content, from])).toEqual([
      ['a', plain('default'), 'default'],
      ['b', plain('acme'), { namespace, tenant: 'acme' }],
      ['c', sealed, { namespace, environment: 'production' }],
    ]);
    await write({ namespace, key: 'b', tenant: 'acme' }, null, 1);
    expect((await readExplained(reader, 'b')).resolved).toMatchObject({
      from: { namespace },
      content: plain('all'),
    });
  });
});
