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
    ALTER TABLE events_25 ALTER name SET NOT NULL;
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
  });

  it('gets unique constraints and foreign keys partition by partition, and gives them back', async () => {
    const added = [
      {
        create_constraint: {
          table: 'events',
          name: 'one_each',
          type: 'unique',
          columns: ['id', 'at', 'who'],
          index_parameters: { include_columns: ['size'], storage_parameters: 'fillfactor = 80' },
          up: {},
          down: {},
        },
      },
      reference,
    ];
    await sql.query(
      'INSERT INTO people SELECT g FROM generate_series(1, 3) g; UPDATE events SET who = id % 3 + 1',
    );
    await thereAndBack(added);
    await forGood(added);
    expect(await joined()).toEqual([
      { t: 'events', n: 'one_each', d: 'UNIQUE (id, at, who) INCLUDE (size)', alone: true },
      { t: 'events', n: 'whose', d: 'FOREIGN KEY (who) REFERENCES people(id)', alone: true },
      ...['events_25', 'events_26', 'events_26_rest', 'events_26_small'].flatMap((t) => [
        { t, n: `${t}_one_each`, d: 'UNIQUE (id, at, who) INCLUDE (size)', alone: false },
        { t, n: 'whose', d: 'FOREIGN KEY (who) REFERENCES people(id)', alone: false },
      ]),
    ]);
    await expect(one('UPDATE events SET who = 7 WHERE id = 1')).rejects.toThrow(/whose/);
  });

  it('gives constraints back under the names that only the partitions have', async () => {
    await sql.query(`INSERT INTO people SELECT g FROM generate_series(1, 3) g; UPDATE events SET who = id % 3 + 1;
      ALTER TABLE events ADD CONSTRAINT one_each UNIQUE (id, at, who), ADD CONSTRAINT whose FOREIGN KEY (who) REFERENCES people;
      CREATE UNIQUE INDEX alike ON events (lower(name), id, at);
      ALTER INDEX events_25_id_at_who_key RENAME TO own_name; ALTER INDEX events_26_id_at_who_key RENAME TO "Own between";
      ALTER INDEX events_25_lower_id_at_idx RENAME TO "Own too"; ALTER TABLE events_25 RENAME CONSTRAINT whose TO its_own`);
    const dropped = [
      { drop_constraint: { table: 'events', name: 'whose', up: 'who', down: 'who' } },
      {
        drop_multicolumn_constraint: {
          table: 'events',
          name: 'one_each',
          up: {},
          down: { id: 'id', at: 'at', who: 'who' },
        },
      },
    ];
    await thereAndBack([...dropped, { drop_index: { name: 'alike' } }]);
    const before = await joined();
    await forGood([
      { alter_column: { table: 'events', column: 'who', type: 'bigint', up: 'who', down: 'who' } },
    ]);
    expect(await joined()).toEqual(before);
  });

  it('gets a primary key where it had none, and loses every NOT NULL that came with it', async () => {
    await sql.query(
      'ALTER TABLE events DROP CONSTRAINT events_pkey; ALTER TABLE events ALTER id DROP NOT NULL',
    );
    for (const part of ['events_25', 'events_26_small', 'events_26_rest'])
      await sql.query(`ALTER TABLE ${part} ALTER id DROP NOT NULL`);
    const key = {
      table: 'events',
      name: 'told_apart',
      type: 'primary_key',
      columns: ['id', 'at'],
      up: {},
      down: {},
    };
    await thereAndBack([{ create_constraint: key }]);
    await forGood([{ create_constraint: key }]);
    expect(
      await one(
        "SELECT count(*)::int AS n FROM pg_constraint WHERE contype = 'p' AND connamespace = 'public'::regnamespace",
      ),
    ).toEqual([{ n: 6 }]);
  });

  it('goes on where it was cut off, with partitions that came and went meanwhile', async () => {
    await sql.query(
      "CREATE TABLE events_24 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
    );
    const unique = {
      table: 'events',
      name: 'one_each',
      type: 'unique',
      columns: ['id', 'at'],
      up: {},
      down: {},
    };
    const run = await start([
      { create_constraint: unique },
      reference,
      { alter_column: { table: 'events', column: 'name', nullable: true, up: 'name', down: 'name' } },
    ]);
    await run.publish();
    const builds = run.plan.contract.filter((step) => step.kind === 'create_index');
    expect(builds.length).toBe(4);
    // A backend that dies in the middle leaves an index that refuses rows and serves nobody.
    await sql.query(`CREATE UNIQUE INDEX events_25_one_each ON events_25 (id, at);
      UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'events_25_one_each'::regclass`);
    await run.steps(builds.slice(0, 2));
    await sql.query(`DROP TABLE events_24; CREATE TABLE events_27 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
      INSERT INTO events VALUES (1, '2027-05-05', 'Ada', 1)`);
    await run.steps(run.plan.contract);
    await run.steps(run.plan.contract);
    await asNew(run, "INSERT INTO events (id, at) VALUES (900, '2025-02-02')");
    await sql.query('DELETE FROM events WHERE id = 900');
    expect((await joined()).filter(({ t }) => t === 'events_25' || t === 'events_27')).toEqual([
      { t: 'events_25', n: 'events_25_one_each', d: 'UNIQUE (id, at)', alone: false },
      { t: 'events_25', n: 'whose', d: 'FOREIGN KEY (who) REFERENCES people(id)', alone: false },
      { t: 'events_27', n: 'events_27_id_at_key', d: 'UNIQUE (id, at)', alone: false },
      { t: 'events_27', n: 'whose', d: 'FOREIGN KEY (who) REFERENCES people(id)', alone: false },
    ]);
    await run.steps([...run.plan.undoContract, ...run.plan.rollback]);
    expect(await joined()).toEqual([]);
  });

  it('is pointed to by a foreign key whose column changes', async () => {
    await sql.query(`CREATE TABLE notes (id int PRIMARY KEY, event int, at date, FOREIGN KEY (event, at) REFERENCES events (id, at));
      INSERT INTO notes SELECT id, id, at FROM events`);
    const operations = [
      { alter_column: { table: 'notes', column: 'event', type: 'bigint', up: 'event', down: 'event' } },
    ];
    await forGood(operations);
    await expect(one('UPDATE notes SET event = -1 WHERE id = 1')).rejects.toThrow(/notes_event_at_fkey/);
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
    const unique = (columns: string[]) =>
      start([
        { create_constraint: { table: 'events', name: 'u', type: 'unique', columns, up: {}, down: {} } },
      ]);
    await expect(unique(['who'])).rejects.toThrow(/lacks "at", "id" of the partition key of "events"/);
    await expect(unique(['at', 'who'])).rejects.toThrow(/lacks "id"/);
    await sql.query('CREATE TABLE odd (id int, n int) PARTITION BY RANGE ((n + 1))');
    await expect(
      start([{ create_index: { name: 'u', table: 'odd', columns: [{ column: 'n' }], unique: true } }]),
    ).rejects.toThrow(/an expression is in the partition key/);
  });
});

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

/** The unique constraints and foreign keys of all partitions beside the primary key; `alone`: nobody's part. */
const joined = () =>
  one(`SELECT conrelid::regclass::text AS t, conname::text AS n, pg_get_constraintdef(oid) AS d, conparentid = 0 AS alone
    FROM pg_constraint WHERE contype IN ('u', 'f') AND connamespace = 'public'::regnamespace AND convalidated ORDER BY 1, 2`);

/** A further migration on the same tables, to its end. */
async function forGoodSecond(operations: unknown[]): Promise<void> {
  const run = await start(operations, '02_next');
  await run.publish();
  await run.steps([...run.plan.contract, ...run.plan.removal]);
}
