import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A project of Prisma whose migrations `prisma migrate` itself writes, applies and asks after. */
export interface PrismaProject {
  /** The model of the schema that the project has from now on, in Prisma's language. */
  model(text: string): Promise<void>;
  /** The SQL from one model to another as `prisma migrate diff` generates it. */
  generate(from: string, to: string): Promise<string>;
  /** Puts a migration into the project's folder; the path of its SQL. */
  add(name: string, sql: string): Promise<string>;
  migrate(...words: string[]): Promise<{ code: number; out: string }>;
}

/**
 * Prisma 6 with its schema engine in WebAssembly, which needs no program of its own downloaded; Prisma 7 only knows
 * programs. The driver adapter is that of 7: that of 6 cannot read the type `name`.
 */
export async function prismaProject(packages: string, url: string): Promise<PrismaProject> {
  const folder = join(packages, 'made', 'migrate');
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, 'migrations'), { recursive: true });
  await writeFile(join(folder, 'migrations', 'migration_lock.toml'), 'provider = "postgresql"\n');
  await writeFile(
    join(folder, 'prisma.config.ts'),
    `import { PrismaPg } from '@prisma/adapter-pg';
    export default {
      schema: 'schema.prisma', experimental: { adapter: true }, engine: 'js', migrations: { path: 'migrations' },
      adapter: async () => new PrismaPg({ connectionString: ${JSON.stringify(url)} }),
    };`,
  );
  const write = async (file: string, text: string) => {
    const source = 'datasource db {\n  provider = "postgresql"\n  url = "postgresql://not-used"\n}\n';
    await writeFile(join(folder, file), source + text);
    return file;
  };
  const migrate = (...words: string[]) =>
    new Promise<{ code: number; out: string }>((resolve) => {
      const child = execFile(
        process.execPath,
        [join(packages, 'node_modules/prisma-6/build/index.js'), 'migrate', ...words],
        {
          cwd: folder,
          // It looks whether its programs are there, and runs none of them.
          env: {
            ...process.env,
            PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
            PRISMA_QUERY_ENGINE_LIBRARY: process.execPath,
            CHECKPOINT_DISABLE: '1',
          },
          timeout: 60_000,
        },
        (_, out, error) => resolve({ code: child.exitCode ?? 1, out: out + error }),
      );
    });
  return {
    migrate,
    model: async (text) => void (await write('schema.prisma', text)),
    async generate(from, to) {
      const files = [await write('from.prisma', from), await write('to.prisma', to)] as const;
      const ends = ['--from-schema-datamodel', files[0], '--to-schema-datamodel', files[1]];
      const made = await migrate('diff', ...ends, '--script', '--output', 'made.sql');
      if (made.code !== 0) throw new Error(`prisma migrate diff: ${made.out}`);
      return readFile(join(folder, 'made.sql'), 'utf8');
    },
    async add(name, sql) {
      const file = join(folder, 'migrations', name, 'migration.sql');
      await mkdir(dirname(file));
      await writeFile(file, sql);
      return file;
    },
  };
}
