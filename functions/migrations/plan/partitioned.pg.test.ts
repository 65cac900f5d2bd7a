import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { type Journey, journey } from '../testing/journey.ts';

let url: string;
let sql: pg.Client;
let { one, asNew, start, thereAndBack, forGood }: Journey = {} as Journey; // set before each test

beforeEach(async () => {
  url = await createDatabase('partitioned');
  sql = new pg.Client({ connectionString: url });
  await sql.connect();
  ({ one, asNew, start, thereAndBack, forGood } = journey(url, sql));
  await sql.query(`
    CREATE TABLE people (id int PRIMARY KEY);
    CREATE TABLE events (id int, at date NOT NULL, name text NOT NULL, size int DEFAULT 1 CONSTRAINT sized CHECK (size > 0), who int,
      PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE events_25 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    CREATE TABLE events_26 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY HASH (id);
    CREATE TABLE events_26_small PARTITION OF events_26 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE events_26_rest PARTITION OF events_26 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    CREATE INDEX events_name ON events (lower(name));
    INSERT INTO events SELECT g, DATE '2025-06-01' + g, 'Ada ' || g || ' x', g FROM generate_series(1, 400) g; ANALYZE`);
});

afterEach(() => sql.end());

const split = [
  {
    add_column: { table: 'events', column: { name: 'first', type: 'text' }, up: "split_part(name, ' ', 1)" },
  },
  { add_column: { table: 'events', column: { name: 'rest', type: 'text' }, up: "split_part(name, ' ', 2)" } },
  { drop_column: { table: 'events', column: 'name', down: "first || ' ' || rest" } },
];

describe('a partitioned table', () => {
  it('is changed as a whole, filled by its key, and given back', async () => {
    await thereAndBack(split, async (run) => {
      expect(run.plan.backfill[0]?.estimatedRows).toBe(400);
      const [walk] = run.plan.backfill;
      if (walk === undefined) throw new Error('Expected a backfill');
      expect((await run.engine.splitRanges(walk.table, walk.key, 4)).length).toBeGreaterThan(1);
      expect(
        await asNew(run, "SELECT count(*)::int AS n FROM events WHERE first = 'Ada' AND rest <> ''"),
      ).toEqual([{ n: 400 }]);
      await asNew(run, "INSERT INTO events (id, at, first, rest) VALUES (900, '2026-02-02', 'Bo', 'Li')");
      await sql.query("INSERT INTO events_25 (id, at, name) VALUES (901, '2025-02-02', 'Cy Twombly')");
      expect(await one('SELECT name FROM events WHERE id = 900')).toEqual([{ name: 'Bo Li' }]);
      expect(await asNew(run, 'SELECT rest FROM events WHERE id = 901')).toEqual([{ rest: 'Twombly' }]);
    });
    await forGood(split);
    expect(await one("SELECT count(*)::int AS n FROM events_26_rest WHERE first = 'Ada'")).toEqual([
      { n: expect.any(Number) },
    ]);
  });

  it('keeps what old clients wrote in rows that move to another partition', async () => {
    await thereAndBack(split, async (run) => {
      await sql.query("UPDATE events SET name = 'Mary Ann Smith' WHERE id = 1");
      await sql.query("UPDATE events SET at = '2026-03-03' WHERE id = 1");
      await sql.query("UPDATE events SET at = '2026-03-03', name = 'Juan de la Cruz' WHERE id = 2");
      await asNew(run, "UPDATE events SET at = '2026-03-03', rest = 'Byron' WHERE id = 3");
      expect(await one('SELECT name, first, rest FROM events WHERE id < 4 ORDER BY id')).toEqual([
        { name: 'Mary Ann Smith', first: 'Mary', rest: 'Ann' },
        { name: 'Juan de la Cruz', first: 'Juan', rest: 'de' },
        { name: 'Ada Byron', first: 'Ada', rest: 'Byron' },
      ]);
    });
  });

  it('gets its indexes partition by partition, also those made meanwhile', async () => {
    const operations = [
      {
        create_index: {
          name: 'by_size',
          table: 'events',
          columns: [{ column: 'size', sort: 'DESC' }],
          predicate: 'size > 1',
        },
      },
      {
        create_index: {
          name: 'one_each',
          table: 'events',
          columns: [{ column: 'id' }, { column: 'at' }, { column: 'who' }, { column: 'size' }],
          unique: true,
        },
      },
      { alter_column: { table: 'events', column: 'name', type: 'varchar(80)', up: 'name', down: 'name' } },
    ];
    await expect(
      start([{ create_index: { name: 'u', table: 'events', columns: [{ column: 'id' }], unique: true } }]),
    ).rejects.toThrow(/partition key/);
    const plan = (await start(operations)).plan;
    expect(plan.index.map(({ kind }) => kind).filter((kind) => kind === 'create_index').length).toBe(6);
    await thereAndBack(operations);
    await sql.query(
      "CREATE TABLE events_27 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')",
    );
    await forGood(operations);
    const { rows } = await sql.query<{ n: string; parts: number }>(
      `SELECT c.relname AS n, (SELECT count(*)::int FROM pg_partition_tree(c.oid) WHERE isleaf) AS parts FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
       WHERE i.indrelid = 'events'::regclass AND indisvalid ORDER BY 1`,
    );
    expect(rows).toEqual([
      { n: 'by_size', parts: 4 },
      { n: 'events_name', parts: 4 },
      { n: 'events_pkey', parts: 4 },
      { n: 'one_each', parts: 4 },
    ]);
    await forGoodSecond([{ drop_index: { name: 'by_size' } }]);
    expect(await one("SELECT to_regclass('by_size') AS i")).toEqual([{ i: null }]);
  });

  it('gets constraints without being read under lock', async () => {
    const operations = [
      {
        create_constraint: {
          table: 'events',
          name: 'low',
          type: 'check',
          columns: ['who'],
          check: 'who < 1000',
          up: { who: 'least(who, 999)' },
          down: { who: 'who' },
        },
      },
      { add_column: { table: 'events', column: { name: 'tag', type: 'text' }, up: "coalesce(name, '')" } },
    ];
    await thereAndBack(operations, async (run) => {
      await expect(asNew(run, 'UPDATE events SET who = 5000 WHERE id = 1')).rejects.toThrow(/low/);
      await sql.query('UPDATE events SET who = 5000 WHERE id = 2');
      expect(await asNew(run, 'SELECT who FROM events WHERE id = 2')).toEqual([{ who: 999 }]);
    });
    await forGood(operations);
    await expect(one('UPDATE events SET who = 1000 WHERE id = 1')).rejects.toThrow(/low/);
    const { rows } = await sql.query<{ v: number }>("SELECT current_setting('server_version_num')::int AS v");
    const reference = {
      create_constraint: {
        table: 'events',
        name: 'whose',
        type: 'foreign_key',
        columns: ['who'],
        references: { table: 'people', columns: ['id'] },
        up: {},
        down: {},
      },
    };
    if ((rows[0]?.v ?? 0) >= 180_000) {
      await sql.query('UPDATE events SET who = NULL');
      await forGoodSecond([reference]);
      await expect(one('UPDATE events SET who = 7 WHERE id = 1')).rejects.toThrow(/whose/);
    } else {
      await expect(start([reference], '02_next')).rejects.toThrow(/before 18/);
    }
  });

  it('refuses its partition key, its unique constraints and single partitions by name', async () => {
    await expect(
      start([
        { alter_column: { table: 'events', column: 'at', type: 'timestamptz', up: 'at', down: 'at::date' } },
      ]),
    ).rejects.toThrow(/key/);
    await expect(start([{ drop_column: { table: 'events_26', column: 'size', down: '1' } }])).rejects.toThrow(
      /partition "events_26"/,
    );
    await expect(
      start([
        {
          create_constraint: {
            table: 'events',
            name: 'u',
            type: 'unique',
            columns: ['id', 'at'],
            up: {},
            down: {},
          },
        },
      ]),
    ).rejects.toThrow(/partitioned table "events"/);
  });
});

/** A further migration on the same tables, to its end. */
async function forGoodSecond(operations: unknown[]): Promise<void> {
  const run = await start(operations, '02_next');
  await run.publish();
  await run.steps([...run.plan.contract, ...run.plan.removal]);
}
