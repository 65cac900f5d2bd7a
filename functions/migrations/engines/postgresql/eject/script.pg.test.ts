import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { psql, runPsql } from '../../../testing/psql.ts';
import { type Run, startRun } from '../../../testing/run.ts';
import { shape } from '../../../testing/shape.ts';
import type { EjectGoal } from '../../engine.ts';

let clients: pg.Client[] = [];
let url = '';
let sql: pg.Client;

const tables = `
  CREATE TYPE mood AS ENUM ('glad', 'sad');
  CREATE TABLE teams (id int PRIMARY KEY, label text);
  CREATE TABLE people (
    id bigint PRIMARY KEY, "full ""name" text, age int DEFAULT 18 CONSTRAINT adult CHECK (age >= 0), nick varchar(20),
    team_id int CONSTRAINT in_team REFERENCES teams (id), feeling mood, code int NOT NULL);
  CREATE INDEX by_age ON people (age DESC) WHERE age > 1;
  INSERT INTO teams SELECT g, 'g' || g FROM generate_series(1, 5) g;
  INSERT INTO people SELECT g, 'p ' || g, g % 90, 'n' || g, g % 5 + 1, 'glad', g FROM generate_series(1, 2500) g`;

/** One file with a copy of a column, what hangs on it, a split, a rename, a new table and a new index. */
const operations = [
  {
    alter_column: {
      table: 'people',
      column: 'age',
      type: 'bigint',
      up: 'age',
      down: 'least(age, 2147483647)::int',
    },
  },
  {
    alter_column: {
      table: 'people',
      column: 'nick',
      nullable: false,
      unique: { name: 'one_nick' },
      up: `coalesce(nick, 'none' || id)`,
      down: 'nick',
    },
  },
  {
    add_column: {
      table: 'people',
      column: { name: 'first', type: 'text' },
      up: `split_part("full ""name", ' ', 1)`,
    },
  },
  {
    create_table: {
      name: 'notes',
      columns: [
        { name: 'id', type: 'bigint', pk: true },
        { name: 'said', type: 'text', nullable: true },
      ],
    },
  },
  { create_index: { table: 'people', name: 'by_code', columns: [{ column: 'code' }] } },
  { rename_table: { from: 'teams', to: 'groups' } },
];

async function database(): Promise<{ at: string; client: pg.Client }> {
  const at = await createDatabase('eject');
  const client = new pg.Client({ connectionString: at });
  await client.connect();
  await client.query(tables);
  clients.push(client);
  return { at, client };
}

beforeEach(async () => {
  ({ at: url, client: sql } = await database());
});

afterEach(async () => {
  for (const client of clients) await client.end();
  clients = [];
});

const stages = [
  'nothing',
  'expand',
  'half of the backfill',
  'index',
  'constrain',
  'publish',
  'contract',
] as const;
type Stage = (typeof stages)[number];

/** A migration whose platform went away after this stage. */
async function begin(at: string, last: Stage): Promise<Run> {
  const run = await startRun(at, 'change', JSON.stringify({ name: 'change', operations }));
  await run.engine.keepPlan(run.fence, run.plan);
  const { plan } = run;
  const work: Record<Stage, () => Promise<void>> = {
    nothing: async () => {},
    expand: () => run.steps(plan.expand),
    // The script has to go on where nobody counted.
    'half of the backfill': () => halfFilled(run),
    index: () => run.steps(plan.index),
    constrain: async () => {
      await run.backfill();
      await run.steps(plan.constrain);
    },
    publish: () => run.steps(plan.publish),
    contract: () => run.steps(plan.contract),
  };
  for (const stage of stages.slice(0, stages.indexOf(last) + 1)) await work[stage]();
  return run;
}

async function halfFilled(run: Run): Promise<void> {
  for (const walk of run.plan.backfill) {
    await run.engine.backfillRange(walk, { from: null, to: ['1200'] }, null, run.fence, {
      signal: new AbortController().signal,
      until: Number.POSITIVE_INFINITY,
      pace: { chunkRows: 500, pauseMs: 0 },
      onProgress: async () => true,
    });
  }
}

const ejected = async (run: Run, goal: EjectGoal, variables: Record<string, string> = {}) => {
  const script = await run.engine.eject(null, goal);
  return { script, ...(await runPsql(run.url, script, variables)) };
};

/** What clients of both versions can see: definitions, and every row in both forms. */
async function everything(client: pg.Client): Promise<unknown> {
  const rows = await client.query('SELECT * FROM people ORDER BY id');
  const groups = await client.query('SELECT id, position FROM theseus.groups ORDER BY id');
  const versions = await client.query(
    'SELECT version, parent, mapping, state FROM theseus.versions ORDER BY 1',
  );
  const functions = await client.query(
    `SELECT regexp_replace(proname, '[0-9]+$', ''), replace(prosrc, (SELECT 'people'::regclass::oid::text), 'oid') AS body
     FROM pg_proc WHERE pronamespace = 'theseus'::regnamespace ORDER BY 1, 2`,
  );
  return [await shape(client), rows.rows, groups.rows, versions.rows, functions.rows];
}

describe.skipIf(typeof psql === 'string')('a migration ended by hand', () => {
  it.each(stages.slice(0, 5))('goes on to the same end as the platform would, after %s', async (stage) => {
    const other = await database();
    const reference = await startRun(other.at, 'change', JSON.stringify({ name: 'change', operations }));
    await reference.publish();
    await reference.steps(reference.plan.contract);

    const run = await begin(url, stage);
    const stopped = await ejected(run, 'complete');
    expect(stopped.err).toContain('run this script again with -v contract=1');
    expect(stopped.code).toBe(3);
    const again = await runPsql(url, stopped.script, { contract: '1' });
    expect(again).toMatchObject({ code: 0, err: '' });

    const plain = (found: unknown) =>
      JSON.parse(
        JSON.stringify(found)
          .replaceAll(/run_\d+/g, 'run')
          .replaceAll(/\b\d{5,}\b/g, 'oid'),
      ) as unknown;
    expect(plain(await everything(sql))).toEqual(plain(await everything(other.client)));
  });

  it.each(stages.slice(0, 6))('goes back to the start after %s', async (stage) => {
    const before = [await shape(sql), (await sql.query('SELECT * FROM people ORDER BY id')).rows];
    const run = await begin(url, stage);
    const result = await ejected(run, 'rollback', { accept_losses: '1' });
    expect(result).toMatchObject({ code: 0, err: '' });
    expect([await shape(sql), (await sql.query('SELECT * FROM people ORDER BY id')).rows]).toEqual(before);
  });

  it('refuses the platform whatever it still wants to write', async () => {
    const run = await begin(url, 'half of the backfill');
    await ejected(run, 'complete');
    await expect(run.backfill()).rejects.toMatchObject({ name: 'FenceLost' });
    await expect(run.steps(run.plan.contract)).rejects.toMatchObject({ name: 'FenceLost' });
  });

  it('keeps what new clients wrote and cannot return, and asks before it undoes', async () => {
    const run = await begin(url, 'nothing');
    await run.publish();
    await run.steps(run.plan.contract);
    await run.engine.releaseFence(run.fence);
    await sql.query(`SET search_path = ${pg.escapeIdentifier(run.plan.versionSchema)}, public`);
    await sql.query(`INSERT INTO notes VALUES (1, 'only new clients know')`);
    await sql.query('RESET search_path');
    const asked = await ejected(run, 'undo');
    expect(asked.err).toContain('-v accept_losses=1');
    expect(await sql.query('SELECT FROM notes')).toMatchObject({ rowCount: 1 });
    const accepted = await runPsql(url, asked.script, { accept_losses: '1' });
    expect(accepted).toMatchObject({ code: 0, err: '' });
    expect(await sql.query(`SELECT to_regclass('notes') AS gone`)).toMatchObject({ rows: [{ gone: null }] });
  });

  it('removes what only the old version used, after copying it', async () => {
    const run = await begin(url, 'nothing');
    await run.publish();
    await run.steps(run.plan.contract);
    await run.engine.releaseFence(run.fence);
    const result = await ejected(run, 'removal');
    expect(result).toMatchObject({ code: 0, err: '' });
    expect((await sql.query('SELECT count(*)::int AS n FROM theseus.groups')).rows).toEqual([{ n: 0 }]);
    expect((await sql.query('SELECT age, "first" FROM people WHERE id = 7')).rows).toEqual([
      { age: '7', first: 'p' },
    ]);
  });

  it('stops loudly at a row that is wrong and cannot be repaired', async () => {
    const run = await begin(url, 'publish');
    await sql.query(`UPDATE theseus.plans SET plan = jsonb_set(plan, '{verify}',
      (SELECT jsonb_agg(v || '{"repair": [], "afterPublish": "id <> 9"}') FROM jsonb_array_elements(plan -> 'verify') v))`);
    const result = await ejected(run, 'complete');
    expect(result.code).toBe(3);
    expect(result.err).toContain('1 rows of "public"."people" are wrong');
  });
});

describe('eject', () => {
  it('says what is missing, and which one to name', async () => {
    const run = await begin(url, 'nothing');
    await expect(run.engine.eject('other', 'complete')).rejects.toMatchObject({
      name: 'NotEjectable',
      message: 'This database knows of no migration other',
    });
    await expect(run.engine.eject(null, 'undo')).rejects.toMatchObject({ action: 'Use --to rollback.' });
    await expect(run.engine.eject(null, 'removal')).rejects.toMatchObject({ name: 'NotEjectable' });
    const second = await startRun(
      url,
      'second',
      JSON.stringify({
        name: 'second',
        operations: [{ create_table: { name: 'x', columns: [{ name: 'id', type: 'int', pk: true }] } }],
      }),
    );
    await second.engine.keepPlan(second.fence, second.plan);
    await expect(run.engine.eject(null, 'complete')).rejects.toMatchObject({
      message: 'This database knows of several migrations',
    });
    expect(await run.engine.eject('second', 'complete')).toContain('CREATE TABLE');
    const { at } = await database();
    const stranger = await startRun(at, 'x', JSON.stringify({ name: 'x', operations }));
    await expect(stranger.engine.eject(null, 'complete')).rejects.toMatchObject({ name: 'NotEjectable' });
  });

  it('holds names and texts that mean something to psql', async () => {
    await sql.query(`CREATE TABLE "it's \\ here" (id int PRIMARY KEY, "a:b" text)`);
    const run = await startRun(
      url,
      'odd',
      JSON.stringify({
        name: 'odd',
        operations: [
          {
            add_column: {
              table: "it's \\ here",
              column: { name: 'c:d', type: 'text' },
              up: `"a:b" || ' :x \\ '`,
            },
          },
        ],
      }),
    );
    await run.engine.keepPlan(run.fence, run.plan);
    await sql.query(`INSERT INTO "it's \\ here" VALUES (1, 'v')`);
    if (typeof psql === 'string') return;
    const script = await run.engine.eject(null, 'complete');
    expect(await runPsql(url, script, { contract: '1', x: 'wrong', b: 'wrong' })).toMatchObject({
      code: 0,
      err: '',
    });
    const physical = (await sql.query(`SELECT * FROM "it's \\ here"`)).rows;
    expect(Object.values(physical[0] ?? {})).toContain('v :x \\ ');
  });

  it('keeps rows that move between partitions as the platform does', async () => {
    await sql.query(`CREATE TABLE parts (id int PRIMARY KEY, v int) PARTITION BY RANGE (id);
      CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100)`);
    const change = { alter_column: { table: 'parts', column: 'v', type: 'bigint', up: 'v', down: 'v::int' } };
    const run = await startRun(url, 'parts', JSON.stringify({ name: 'parts', operations: [change] }));
    await run.engine.keepPlan(run.fence, run.plan);
    const script = await run.engine.eject(null, 'complete');
    await run.steps(run.plan.expand);
    const { rows } = await sql.query<{ body: string }>(
      `SELECT prosrc AS body FROM pg_proc WHERE proname = 'write_' || 'parts'::regclass::oid`,
    );
    expect(rows).toHaveLength(1);
    expect(script).toContain(rows[0]?.body.trim());
  });
});
