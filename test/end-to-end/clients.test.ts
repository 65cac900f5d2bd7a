import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { type ShopModel, startApplication } from '../../examples/shop/application.ts';
import { checkShop } from '../../examples/shop/check.ts';
import { fillShop } from '../../examples/shop/data.ts';
import { drizzleClient, plainClient, type Version } from './clients/libraries.ts';
import { type PgBouncer, startPgBouncer } from './clients/pgbouncer.ts';
import { installPrisma, prismaClient } from './clients/prisma.ts';
import { prismaProject } from './clients/prisma-migrate.ts';
import { type ShopClient, type Shopping, startShopping } from './clients/shopper.ts';
import { startPlatform, type TestPlatform } from './platform.ts';

const size = { customers: 600, orders: 600, items: 600 };
const password = 'clients';
/** A login role, and so a pool, per version: a pool's connections keep the path they logged in with. */
const roles = { old: 'clients_old', undone: 'clients_undone', removed: 'clients_removed' };
const undoWindowSeconds = 600;

let platform: TestPlatform;
let url: string;
let sql: pg.Client;
let bouncer: PgBouncer | string;
let prisma: Awaited<ReturnType<typeof installPrisma>>;

beforeAll(async () => {
  const installing = installPrisma();
  platform = await startPlatform();
  url = await createDatabase('clients');
  await fillShop(url, size);
  sql = new pg.Client({ connectionString: url });
  await sql.connect();
  for (const role of Object.values(roles))
    await sql.query(`CREATE ROLE ${role} LOGIN PASSWORD '${password}';
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`);
  bouncer = await startPgBouncer(url, roles, password);
  await platform.addDatabase('shop', url);
  prisma = await installing;
});

afterAll(async () => {
  if (typeof bouncer !== 'string') await bouncer?.stop();
  await sql?.end();
});

/** Every client of one version that this machine has. */
async function clients(
  version: Version,
  pool: keyof typeof roles,
  path: string | null,
  schema: string,
): Promise<ShopClient[]> {
  return [
    drizzleClient(version, url, path),
    ...(typeof bouncer === 'string' ? [] : [plainClient(version, bouncer.urlOf(pool), 'PgBouncer')]),
    ...(typeof prisma === 'string' ? [] : [await prismaClient(version, prisma.folder, url, schema)]),
  ];
}

/** node-postgres with named prepared statements: the shop's own application, at 40 requests a second. */
function prepared(version: Version, path: string | null, seed: number) {
  const share = { modulus: 2, remainder: version === 'old' ? 0 : 1 };
  const searchPath = path === null ? null : path.replaceAll(', ', ',');
  return startApplication({ url, version, searchPath, rate: 40, share, size, seed });
}

const everyone = (shoppings: Shopping[], rounds: number) =>
  Promise.all(shoppings.map((one) => one.rounds(rounds)));

async function stopAll(shoppings: Shopping[], models: ShopModel[], errors: string[]): Promise<void> {
  for (const shopping of shoppings) {
    const ended = await shopping.stop();
    models.push(ended.model);
    errors.push(...ended.errors);
  }
}

async function stopPrepared(
  application: ReturnType<typeof prepared>,
  models: ShopModel[],
  errors: string[],
): Promise<void> {
  models.push(await application.stop());
  errors.push(...application.takeSeconds().flatMap((second) => second.errors));
}

it('clients of both versions see no error from before the migration to its undo, and to the removal of the next', {
  timeout: 180_000,
}, async (context) => {
  const models: ShopModel[] = [];
  const errors: string[] = [];
  const operations = await readFile(new URL('../../examples/05-shop.yaml', import.meta.url), 'utf8');
  const start = (name: string) =>
    platform.start({
      database: 'shop',
      operations,
      name,
      options: { soakSeconds: 7_200, undoWindowSeconds },
    });

  let seed = 1;
  let old = (await clients('old', 'old', null, 'public')).map(startShopping);
  let oldPrepared = prepared('old', null, seed++);
  await everyone(old, 5);

  for (const life of ['undone', 'removed'] as const) {
    const { id } = await start(`05-shop-${life}`);
    const { clientPath, versionSchema } = await platform.until(id, 'soaking');
    await sql.query(`ALTER ROLE ${roles[life]} SET search_path = ${clientPath}`);
    const fresh = (await clients('new', life, clientPath, versionSchema ?? '')).map(startShopping);
    const freshPrepared = prepared('new', clientPath, seed++);
    await everyone([...old, ...fresh], 6);
    await platform.act(id, 'complete');
    await platform.until(id, 'completed');
    await everyone([...old, ...fresh], 6);
    if (life === 'undone') {
      await stopAll(fresh, models, errors);
      await stopPrepared(freshPrepared, models, errors);
      await platform.act(id, 'undo', { acceptLosses: true });
      await platform.until(id, 'undone');
      await everyone(old, 6);
      await stopAll(old, models, errors);
      await stopPrepared(oldPrepared, models, errors);
      expect(errors).toEqual([]);
      expect((await checkShop(url, { version: 'old' }, size, models)).wrong).toEqual([]);
      // The next life begins with clients that have never seen the first.
      old = (await clients('old', 'old', null, 'public')).map(startShopping);
      oldPrepared = prepared('old', null, seed++);
    } else {
      await stopAll(old, models, errors);
      await stopPrepared(oldPrepared, models, errors);
      await platform.cloud.clock.advance((undoWindowSeconds + 120) * 1_000);
      await platform.until(id, 'removed');
      await everyone(fresh, 6);
      await stopAll(fresh, models, errors);
      await stopPrepared(freshPrepared, models, errors);
      expect(errors).toEqual([]);
      expect((await checkShop(url, { version: 'new', schema: 'public' }, size, models)).wrong).toEqual([]);
    }
  }
  for (const missing of [bouncer, prisma])
    if (typeof missing === 'string') context.annotate(`left out: ${missing}`);
});

it('SQL of prisma migrate is run by Theseus, and prisma migrate then finds nothing to do', {
  timeout: 180_000,
}, async (context) => {
  if (typeof prisma === 'string') return context.skip(prisma);
  const database = await createDatabase('prisma');
  const project = await prismaProject(prisma.folder, database);
  const user = (fields: string) => `model User {\n  id BigInt @id @default(autoincrement())\n  ${fields}\n}`;
  const [before, after] = [user('age Int'), user('age BigInt\n  name String?\n  @@index([age])')];
  await project.model(before);
  await project.add(
    '20260101000000_users',
    'CREATE TABLE "User" ("id" BIGSERIAL PRIMARY KEY, "age" INTEGER NOT NULL);\n',
  );
  // So the table of its migrations is as Prisma makes it.
  expect(await project.migrate('deploy')).toEqual({
    code: 0,
    out: expect.stringContaining('All migrations have been successfully applied.'),
  });

  await project.model(after);
  const generated = await project.add('20260202000000_age', await project.generate(before, after));
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...[join(import.meta.dirname, '../../bin/theseus.js'), 'migration', 'rewrite', generated],
    ...['--history', 'prisma', '--database', database],
  ]);
  await platform.addDatabase('prisma', database);
  const { id } = await platform.start({ database: 'prisma', operations: stdout, name: '20260202000000_age' });
  await platform.until(id, 'soaking', 'completed');
  const [status, deployed] = await Promise.all([project.migrate('status'), project.migrate('deploy')]);
  expect(status).toEqual({ code: 0, out: expect.stringContaining('Database schema is up to date!') });
  expect(deployed).toEqual({ code: 0, out: expect.stringContaining('No pending migrations to apply.') });
});

it('Prisma is among them', (context) => {
  context.skip(typeof prisma === 'string', String(prisma));
  expect(prisma).toHaveProperty('folder');
});

it('PgBouncer is among them', (context) => {
  context.skip(typeof bouncer === 'string', String(bouncer));
  expect(bouncer).toHaveProperty('urlOf');
});
