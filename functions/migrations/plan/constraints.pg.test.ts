import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { type Journey, journey } from '../testing/journey.ts';

let url: string;
let sql: pg.Client;
let { one, asNew, start, thereAndBack, forGood }: Journey = {} as Journey; // set before each test

beforeEach(async () => {
  url = await createDatabase('constraints');
  sql = new pg.Client({ connectionString: url });
  await sql.connect();
  ({ one, asNew, start, thereAndBack, forGood } = journey(url, sql));
  await sql.query(`
    CREATE TABLE rooms (house int, number int, PRIMARY KEY (house, number));
    CREATE TABLE stays (
      id int PRIMARY KEY, house int, number int, guest text, nights int NOT NULL DEFAULT 1,
      CONSTRAINT one_guest UNIQUE (house, guest),
      CONSTRAINT some_nights CHECK (nights > 0),
      CONSTRAINT paid CHECK (nights < 30 OR guest IS NOT NULL));
    CREATE INDEX stays_guest ON stays (guest);
    INSERT INTO rooms SELECT h, n FROM generate_series(1, 3) h, generate_series(1, 4) n;
    INSERT INTO stays SELECT g, g % 3 + 1, g % 4 + 1, 'g' || g, g FROM generate_series(1, 20) g`);
});

afterEach(() => sql.end());

const create = (body: Record<string, unknown>) => ({
  create_constraint: { table: 'stays', up: {}, down: {}, ...body },
});
const newerThan14 = async () =>
  (await one("SELECT current_setting('server_version_num')::int >= 150000 AS newer"))[0]?.newer === true;
const constraints = () =>
  one(
    `SELECT conname AS n, pg_get_constraintdef(oid) AS d FROM pg_constraint WHERE conrelid = 'stays'::regclass AND contype <> 'n' ORDER BY 1`,
  );

describe('create_constraint', () => {
  const check = create({
    name: 'not_long',
    type: 'check',
    columns: ['nights', 'guest'],
    check: "nights <= 15 OR guest LIKE 'vip%'",
    up: { nights: 'least(nights, 15)', guest: 'guest' },
    down: { nights: 'nights', guest: 'guest' },
  });

  it('checks several columns: old clients go on, new ones are held to it at once, all of them at contract', async () => {
    await thereAndBack([check], async (run) => {
      await sql.query('UPDATE stays SET nights = 25 WHERE id = 1');
      expect(await asNew(run, 'SELECT nights FROM stays WHERE id = 1')).toEqual([{ nights: 15 }]);
      await expect(asNew(run, 'UPDATE stays SET nights = 16 WHERE id = 2')).rejects.toThrow(/not_long/);
      await asNew(run, "UPDATE stays SET nights = 16, guest = 'vip 2' WHERE id = 2");
      expect(await one('SELECT nights FROM stays WHERE id = 2')).toEqual([{ nights: 16 }]);
    });
    await forGood([check]);
    await expect(one('UPDATE stays SET nights = 16 WHERE id = 3')).rejects.toThrow(/not_long/);
    expect((await constraints()).map(({ n }) => n)).toEqual([
      'not_long',
      'one_guest',
      'paid',
      'some_nights',
      'stays_pkey',
    ]);
  });

  it('makes several columns unique and points them to another table, with columns doubled and in place', async () => {
    const setsColumns = await newerThan14();
    const operations = [
      create({
        name: 'in_room',
        type: 'foreign_key',
        columns: ['house', 'number'],
        references: {
          table: 'rooms',
          columns: ['house', 'number'],
          on_delete: 'SET NULL',
          ...(setsColumns ? { on_delete_set_columns: ['number'] } : {}),
        },
        up: {
          number:
            'CASE WHEN EXISTS (SELECT 1 FROM rooms r WHERE r.house = stays.house AND r.number = stays.number) THEN number END',
        },
      }),
      create({
        name: 'once',
        type: 'unique',
        columns: ['guest', 'nights'],
        index_parameters: { include_columns: ['id'], storage_parameters: 'fillfactor = 70' },
      }),
    ];
    await sql.query('UPDATE stays SET number = 77 WHERE id = 5');
    await thereAndBack(operations, async (run) => {
      expect(await asNew(run, 'SELECT number FROM stays WHERE id = 5')).toEqual([{ number: null }]);
      await sql.query('UPDATE stays SET number = 78 WHERE id = 6');
      expect(await asNew(run, 'SELECT number FROM stays WHERE id = 6')).toEqual([{ number: null }]);
    });
    await forGood(operations);
    expect(await constraints()).toEqual(
      expect.arrayContaining([
        {
          n: 'in_room',
          d: `FOREIGN KEY (house, number) REFERENCES rooms(house, number) ON DELETE SET NULL${setsColumns ? ' (number)' : ''}`,
        },
        { n: 'once', d: 'UNIQUE (guest, nights) INCLUDE (id)' },
      ]),
    );
  });

  it('gives a table without a key its primary key, and takes NOT NULL back with it', async () => {
    await sql.query('CREATE TABLE bare (a int, b text); INSERT INTO bare VALUES (1, $$x$$), (2, $$y$$)');
    const operations = [
      {
        create_constraint: {
          table: 'bare',
          name: 'bare_key',
          type: 'primary_key',
          columns: ['a', 'b'],
          up: {},
          down: {},
        },
      },
    ];
    await thereAndBack(operations);
    await forGood(operations);
    await expect(one('INSERT INTO bare VALUES (1, $$x$$)')).rejects.toThrow(/bare_key/);
    await expect(one('INSERT INTO bare VALUES (1, NULL)')).rejects.toThrow(/null value/);
  });

  it('constrains a table and a column that the same file makes', async () => {
    const operations = [
      {
        create_table: {
          name: 'bills',
          columns: [
            { name: 'id', type: 'int', pk: true },
            { name: 'stay', type: 'int' },
          ],
        },
      },
      {
        create_constraint: {
          table: 'bills',
          name: 'bill_stay',
          type: 'foreign_key',
          columns: ['stay'],
          references: { table: 'stays', columns: ['id'] },
          up: {},
          down: {},
        },
      },
      {
        create_constraint: {
          table: 'bills',
          name: 'bill_once',
          type: 'unique',
          columns: ['stay', 'id'],
          up: {},
          down: {},
        },
      },
      { add_column: { table: 'stays', column: { name: 'badge', type: 'int', nullable: true } } },
      create({ name: 'one_badge', type: 'unique', columns: ['house', 'badge'] }),
      create({ name: 'badge_low', type: 'check', check: 'badge < 100' }),
    ];
    await thereAndBack(operations, async (run) => {
      await expect(asNew(run, 'INSERT INTO bills VALUES (1, 99)')).rejects.toThrow(/bill_stay/);
      await asNew(run, 'UPDATE stays SET badge = 7 WHERE id = 3');
      await expect(asNew(run, 'UPDATE stays SET badge = 7 WHERE id = 6')).rejects.toThrow(/one_badge/);
      await expect(asNew(run, 'UPDATE stays SET badge = 100 WHERE id = 6')).rejects.toThrow(/badge_low/);
    });
  });

  it('finds the rows that would break it before anything runs', async () => {
    const run = await start([
      create({ name: 'c', type: 'check', check: 'nights < 20' }),
      create({ name: 'u', type: 'unique', columns: ['house', 'number'] }),
      create({
        name: 'f',
        type: 'foreign_key',
        columns: ['id', 'number'],
        references: { table: 'rooms', columns: ['house', 'number'] },
      }),
    ]);
    const found = await run.engine.validate(run.plan, {
      signal: new AbortController().signal,
      until: Date.now() + 60_000,
    });
    expect(found.map(({ problem }) => problem)).toEqual([
      expect.stringMatching(/break c.*1|1.*break c/),
      expect.stringMatching(/more than once/),
      expect.stringMatching(/finds no row/),
    ]);
  });
});

describe('drop_constraint and drop_multicolumn_constraint', () => {
  const dropCheck = {
    drop_constraint: { table: 'stays', name: 'some_nights', up: 'nights', down: 'greatest(nights, 1)' },
  };
  const dropUnique = {
    drop_multicolumn_constraint: {
      table: 'stays',
      name: 'one_guest',
      down: { house: 'house', guest: "guest || ' ' || id" },
    },
  };

  it('frees new clients at once while old clients keep it', async () => {
    await thereAndBack([dropCheck], async (run) => {
      await asNew(run, 'UPDATE stays SET nights = 0 WHERE id = 1');
      expect(await one('SELECT nights FROM stays WHERE id = 1')).toEqual([{ nights: 1 }]);
      await expect(one('UPDATE stays SET nights = 0 WHERE id = 2')).rejects.toThrow(/some_nights/);
      await asNew(run, 'UPDATE stays SET nights = 2 WHERE id = 1');
    });
    await forGood([dropCheck]);
    await one('UPDATE stays SET nights = 0 WHERE id = 1');
    expect((await constraints()).map(({ n }) => n)).toEqual(['one_guest', 'paid', 'stays_pkey']);
  });

  it('drops one over several columns and keeps the others on them', async () => {
    await thereAndBack([dropUnique], async (run) => {
      await asNew(run, "UPDATE stays SET guest = 'g4' WHERE id = 1");
      expect(await one('SELECT guest FROM stays WHERE id = 1')).toEqual([{ guest: 'g4 1' }]);
      await asNew(run, "UPDATE stays SET guest = 'other' WHERE id = 1");
    });
    await forGood([dropUnique]);
    await one("UPDATE stays SET guest = 'g4' WHERE id IN (1, 7)");
    expect((await constraints()).map(({ n }) => n)).toEqual(['paid', 'some_nights', 'stays_pkey']);
    expect(await one(`SELECT to_regclass('stays_guest')::text AS i`)).toEqual([{ i: 'stays_guest' }]);
  });

  it('drops it at contract where nothing else could come of it, or a key holds the column', async () => {
    await sql.query('ALTER TABLE stays ADD CONSTRAINT low CHECK (id < 1000)');
    const operations = [
      { drop_constraint: { table: 'stays', name: 'some_nights', up: 'nights', down: 'nights' } },
      { drop_constraint: { table: 'stays', name: 'low', up: 'id', down: 'id % 1000' } },
    ];
    await thereAndBack(operations, async (run) => {
      expect(run.plan.backfill).toEqual([]);
      expect(
        run.plan.notes.filter(({ code }) => code === 'dropped_at_contract').map(({ severity }) => severity),
      ).toEqual(['info', 'consent']);
    });
    await forGood(operations);
    await one('UPDATE stays SET id = 5000, nights = -1 WHERE id = 1');
  });

  it('drops a foreign key', async () => {
    await sql.query('ALTER TABLE stays ADD CONSTRAINT in_room FOREIGN KEY (house, number) REFERENCES rooms');
    const operations = [
      {
        drop_multicolumn_constraint: {
          table: 'stays',
          name: 'in_room',
          up: { house: 'house' },
          down: { house: 'CASE WHEN house < 4 THEN house END', number: 'number' },
        },
      },
    ];
    await thereAndBack(operations, async (run) => {
      await asNew(run, 'UPDATE stays SET house = 9 WHERE id = 1');
      expect(await one('SELECT house FROM stays WHERE id = 1')).toEqual([{ house: null }]);
      await asNew(run, 'UPDATE stays SET house = 1 WHERE id = 1');
    });
  });
});

describe('rename_constraint and set_replica_identity', () => {
  const rename = (from: string, to: string) => ({ rename_constraint: { table: 'stays', from, to } });

  it('renames checks and keys at removal, also on a column that changes', async () => {
    const operations = [
      rename('some_nights', 'nights "given"'),
      rename('one_guest', 'guest_once'),
      {
        alter_column: { table: 'stays', column: 'nights', type: 'bigint', up: 'nights', down: 'nights::int' },
      },
    ];
    await thereAndBack(operations);
    await forGood(operations);
    expect((await constraints()).map(({ n }) => n)).toEqual([
      'guest_once',
      'nights "given"',
      'paid',
      'stays_pkey',
    ]);
    expect(await one(`SELECT to_regclass('guest_once')::text AS i`)).toEqual([{ i: 'guest_once' }]);
  });

  it('sets the replica identity at expand, and gives the former one back', async () => {
    await sql.query(
      'ALTER TABLE stays REPLICA IDENTITY USING INDEX stays_pkey; CREATE PUBLICATION p FOR TABLE stays',
    );
    const identity = (type: string, index = '') => ({
      set_replica_identity: { table: 'stays', identity: { type, index } },
    });
    const now = () => one(`SELECT relreplident AS r FROM pg_class WHERE oid = 'stays'::regclass`);
    await thereAndBack([identity('full')], async () => expect(await now()).toEqual([{ r: 'f' }]));
    const run = await start([identity('nothing')]);
    expect(run.plan.notes).toMatchObject([{ code: 'replica_identity', severity: 'consent' }]);
    await expect(start([identity('index', 'one_guest')])).rejects.toThrow(/"house", which may be NULL/);
    await forGood([identity('index', 'stays_pkey')]);
    expect(await now()).toEqual([{ r: 'i' }]);
  });
});
