import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
// @ts-expect-error plain JavaScript: it runs before TypeScript can
import { isInstalled, npmCommand } from '../../../bin/prepare.js';
import type { Version } from './libraries.ts';
import type { ShopClient } from './shopper.ts';

const names = { old: ['name String'], new: ['first_name String', 'last_name String'] };
const schemaOf = (version: Version) => `
generator client {
  provider = "prisma-client"
  output   = "./${version}"
}
datasource db {
  provider = "postgresql"
}
model Customer {
  id    BigInt @id @default(autoincrement())
  ${names[version].join('\n  ')}
  email String @unique
  @@map("customers")
}
model Order {
  id          BigInt @id @default(autoincrement())
  customer_id BigInt
  amount      ${version === 'old' ? 'Int' : 'BigInt'} @default(0)
  @@map("orders")
}
model Item {
  id       BigInt @id @default(autoincrement())
  order_id BigInt
  sku      String
  quantity Int
  @@map("${version === 'old' ? 'items' : 'order_items'}")
}
`;

const packages = join(import.meta.dirname, 'prisma');
const cache = join(import.meta.dirname, '../../../node_modules/.cache');

/**
 * A folder in which Prisma is installed as `prisma/package-lock.json` says: 300 MB, too much for every clone, so that it is
 * fetched when this test first runs and kept beside the other caches. A text says why there is none.
 */
export async function installPrisma(): Promise<{ folder: string } | string> {
  const lock = await readFile(join(packages, 'package-lock.json'), 'utf8');
  const folder = join(cache, `prisma-${createHash('sha256').update(lock).digest('hex').slice(0, 12)}`);
  await cp(packages, folder, { recursive: true });
  if (isInstalled(folder)) return { folder };
  const { command, first, shell } = npmCommand(process.env);
  // Its scripts would download engines, which neither the generator nor a client with a driver adapter needs.
  const child = spawn(
    command,
    [...first, 'ci', '--ignore-scripts', '--omit=peer', '--no-audit', '--no-fund'],
    {
      cwd: folder,
      shell,
      stdio: 'ignore',
      timeout: 120_000,
    },
  );
  const [code] = await once(child, 'close');
  return code === 0 ? { folder } : 'Prisma cannot be fetched from the registry of npm here';
}

/** Generates Prisma's client for one version of the schema; the module that has it. */
async function generate(version: Version, folder: string): Promise<string> {
  const made = join(folder, 'made', version);
  await mkdir(made, { recursive: true });
  await writeFile(join(made, 'schema.prisma'), schemaOf(version));
  await writeFile(
    join(made, 'prisma.config.ts'),
    `export default { schema: 'schema.prisma', datasource: { url: 'postgresql://not-used' } };\n`,
  );
  const program = join(folder, 'node_modules/prisma/build/index.js');
  const { status, stderr } = spawnSync(process.execPath, [program, 'generate'], {
    cwd: made,
    // Generating needs no engine; naming one keeps it from being downloaded.
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath },
    timeout: 60_000,
  });
  if (status !== 0) throw new Error(`prisma generate: ${stderr}`);
  // TypeScript below node_modules is nothing that Node runs.
  const client = join(made, version, 'client.mjs');
  await build({
    entryPoints: [join(made, version, 'client.ts')],
    outfile: client,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
  });
  return pathToFileURL(client).href;
}
const generated = new Map<Version, Promise<string>>();

/** Prisma's client for one version of the schema, connected, its statements qualified with `schema`. */
export async function prismaClient(
  version: Version,
  folder: string,
  url: string,
  schema: string,
): Promise<ShopClient> {
  const module = generated.get(version) ?? generate(version, folder);
  generated.set(version, module);
  const { PrismaClient } = await import(await module);
  const { PrismaPg } = await import(
    pathToFileURL(join(folder, 'node_modules/@prisma/adapter-pg/dist/index.mjs')).href
  );
  const client = new PrismaClient({ adapter: new PrismaPg({ connectionString: url, max: 2 }, { schema }) });
  const data = (first: string, last: string) =>
    version === 'old' ? { name: `${first} ${last}` } : { first_name: first, last_name: last };
  return {
    name: `Prisma ${version}`,
    addCustomer: async (email, first, last) =>
      Number((await client.customer.create({ data: { email, ...data(first, last) } })).id),
    async renameCustomer(id, first, last) {
      await client.customer.update({ where: { id }, data: data(first, last) });
    },
    async readCustomer(id) {
      const row = await client.customer.findUniqueOrThrow({ where: { id } });
      if (version === 'new') return [row.first_name, row.last_name];
      const at = row.name.lastIndexOf(' ');
      return [row.name.slice(0, at), row.name.slice(at + 1)];
    },
    addOrder: async (customer, amount) =>
      Number(
        (await client.$transaction([client.order.create({ data: { customer_id: customer, amount } })]))[0].id,
      ),
    async addItem(order) {
      await client.item.create({ data: { order_id: order, sku: 'x', quantity: 1 } });
    },
    close: () => client.$disconnect(),
  };
}
