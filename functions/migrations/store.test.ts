import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { capabilities } from '#local/capabilities.ts';
import { systemClock } from '#local/clock.ts';
import { createDynamodb } from '#local/dynamodb/dynamodb.ts';
import { setEnvironment } from '#local/environment.ts';
import { forgetClients } from '#platform/clients.ts';
import { clock, setClock } from '#platform/clock.ts';
import {
  createDatabase,
  deleteDatabase,
  findDatabase,
  listDatabases,
  reserveDatabaseName,
} from './databases/databases.ts';
import { remembering } from './executions/memory.ts';
import { decideRanges, readRange, saveRange } from './executions/progress.ts';
import { releaseSchemaLock, takeSchemaLock } from './executions/schema-lock.ts';
import { laterMigrations, listMigrations, refuseWhenLaterStands } from './list.ts';
import {
  changeMigration,
  createMigration,
  forgetMigration,
  readMigration,
  readWork,
} from './migration-store.ts';
import { MigrationRecord } from './records.ts';
import { keys, readItem, writeItem } from './store.ts';
import { acting, migrationRecord } from './testing/record.ts';

let close: () => Promise<void>;
let number = 0;
/** Ids of their own for every test: they share one table. */
let id = '';
let databaseId = '';

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'theseus-store-'));
  const dynamodb = createDynamodb({ directory, clock: systemClock() });
  await dynamodb.start();
  await dynamodb.createTables(
    capabilities.flatMap(({ tables }) => tables.map(({ definition }) => definition)),
  );
  const restore = setEnvironment({
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
    MIGRATIONS_TABLE: 'theseus-migrations',
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
beforeEach(() => {
  number += 1;
  id = `mig_${number}`;
  databaseId = `db_${number}`;
});

describe('a change that may wait', () => {
  const stored = () => readItem(MigrationRecord, keys.migration(id));
  const published = { type: 'migration.published', actor: 'theseus' };
  const publish = () =>
    changeMigration(id, ({ publishedAt }) =>
      publishedAt === null
        ? { set: { publishedAt: clock.iso() }, events: [published], postponable: true }
        : undefined,
    );

  it('is written with the next one, and at once where nothing is remembered', async () => {
    await createMigration(migrationRecord({ id, databaseId, publishedAt: null }));
    await remembering(async () => {
      await readMigration(id);
      await publish();
      expect(await stored()).toMatchObject({ publishedAt: null });
      await changeMigration(id, () => ({ set: { phase: 'contract' } }));
    });
    expect(await stored()).toMatchObject({ phase: 'contract', publishedAt: expect.any(String), version: 3 });
    await changeMigration(id, () => ({ set: { publishedAt: null } }));
    await publish();
    expect((await stored())?.publishedAt).not.toBeNull();
  });

  it('is decided anew when somebody else has written, and before the record is read', async () => {
    await createMigration(migrationRecord({ id, databaseId, publishedAt: null }));
    const byOther = (differences: string[]) =>
      writeItem(keys.migration(id), {
        ...migrationRecord({ id, databaseId, publishedAt: null }),
        version: 7,
        differences,
      });
    await remembering(async () => {
      await readMigration(id);
      await publish();
      await byOther(['theirs']);
      await changeMigration(id, () => ({ set: { phase: 'contract' } }));
      expect(await stored()).toMatchObject({ differences: ['theirs'], phase: 'contract', version: 9 });
      expect((await stored())?.outbox.filter(({ type }) => type === published.type)).toHaveLength(1);

      await changeMigration(id, () => ({ set: { publishedAt: null } }));
      await publish();
      await byOther(['theirs again']);
      expect(await readMigration(id)).toMatchObject({
        differences: ['theirs again'],
        publishedAt: expect.any(String),
      });
    });
  });
});

describe('a migration in the table', () => {
  it('takes the changes of many writers, each once, with their events in order', async () => {
    await createMigration(migrationRecord({ id, databaseId }));
    const writers = Array.from({ length: 8 }, (_, index) =>
      changeMigration(id, ({ differences }) => ({
        set: { differences: [...differences, String(index)] },
        events: [{ type: 'test.changed', actor: `writer ${index}` }],
      })),
    );
    await Promise.all(writers);
    const record = await readMigration(id);
    expect(record.differences.toSorted()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
    expect(record.outbox.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(record.version).toBe(9);
  });

  it('is refused a change without being written', async () => {
    await createMigration(migrationRecord({ id, databaseId }));
    const refusal = changeMigration(id, () => {
      throw new Error('not now');
    });
    await expect(refusal).rejects.toThrow('not now');
    expect((await readMigration(id)).version).toBe(1);
    await expect(readMigration('mig_none')).rejects.toMatchObject({ name: 'NotFound' });
  });

  it('is among the open work as long as it acts or has something unpublished', async () => {
    const isOpen = async () => (await readWork()).ids.includes(id);
    await createMigration(migrationRecord({ id, databaseId }));
    expect(await isOpen()).toBe(false);
    await changeMigration(id, () => ({ set: { status: 'running' } }));
    expect(await isOpen()).toBe(true);
    await changeMigration(id, () => ({ set: { status: 'completed' }, events: [{ type: 'a', actor: 'b' }] }));
    expect(await isOpen()).toBe(true);
    await changeMigration(id, () => ({ set: {}, publishedThrough: 0 }));
    expect(await isOpen()).toBe(false);
    await changeMigration(id, ({ removal }) => ({ set: { removal: { ...removal, retryAt: 1 } } }));
    expect(await isOpen()).toBe(true);
  });

  it('is listed once, by its database and by its status, page by page', async () => {
    for (const [index, status] of (['completed', 'planned', 'completed'] as const).entries()) {
      const createdAt = `2026-01-0${index + 1}T00:00:00.000Z`;
      await createMigration(migrationRecord({ id: `${id}x${index}`, databaseId, createdAt, status }));
    }
    const first = await listMigrations({ database: databaseId, status: 'completed', limit: 1 });
    expect(first.items.map((record) => record.id)).toEqual([`${id}x2`]);
    const rest = await listMigrations({ database: databaseId, status: 'completed', limit: 5 }, first.next);
    expect(rest).toMatchObject({ items: [{ id: `${id}x0` }], next: undefined });
    await forgetMigration(await readMigration(`${id}x1`));
    expect((await listMigrations({ database: databaseId, limit: 10 })).items).toHaveLength(2);
  });
});

describe('undo goes last in, first out', () => {
  it('only the latest of a schema has nothing after it', async () => {
    const at = (day: number) => ({
      createdAt: `2026-01-0${day}T00:00:00.000Z`,
      completedAt: `2026-01-0${day}T01:00:00.000Z`,
    });
    const first = migrationRecord({ id: `${id}a`, databaseId, status: 'completed', ...at(1) });
    const second = migrationRecord({ id: `${id}b`, databaseId, status: 'completed', ...at(2) });
    const elsewhere = migrationRecord({
      id: `${id}c`,
      databaseId,
      schema: 'other',
      status: 'completed',
      ...at(3),
    });
    const undone = migrationRecord({ id: `${id}d`, databaseId, status: 'undone', ...at(4) });
    for (const record of [first, second, elsewhere, undone]) await createMigration(record);
    expect((await laterMigrations(first)).map((record) => record.id)).toEqual([second.id]);
    await expect(refuseWhenLaterStands(first)).rejects.toMatchObject({ evidence: { later: second.id } });
    await expect(refuseWhenLaterStands(second)).resolves.toBeUndefined();
    // Entries that were made before they named the schema.
    const entry = keys.databaseMigration(second.databaseId, second.createdAt, second.id);
    await writeItem(entry, { id: second.id });
    expect((await laterMigrations(first)).map((record) => record.id)).toEqual([second.id]);
  });
});

describe('the lock of a schema', () => {
  const holderOf = async () =>
    (await readItem(z.object({ migration: z.string() }), keys.schemaLock(databaseId, 'public')))?.migration;

  it('is held by one migration, which may take it again and lets go', async () => {
    const holder = acting('migration', { id, databaseId });
    const other = { ...holder, id: `${id}other` };
    await createMigration(holder);
    await takeSchemaLock(holder);
    await takeSchemaLock(holder);
    await expect(takeSchemaLock(other)).rejects.toMatchObject({
      name: 'MigrationInProgress',
      evidence: { holder: id },
    });
    const later = { updatedAt: new Date(Date.now() + 1_000).toISOString() };
    await releaseSchemaLock({ ...other, ...later });
    expect(await holderOf()).toBe(id);
    await releaseSchemaLock({ ...holder, ...later });
    await takeSchemaLock(other);
    expect(await holderOf()).toBe(other.id);
  });

  it('of a run that completed is free at once, and its end does not take the lock of an undo begun meanwhile', async () => {
    const holder = acting('migration', { id, databaseId });
    const other = { ...holder, id: `${id}other` };
    await createMigration(holder);
    await takeSchemaLock(holder);
    const completedAt = new Date(Date.now() + 1_000).toISOString();
    await changeMigration(id, () => ({ set: { status: 'completed', completedAt } }));
    await takeSchemaLock(other);
    expect(await holderOf()).toBe(other.id);
    await releaseSchemaLock({ ...other, updatedAt: completedAt });
    await takeSchemaLock(holder);
    await releaseSchemaLock({ ...holder, updatedAt: new Date(Date.now() - 1_000).toISOString() });
    expect(await holderOf()).toBe(id);
  });

  it('passes on from a holder that is over, not from one that failed between two states', async () => {
    const holder = acting('rollback', { id, databaseId });
    const other = { ...holder, id: `${id}other` };
    await createMigration(holder);
    await takeSchemaLock(holder);
    await changeMigration(id, () => ({ set: { status: 'failed' } }));
    await expect(takeSchemaLock(other)).rejects.toMatchObject({ name: 'MigrationInProgress' });
    await changeMigration(id, () => ({ set: { status: 'rolled_back' } }));
    await takeSchemaLock(other);
    expect(await holderOf()).toBe(other.id);
  });

  it('is not taken from a start under way, but from one that was cut off', async () => {
    const starting = migrationRecord({ id, databaseId });
    const other = { ...starting, id: `${id}other` };
    await createMigration(starting);
    await takeSchemaLock(starting);
    await expect(takeSchemaLock(other)).rejects.toMatchObject({ name: 'MigrationInProgress' });
    const restore = setClock({ ...clock, now: () => Date.now() + 61_000 });
    await takeSchemaLock(other).finally(restore);
    expect(await holderOf()).toBe(other.id);
  });
});

describe('key ranges', () => {
  it('are decided once: of two decisions the first stands', async () => {
    const plan = (to: string) => ({
      stage: 'backfill' as const,
      pass: 1,
      ranges: [{ work: 'b', range: 0, table: 't', from: null, to: [to], estimatedRows: 1 }],
    });
    const [one, two] = await Promise.all([decideRanges(id, plan('1')), decideRanges(id, plan('2'))]);
    expect(one).toEqual(two);
  });

  it('keep what a newer epoch or the end of the range said', async () => {
    const fresh = await readRange(id, 'backfill', 1, { work: 'b', range: 0 }, 't');
    expect(fresh).toMatchObject({ status: 'working', last: null, epoch: 0 });
    expect(await saveRange(id, { ...fresh, epoch: 2, last: ['5'] })).toBe(true);
    expect(await saveRange(id, { ...fresh, epoch: 1, last: ['9'] })).toBe(false);
    expect(await saveRange(id, { ...fresh, epoch: 2, status: 'done' })).toBe(true);
    expect(await saveRange(id, { ...fresh, epoch: 2, last: ['7'] })).toBe(false);
    expect(await readRange(id, 'backfill', 1, { work: 'b', range: 0 }, 't')).toMatchObject({
      status: 'done',
    });
  });
});

describe('the name of a database', () => {
  const facts = {
    schema: 'public',
    labels: {},
    secretArn: 'arn',
    connector: null,
    facts: null,
    createdBy: 'ada',
  };

  it('is taken once; a registration that was cut off is finished by the next', async () => {
    const name = `shop-${number}`;
    const first = await reserveDatabaseName(name);
    expect(await reserveDatabaseName(name)).toBe(first);
    await createDatabase(first, { name, ...facts });
    await expect(reserveDatabaseName(name)).rejects.toMatchObject({ name: 'Conflict' });
    expect((await findDatabase(name)).id).toBe(first);
    expect((await findDatabase(first)).name).toBe(name);
    expect((await listDatabases(10, undefined)).items.map((record) => record.name)).toContain(name);
    await deleteDatabase(await findDatabase(first));
    await expect(findDatabase(name)).rejects.toMatchObject({ name: 'NotFound' });
    expect(await reserveDatabaseName(name)).not.toBe(first);
  });
});
