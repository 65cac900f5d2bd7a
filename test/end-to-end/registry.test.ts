import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { flywayChecksum } from '#migrations/import/checksums.ts';
import { startPlatform, type TestPlatform } from './platform.ts';

const program = join(import.meta.dirname, '../../bin/theseus.js');
let platform: TestPlatform;
let sql: pg.Client;
let url: string;

beforeAll(async () => {
  url = await createDatabase('registry');
  sql = new pg.Client({ connectionString: url });
  await sql.connect();
  await sql.query(`CREATE TABLE people (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
    CREATE TABLE pets (id bigint PRIMARY KEY, owner bigint REFERENCES people);
    CREATE INDEX people_name ON people (name);
    INSERT INTO people (name) SELECT 'p' || n FROM generate_series(1, 50) n`);
  platform = await startPlatform();
});
afterAll(() => sql.end());

/** One command of the CLI in a process of its own. */
function theseus(...words: string[]): Promise<{ code: number; out: string; error: string }> {
  const { url: address, token } = platform.as('ada');
  return new Promise((resolve) => {
    const env = { ...process.env, THESEUS_URL: address, THESEUS_TOKEN: token };
    const child = execFile(process.execPath, [program, ...words], { env }, (_, out, error) =>
      resolve({ code: child.exitCode ?? 1, out, error }),
    );
  });
}

const get = async (path: string) => (await platform.request('GET', `/databases/people${path}`)).body;
const check = async () =>
  (await platform.request('POST', '/databases/people/drift-checks', { body: {} })).body;
const sources = async (): Promise<string[]> =>
  (await get('/schema-versions')).items.map(
    ({ number, source }: { number: number; source: { kind: string; outcome?: string } }) =>
      `${number} ${source.outcome ?? source.kind}`,
  );
/** The version comes right after the status. */
async function versions(count: number): Promise<string[]> {
  for (let looks = 0; looks < 1_000; looks += 1) {
    const found = await sources();
    if (found.length >= count) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return sources();
}

describe('the history of another tool', () => {
  it('is taken over, or refused with its reason', async () => {
    const other = await createDatabase('imported');
    const client = new pg.Client({ connectionString: other });
    await client.connect();
    const folder = await mkdtemp(join(tmpdir(), 'theseus-flyway-'));
    const text = 'CREATE TABLE things (id int);\n';
    await client.query(`${text} CREATE TABLE flyway_schema_history (installed_rank integer PRIMARY KEY, version varchar(50),
      description varchar(200) NOT NULL, type varchar(20) NOT NULL, script varchar(1000) NOT NULL, checksum integer,
      installed_by varchar(100) NOT NULL, installed_on timestamp NOT NULL DEFAULT now(), execution_time integer NOT NULL, success boolean NOT NULL)`);
    await client.query(
      "INSERT INTO flyway_schema_history VALUES (1, '2', 'things', 'SQL', 'V2__things.sql', $1, 'me', now(), 1, true)",
      [flywayChecksum(text)],
    );
    await writeFile(join(folder, 'V2__things.sql'), text);
    await writeFile(join(folder, 'V1__late.sql'), 'SELECT 1;');
    await platform.addDatabase('imported', other);
    const words = ['migration', 'import', 'flyway', '--dir', folder];
    const refused = await theseus(...words, '--database', 'imported');
    expect(refused.code).toBe(3);
    expect(refused.out).toContain('Refused: V1__late.sql: pending, although later ones are applied.');
    expect((await platform.request('GET', '/databases/imported/imports/flyway')).status).toBe(404);
    expect((await theseus(...words, '--database', other, '--out-of-order', 'allow')).code).toBe(0);
    await client.query('CREATE TABLE by_hand (id int)');
    const taken = await theseus(...words, '--database', 'imported', '--out-of-order', 'warn');
    expect(taken).toMatchObject({ code: 0, error: '' });
    expect(taken.out).toMatch(/applied +verified +V2__things.sql/);
    expect(taken.out).toContain('Taken over: the schema as it is now is version 2.');
    const kept = await platform.request('GET', '/databases/imported/imports/flyway');
    expect(kept.body).toMatchObject({ version: 2, warnings: [expect.stringContaining('V1__late.sql')] });
    await rm(folder, { recursive: true });
    await client.end();
  });
});

describe('versions of a schema', () => {
  it('begin with the schema at registration', async () => {
    await platform.addDatabase('people', url);
    expect(await sources()).toEqual(['1 baseline']);
    const { shape, objects, by } = await get('/schema-versions/1');
    expect(by).toBe('ada');
    expect(shape.objects).toHaveLength(objects);
    expect(shape.objects).toContainEqual(
      expect.objectContaining({ kind: 'column', table: 'pets', name: 'owner' }),
    );
    expect((await platform.request('GET', '/databases/people/schema-versions/2')).status).toBe(404);
    expect((await platform.request('GET', '/databases/people/schema-differences?from=1&to=x')).status).toBe(
      400,
    );
  });

  it('go on with each migration, and what it adds on its way is no drift', async () => {
    const { id } = await platform.start({
      database: 'people',
      name: '01_loud',
      operations: [
        {
          add_column: {
            table: 'people',
            column: { name: 'loud', type: 'text', nullable: true },
            up: 'upper(name)',
          },
        },
        { alter_column: { table: 'people', column: 'name', type: 'varchar(200)', up: 'name', down: 'name' } },
        { create_index: { name: 'people_loud', table: 'people', columns: [{ column: 'loud' }] } },
      ],
    });
    await platform.until(id, 'soaking');
    expect(await check()).toMatchObject({ version: 1, difference: null });
    // Somebody else changes the same table meanwhile: that is drift, now and after the migration.
    await sql.query('ALTER TABLE people ADD nickname text; CREATE INDEX pets_owner ON pets (owner)');
    const during = await check();
    expect(during.difference.changes.map(({ name }: { name: string }) => name)).toEqual([
      'pets_owner',
      'nickname',
    ]);
    await platform.act(id, 'complete');
    await platform.until(id, 'completed');
    expect(await versions(2)).toEqual(['2 completed', '1 baseline']);
    const after = await check();
    expect(after).toMatchObject({ version: 2, since: during.since });
    expect(after.difference.changes.map(({ name }: { name: string }) => name)).toEqual([
      'pets_owner',
      'nickname',
    ]);
    const difference = await get('/schema-differences?from=1&to=2');
    expect(
      difference.changes.map((one: { change: string; name: string }) => `${one.change} ${one.name}`),
    ).toEqual(['added loud', 'changed name', 'added people_loud']);
    expect(difference).toMatchObject({
      compatible: false,
      oldClients: { reads: 'works', writes: 'may_fail' },
    });
  });

  it('show drift as SQL to people and to CI, and take it as a version when they say so', async () => {
    const seen = await theseus('database', 'drift', 'people');
    expect(seen).toMatchObject({ code: 3, error: '' });
    expect(seen.out).toContain('people differs from version 2 since ');
    expect(seen.out).toContain('CREATE INDEX pets_owner ON public.pets USING btree (owner);');
    const accepted = await theseus('database', 'baseline', 'people');
    expect(accepted).toMatchObject({ code: 0, out: 'people is as version 3 says.\n' });
    expect((await theseus('database', 'drift', 'people')).code).toBe(0);
    expect(await sources()).toEqual(['3 drift_accepted', '2 completed', '1 baseline']);
    // Nothing differs: there is no version more.
    await theseus('database', 'baseline', 'people');
    expect(await sources()).toHaveLength(3);
    const listed = await theseus('database', 'versions', 'people');
    expect(listed.out).toMatch(/2 .* 01_loud completed \(mig_/);
    const diff = await theseus('database', 'diff', 'people');
    expect(diff.out).toContain('+ index pets.pets_owner: reads works, writes works.');
    expect((await theseus('database', 'diff', 'people', 'one')).code).toBe(2);
    expect((await theseus('database', 'path', 'people', '2', '1')).out).toContain('01_loud');
    const none = await platform.request('GET', '/databases/people/schema-path?from=1&to=3');
    expect(none).toMatchObject({ status: 409, body: { detail: expect.stringContaining('changed by hand') } });
  });

  it('is looked at on schedule, and says what it found as an event', async () => {
    await sql.query('DROP INDEX pets_owner');
    await platform.cloud.lambda.invoke('migrations-detect-drift', {});
    const drift = await get('/drift');
    expect(drift).toMatchObject({
      version: 3,
      difference: { script: ['DROP INDEX "public"."pets_owner";'] },
    });
    await sql.query('CREATE INDEX pets_owner ON pets (owner)');
    expect(await check()).toMatchObject({ since: null, difference: null });
  });
});
