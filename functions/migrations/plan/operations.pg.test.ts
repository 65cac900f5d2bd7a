import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { type Journey, journey } from '../testing/journey.ts';
import { startRun } from '../testing/run.ts';
import { shape } from '../testing/shape.ts';

let url: string;
let sql: pg.Client;
let { one, asNew, start, thereAndBack, forGood }: Journey = {} as Journey; // set before each test

beforeEach(async () => {
  url = await createDatabase('operations');
  sql = new pg.Client({ connectionString: url });
  await sql.connect();
  ({ one, asNew, start, thereAndBack, forGood } = journey(url, sql));
  await sql.query(`
    CREATE TYPE mood AS ENUM ('glad', 'sad');
    CREATE TABLE "Gro""up" (id int PRIMARY KEY, label text);
    CREATE TABLE people (
      id serial PRIMARY KEY, "full ""name" text, age int DEFAULT 18 CONSTRAINT adult CHECK (age >= 0), nick varchar(20),
      group_id int CONSTRAINT in_group REFERENCES "Gro""up" (id), feeling mood, code int NOT NULL,
      CONSTRAINT code_in_group UNIQUE (group_id, code));
    CREATE INDEX by_age ON people (age DESC) WHERE age > 1;
    CREATE UNIQUE INDEX one_nick ON people (lower(nick));
    COMMENT ON COLUMN people.age IS 'years';
    INSERT INTO "Gro""up" SELECT g, 'g' || g FROM generate_series(1, 5) g;
    INSERT INTO people ("full ""name", age, nick, group_id, feeling, code)
      SELECT 'p' || g, g, 'n' || g, g % 5 + 1, 'glad', g FROM generate_series(1, 30) g`);
});

afterEach(() => sql.end());

const alter = (change: Record<string, unknown>) => ({ alter_column: { table: 'people', ...change } });

describe('alter_column', () => {
  const age = alter({ column: 'age', type: 'bigint', up: 'age', down: 'least(age, 100)::int' });

  it('copies default, index and check of a changed type, and gives the old ones back', async () => {
    await thereAndBack([age], async (run) => {
      await expect(asNew(run, 'UPDATE people SET age = -1 WHERE id = 1')).rejects.toThrow(/check constraint/);
      await asNew(run, `INSERT INTO people (id, code) VALUES (100, 1)`);
      expect(await one('SELECT age FROM people WHERE id = 100')).toEqual([{ age: 18 }]);
      const { rows } = await sql.query(
        `SELECT pg_get_indexdef(indexrelid) AS d FROM pg_index WHERE indrelid = 'people'::regclass`,
      );
      expect(rows.filter((row) => String(row.d).includes('DESC) WHERE'))).toHaveLength(2);
    });
  });

  it('keeps index, check, default and comment under their own names for good', async () => {
    await forGood([age]);
    expect(
      await one(
        `SELECT to_regclass('by_age')::text AS i, col_description('people'::regclass, (SELECT attnum FROM pg_attribute WHERE attrelid = 'people'::regclass AND attname = 'age')) AS c`,
      ),
    ).toEqual([{ i: 'by_age', c: 'years' }]);
    expect(await one('INSERT INTO people (id, code) VALUES (100, 1) RETURNING age')).toEqual([{ age: '18' }]);
    await expect(one('UPDATE people SET age = -1')).rejects.toThrow(/adult/);
  });

  it('makes a column NOT NULL, and lets it be NULL', async () => {
    await thereAndBack(
      [alter({ column: 'nick', nullable: false, up: `coalesce(nick, 'none' || id)` })],
      async (run) => {
        await expect(asNew(run, 'UPDATE people SET nick = NULL WHERE id = 1')).rejects.toThrow(/null/);
        await sql.query('UPDATE people SET nick = NULL WHERE id = 2');
        expect(await asNew(run, 'SELECT nick FROM people WHERE id = 2')).toEqual([{ nick: 'none2' }]);
      },
    );
    await sql.query(`UPDATE people SET nick = 'n2' WHERE id = 2`);
    await thereAndBack(
      [alter({ column: 'code', nullable: true, up: 'code', down: 'coalesce(code, -id)' })],
      async (run) => {
        await asNew(run, 'UPDATE people SET code = NULL WHERE id = 3');
        expect(await one('SELECT code FROM people WHERE id = 3')).toEqual([{ code: -3 }]);
      },
    );
  });

  it('adds CHECK, UNIQUE and FOREIGN KEY at contract, and holds new clients to the CHECK before', async () => {
    const operations = [
      alter({
        column: 'age',
        check: { name: 'young', constraint: 'age < 200' },
        up: 'least(age, 199)',
        down: 'age',
      }),
      alter({
        column: 'code',
        unique: { name: 'one_code' },
        references: { name: 'code_group', table: 'people', column: 'id' },
        up: 'code',
        down: 'code',
      }),
    ];
    await thereAndBack(operations, async (run) => {
      await expect(asNew(run, 'UPDATE people SET age = 500 WHERE id = 1')).rejects.toThrow(/young/);
      await sql.query('UPDATE people SET age = 500 WHERE id = 2');
      expect(await asNew(run, 'SELECT age FROM people WHERE id = 2')).toEqual([{ age: 199 }]);
    });
    await forGood(operations);
    await expect(one('UPDATE people SET age = 500')).rejects.toThrow(/young/);
    await expect(one('UPDATE people SET code = 4 WHERE id = 5')).rejects.toThrow(/one_code/);
  });

  it('changes name, default and comment without a second column', async () => {
    const operations = [alter({ column: 'full "name', name: 'name', default: `'nobody'`, comment: "it's" })];
    await thereAndBack(operations, async (run) => {
      await asNew(run, 'INSERT INTO people (id, code) VALUES (100, 1)');
      expect(await one('SELECT "full ""name" AS n FROM people WHERE id = 100')).toEqual([{ n: 'nobody' }]);
    });
  });

  it('takes a default away from new clients only', async () => {
    await thereAndBack([alter({ column: 'age', default: null })], async (run) => {
      await asNew(run, 'INSERT INTO people (id, code) VALUES (100, 1)');
      await sql.query('INSERT INTO people (id, code) VALUES (101, 2)');
      expect(await one('SELECT age FROM people WHERE id > 99 ORDER BY id')).toEqual([
        { age: null },
        { age: 18 },
      ]);
    });
    await forGood([alter({ column: 'age', default: null })]);
    expect(await one('INSERT INTO people (id, code) VALUES (102, 3) RETURNING age')).toEqual([{ age: null }]);
  });

  it('changes two columns of one unique constraint and the type of an enum', async () => {
    const operations = [
      alter({ column: 'group_id', type: 'bigint', up: 'group_id', down: 'group_id::int' }),
      alter({ column: 'code', type: 'bigint', up: 'code', down: 'code::int' }),
      alter({ column: 'feeling', type: 'text', up: 'feeling', down: 'feeling::mood' }),
    ];
    await thereAndBack(operations, async (run) => {
      await expect(asNew(run, 'INSERT INTO people (id, group_id, code) VALUES (100, 2, 1)')).rejects.toThrow(
        /unique/,
      );
      await expect(asNew(run, 'INSERT INTO people (id, group_id, code) VALUES (100, 77, 1)')).rejects.toThrow(
        /foreign key/,
      );
    });
    await forGood(operations);
    expect(
      await one(`SELECT pg_get_constraintdef(oid) AS d FROM pg_constraint WHERE conname = 'code_in_group'`),
    ).toEqual([{ d: 'UNIQUE (group_id, code)' }]);
  });
});

describe('other operations', () => {
  it('adds columns with a default, a volatile default, a unique value, a check and a foreign key', async () => {
    const add = (column: Record<string, unknown>, up?: string) => ({
      add_column: { table: 'people', column, ...(up === undefined ? {} : { up }) },
    });
    const operations = [
      add({ name: 'tag', type: 'varchar(5)', default: `'x'`, comment: 'a "tag"' }),
      add({ name: 'seen', type: 'timestamptz', default: 'clock_timestamp()' }),
      add({ name: 'token', type: 'int', unique: true, nullable: true }),
      add({ name: 'mood', type: 'mood', default: `'sad'` }, 'feeling'),
      add({
        name: 'other',
        type: 'int',
        nullable: true,
        references: { name: 'other_fk', table: 'Gro"up', column: 'id', on_delete: 'set null' },
        check: { name: 'other_low', constraint: 'other < 50' },
      }),
    ];
    await thereAndBack(operations, async (run) => {
      await sql.query(`INSERT INTO people (id, code, feeling) VALUES (100, 1, 'glad')`);
      expect(
        await asNew(run, `SELECT tag, seen IS NOT NULL AS seen, mood FROM people WHERE id = 100`),
      ).toEqual([{ tag: 'x', seen: true, mood: 'glad' }]);
      await expect(asNew(run, 'UPDATE people SET other = 50 WHERE id = 1')).rejects.toThrow(/other_low/);
      await expect(asNew(run, 'UPDATE people SET other = 49 WHERE id = 1')).rejects.toThrow(/other_fk/);
    });
  });

  it('fills a volatile up once, whatever is written later, and verifies that it is there', async () => {
    const up = `coalesce(nick, '') || '-' || md5(random()::text)`;
    const operations = [{ add_column: { table: 'people', column: { name: 'ticket', type: 'text' }, up } }];
    await thereAndBack(operations, async (run) => {
      const tickets = () => asNew(run, 'SELECT id, ticket FROM people WHERE id <= 30 ORDER BY id');
      const first = await tickets();
      expect(new Set(first.map(({ ticket }) => ticket)).size).toBe(30);
      await sql.query(`UPDATE people SET nick = 'w' || id WHERE id < 5`);
      await run.backfill();
      expect(await run.verify('beforePublish')).toBe(0);
      expect(await tickets()).toEqual(first);
    });
  });

  it('shows every table to clients whose path is the version alone, when asked', async () => {
    const file = JSON.stringify({
      name: '01_all',
      operations: [{ rename_column: { table: 'people', from: 'age', to: 'years' } }],
    });
    const run = await startRun(url, '01_all', file, 'public', true);
    await run.publish();
    await sql.query(`SET search_path = ${pg.escapeIdentifier(run.plan.versionSchema)}`);
    expect(
      await one(`SELECT p.years, g.label FROM people p JOIN "Gro""up" g ON g.id = p.group_id WHERE p.id = 7`),
    ).toEqual([{ years: 7, label: 'g3' }]);
    await sql.query('INSERT INTO "Gro""up" (id, label) VALUES (9, $1)', ['new']);
    await sql.query('RESET search_path');
    expect(run.plan.tables.map(({ table }) => table.name)).toEqual(['people']);
    await run.steps(run.plan.rollback);
    expect(await one(`SELECT label FROM "Gro""up" WHERE id = 9`)).toEqual([{ label: 'new' }]);
  });

  it('renames a column and a table with awkward names', async () => {
    const operations = [
      { rename_column: { table: 'people', from: 'full "name', to: "it's; DROP TABLE people; --" } },
      { rename_table: { from: 'Gro"up', to: 'Gr%oup' } },
    ];
    await thereAndBack(operations);
    await forGood(operations);
    expect(await one(`SELECT count("it's; DROP TABLE people; --")::int AS n FROM people`)).toEqual([
      { n: 30 },
    ]);
  });

  it('creates a table with everything, and indexes on it and on another', async () => {
    const operations = [
      {
        create_table: {
          name: 'visits',
          comment: "who's here",
          columns: [
            {
              name: 'id',
              type: 'bigint',
              pk: true,
              generated: { identity: { user_specified_values: 'ALWAYS', sequence_options: 'START WITH 10' } },
            },
            {
              name: 'person',
              type: 'int',
              references: { name: 'visits_person', table: 'people', column: 'id', on_delete: 'CASCADE' },
            },
            {
              name: 'kind',
              type: 'text',
              default: `'short'`,
              unique: true,
              check: { name: 'kind_given', constraint: `kind <> ''` },
            },
            { name: 'twice', type: 'int', nullable: true, generated: { expression: 'person * 2' } },
          ],
          constraints: [
            { name: 'visit_once', type: 'unique', columns: ['person', 'kind'] },
            { name: 'positive', type: 'check', check: 'person > 0' },
            {
              name: 'visit_group',
              type: 'foreign_key',
              columns: ['person'],
              references: { table: 'Gro"up', columns: ['id'] },
            },
          ],
        },
      },
      { create_index: { name: 'visits_kind', table: 'visits', columns: [{ column: 'kind' }] } },
      {
        create_index: {
          name: 'people_x',
          table: 'people',
          method: 'btree',
          columns: [
            { column: 'age', sort: 'DESC', nulls: 'LAST' },
            { column: 'nick', collate: 'C', opclass: { name: 'text_pattern_ops' } },
          ],
          predicate: 'age > 3',
          storage_parameters: 'fillfactor = 70',
        },
      },
      { create_index: { name: 'people_u', table: 'people', unique: true, columns: [{ column: 'age' }] } },
    ];
    await thereAndBack(operations, async (run) => {
      expect(await asNew(run, `INSERT INTO visits (person) VALUES (1) RETURNING id, kind, twice`)).toEqual([
        { id: '10', kind: 'short', twice: 2 },
      ]);
    });
  });

  it('drops a column, an index and a table, and at contract what would refuse new clients', async () => {
    const operations = [
      { drop_column: { table: 'people', column: 'code', down: '-id' } },
      { drop_column: { table: 'people', column: 'group_id' } },
      { drop_index: { name: 'one_nick' } },
      { drop_index: { name: 'by_age' } },
      { drop_table: { name: 'Gro"up' } },
    ];
    await thereAndBack(operations, async (run) => {
      await asNew(run, 'INSERT INTO people (age) VALUES (3)');
      expect(await one('SELECT code < 0 AS fed FROM people WHERE age = 3 AND id > 30')).toEqual([
        { fed: true },
      ]);
    });
    await forGood(operations);
    expect(await one(`SELECT to_regclass('"Gro""up"') AS t, to_regclass('by_age') AS i`)).toEqual([
      { t: null, i: null },
    ]);
  });

  it('runs SQL at expand and at contract, and its down', async () => {
    const operations = [
      {
        sql: {
          up: `CREATE TABLE extra (a int); INSERT INTO extra VALUES (1), (2)`,
          down: 'DROP TABLE extra',
        },
      },
      { sql: { up: 'ALTER TABLE people SET (fillfactor = 80)', onComplete: true } },
    ];
    const before = await shape(sql);
    const run = await start(operations);
    await run.publish();
    expect(await one('SELECT count(*)::int AS n FROM extra')).toEqual([{ n: 2 }]);
    await run.steps([...run.plan.contract, ...run.plan.rollback]);
    expect(await shape(sql)).toEqual(before);
  });
});

describe('what hangs on a column', () => {
  it('a serial keeps its sequence when the column changes type for good', async () => {
    await sql.query('ALTER TABLE people ADD COLUMN ticket serial');
    await forGood([alter({ column: 'ticket', type: 'bigint', up: 'ticket', down: 'ticket::int' })]);
    const [row] = await one('INSERT INTO people (code) VALUES (1) RETURNING ticket');
    expect(Number(row?.ticket)).toBeGreaterThan(30);
  });

  it('rights on single columns and on the table reach the new version, and no further', async () => {
    const reader = `reader_${process.pid}`;
    await sql.query(`CREATE ROLE ${reader}; GRANT SELECT (id, age), UPDATE (age) ON people TO ${reader}; GRANT SELECT ON "Gro""up" TO ${reader};
      GRANT USAGE ON SCHEMA public TO ${reader}`);
    try {
      const run = await start([
        alter({ column: 'age', type: 'bigint', up: 'age', down: 'age::int' }),
        { rename_table: { from: 'Gro"up', to: 'groups' } },
      ]);
      await run.publish();
      await sql.query(`SET ROLE ${reader}`);
      expect(await asNew(run, 'SELECT age FROM people WHERE id = 3')).toEqual([{ age: '3' }]);
      await asNew(run, 'UPDATE people SET age = 4 WHERE id = 3');
      expect(await asNew(run, 'SELECT label FROM groups WHERE id = 1')).toEqual([{ label: 'g1' }]);
      await expect(asNew(run, 'SELECT nick FROM people')).rejects.toThrow(/permission denied/);
      await expect(asNew(run, 'UPDATE groups SET label = NULL')).rejects.toThrow(/permission denied/);
      await sql.query('RESET ROLE');
      expect(await one('SELECT age FROM people WHERE id = 3')).toEqual([{ age: 4 }]);
    } finally {
      await sql.query(`RESET ROLE; DROP OWNED BY ${reader}; DROP ROLE ${reader}`);
    }
  });

  it('values that a shorter type would cut are found before anything runs', async () => {
    const run = await start([alter({ column: 'nick', type: 'varchar(2)', up: 'nick', down: 'nick' })]);
    const found = await run.engine.validate(run.plan, {
      signal: new AbortController().signal,
      until: Date.now() + 60_000,
    });
    expect(JSON.stringify(found)).toContain('longer than the 2 characters');
  });
});

describe('a second version before the first one is removed', () => {
  it('stands on the physical names of the first, and both removals leave plain names', async () => {
    const first = await start(
      [
        alter({ column: 'age', type: 'bigint', up: 'age', down: 'age::int' }),
        { rename_table: { from: 'Gro"up', to: 'groups' } },
      ],
      '01_first',
    );
    await first.publish();
    await first.steps(first.plan.contract);
    const second = await start(
      [
        alter({ column: 'age', type: 'text', up: 'age::text', down: 'age::bigint' }),
        { add_column: { table: 'groups', column: { name: 'size', type: 'int', default: '0' } } },
        { drop_column: { table: 'people', column: 'nick' } },
      ],
      '02_second',
    );
    expect(second.plan.previousVersion).toBe('public_01_first');
    await second.publish();
    expect(await asNew(second, 'INSERT INTO people (id, code) VALUES (200, 7) RETURNING age')).toEqual([
      { age: '18' },
    ]);
    await asNew(second, `UPDATE people SET age = '77' WHERE id = 1`);
    expect(await asNew(first, 'SELECT age FROM people WHERE id = 1')).toEqual([{ age: '77' }]);
    await second.steps(second.plan.contract);
    await first.steps(first.plan.removal);
    await sql.query(`UPDATE ${first.plan.versionSchema}.people SET age = 78 WHERE id = 2`);
    expect(await asNew(second, 'SELECT age FROM people WHERE id = 2')).toEqual([{ age: '78' }]);
    await second.steps(second.plan.removal);
    expect(await one(`SELECT age FROM people WHERE id < 3 ORDER BY id`)).toEqual([
      { age: '77' },
      { age: '78' },
    ]);
    expect(await one('SELECT size FROM groups LIMIT 1')).toEqual([{ size: 0 }]);
    expect(await one(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'public%' ORDER BY 1`)).toEqual([
      { nspname: 'public' },
      { nspname: 'public_02_second' },
    ]);
  });
});
