import pg from 'pg';
import { expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { eventually, startPlatform } from './platform.ts';

const databases = 10;
const schemas = 10;
const operations = [
  {
    add_column: { table: 'people', column: { name: 'first', type: 'text' }, up: "split_part(name, ' ', 1)" },
  },
  { drop_column: { table: 'people', column: 'name', down: 'first' } },
];

it('a hundred migrations at once, on ten databases of ten schemas each, all succeed', {
  timeout: 300_000,
}, async () => {
  const platform = await startPlatform();
  const urls = await Promise.all(Array.from({ length: databases }, (_, n) => createDatabase(`hundred_${n}`)));
  const each = urls.flatMap((url, n) =>
    Array.from({ length: schemas }, (_, m) => ({ url, database: `shop-${n}`, schema: `tenant_${m}` })),
  );
  await Promise.all(
    urls.map(async (url, n) => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      for (const { schema } of each.slice(0, schemas)) {
        await client.query(`CREATE SCHEMA ${schema}; SET search_path = ${schema};
          CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL);
          INSERT INTO people SELECT g, 'n' || g || ' last' FROM generate_series(1, 200) g`);
      }
      await client.end();
      await platform.addDatabase(`shop-${n}`, url);
    }),
  );

  const started = await Promise.all(
    each.map(({ database, schema }) =>
      platform.start({ database, schema, operations, options: { soakSeconds: 0 } }),
    ),
  );
  await eventually(
    async () => {
      const { body } = await platform.request('GET', '/migrations?limit=100');
      const left = body.items.filter(
        (one: { status: string }) => one.status === 'running' || one.status === 'soaking',
      );
      return left.length === 0 ? true : undefined;
    },
    'a hundred migrations to end',
    1_000,
  );
  const ends = await Promise.all(started.map(({ id }) => platform.show(id)));
  expect(ends.map(({ status, failure }) => failure ?? status)).toEqual(
    Array.from({ length: 100 }, () => 'completed'),
  );
  for (const url of urls) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    for (const { schema } of each.slice(0, schemas)) {
      const { rows } = await client.query(
        `SELECT count(*)::int AS n FROM "${schema}_01_change".people JOIN ${schema}.people p USING (id) WHERE people.first = split_part(p.name, ' ', 1)`,
      );
      expect(rows).toEqual([{ n: 200 }]);
    }
    await client.end();
  }
});
