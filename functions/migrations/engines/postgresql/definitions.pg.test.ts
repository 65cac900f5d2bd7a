import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createDatabase } from '#local/postgres/shared.ts';
import { parseMigrationFile } from '../../file/parse.ts';
import { createPlan } from '../../plan/plan.ts';
import { openPostgres } from './engine.ts';

const clients: pg.Client[] = [];

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end()));
});

async function open(name: string): Promise<{ client: pg.Client; url: string }> {
  const url = await createDatabase(name);
  const client = new pg.Client({ connectionString: url });
  clients.push(client);
  await client.connect();
  return { client, url };
}

const statements = z.array(z.string());
const Definitions = z.looseObject({
  tables: z.array(
    z.looseObject({
      name: z.string(),
      ddl: z.string(),
      comments: statements,
      constraints: statements,
      indexes: statements,
      triggers: statements,
      triggerFunctions: statements,
      views: statements,
      policies: statements,
      rowSecurity: statements,
      grants: statements,
    }),
  ),
});

describe('definitions kept before a migration', () => {
  it('make the tables and what hangs on them again, as they were', async () => {
    const one = await open('source');
    await one.client.query(`
      CREATE TABLE parents (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "odd ""name" varchar(10) NOT NULL DEFAULT 'x');
      CREATE TABLE things (id int PRIMARY KEY, parent bigint REFERENCES parents ON DELETE CASCADE, price numeric(8,2) CHECK (price > 0),
        label text COLLATE "C", twice numeric GENERATED ALWAYS AS (price * 2) STORED, UNIQUE (label, parent));
      CREATE INDEX things_label ON things (lower(label)) WHERE price > 1;
      COMMENT ON COLUMN things.price IS 'it''s a price';
      CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN RETURN NEW; END $f$;
      CREATE TRIGGER touched BEFORE UPDATE ON things FOR EACH ROW EXECUTE FUNCTION touch();
      CREATE VIEW cheap AS SELECT id, price FROM things WHERE price < 5;
      ALTER TABLE things ENABLE ROW LEVEL SECURITY;
      CREATE POLICY dear ON things FOR SELECT USING (price > 2);
      GRANT SELECT ON things TO PUBLIC;`);
    const engine = await openPostgres(one.url, { applicationName: 'theseus:test' });
    const before = await engine.snapshot('public');
    const file = parseMigrationFile(
      JSON.stringify({
        operations: [
          { add_column: { table: 'things', column: { name: 'more', type: 'text', nullable: true } } },
          { add_column: { table: 'parents', column: { name: 'more', type: 'text', nullable: true } } },
        ],
      }),
      { fileName: 'more.json' },
    );
    const kept = JSON.parse(
      JSON.stringify(await engine.definitions(await createPlan({ file, snapshot: before }))),
    );
    const { tables } = Definitions.parse(kept);
    const two = await open('copy');
    for (const { ddl } of tables) await two.client.query(ddl);
    for (const part of [
      'constraints',
      'indexes',
      'comments',
      'triggerFunctions',
      'triggers',
      'views',
      'policies',
      'rowSecurity',
      'grants',
    ] as const) {
      for (const table of tables.toSorted((a, b) => a.name.localeCompare(b.name))) {
        for (const statement of table[part]) await two.client.query(statement);
      }
    }
    const copy = await (await openPostgres(two.url, { applicationName: 'theseus:test' })).snapshot('public');
    const shape = (snapshot: typeof before) =>
      JSON.parse(
        JSON.stringify(snapshot.tables, (key, value) =>
          ['oid', 'bytes', 'estimatedRows'].includes(key) ? undefined : value,
        ),
      );
    expect(shape(copy)).toEqual(shape(before));
  });
});
