import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
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

/**
 * A folder in which `prisma`, `@prisma/client` and `@prisma/adapter-pg` are installed, named by THESEUS_PRISMA: with
 * all they bring they are 320 MB, too much for every clone. A text says why there is none.
 */
export function prismaFolder(): { folder: string } | string {
  const folder = process.env.THESEUS_PRISMA;
  if (folder === undefined)
    return 'THESEUS_PRISMA names no folder with Prisma (see docs/migrations-guarantees.md)';
  return existsSync(join(folder, 'node_modules/prisma')) ? { folder } : `there is no Prisma in ${folder}`;
}

/** Generates Prisma's client for one version of the schema and connects it, its statements qualified with `schema`. */
export async function prismaClient(
  version: Version,
  folder: string,
  url: string,
  schema: string,
): Promise<ShopClient> {
  await mkdir(join(folder, 'made'), { recursive: true });
  const made = await mkdtemp(join(folder, 'made', 'client-'));
  const config = join(made, 'prisma.config.ts');
  await writeFile(join(made, 'schema.prisma'), schemaOf(version));
  await writeFile(
    config,
    `export default { schema: 'schema.prisma', datasource: { url: 'postgresql://not-used' } };\n`,
  );
  const program = join(folder, 'node_modules/prisma/build/index.js');
  const generated = spawnSync(process.execPath, [program, 'generate', '--config', config], {
    cwd: made,
    // Generating needs no engine; naming one keeps it from being downloaded.
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath },
    timeout: 60_000,
  });
  if (generated.status !== 0) throw new Error(`prisma generate: ${generated.stderr}`);
  const { PrismaClient } = await import(pathToFileURL(join(made, version, 'client.ts')).href);
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
