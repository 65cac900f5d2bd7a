import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { parseMigrationFile } from '../../file/parse.ts';
import { createPlan } from '../../plan/plan.ts';
import type { Plan } from '../../plan/schemas.ts';
import type { Engine } from '../engine.ts';
import { openSession } from './connection.ts';
import { openPostgres } from './engine.ts';
import { forgottenTransactions } from './validate.ts';

let url: string;
let owner: string;
let admin: pg.Client;
let engine: Engine;
let role: string;

const run = (ms = 10_000) => ({ signal: new AbortController().signal, until: Date.now() + ms });

beforeEach(async () => {
  url = await createDatabase('validate');
  admin = new pg.Client({ connectionString: url });
  await admin.connect();
  role = `plain_${new URL(url).pathname.slice(-10)}`;
  await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
  await admin.query(
    `GRANT CREATE ON DATABASE ${pg.escapeIdentifier(new URL(url).pathname.slice(1))} TO ${role}`,
  );
  await admin.query(`GRANT USAGE, CREATE ON SCHEMA public TO ${role}`);
  const own = new URL(url);
  own.username = role;
  own.password = 'secret';
  owner = own.href;
  await admin.query('CREATE TABLE people (id int PRIMARY KEY, name text, email text)');
  await admin.query(`ALTER TABLE people OWNER TO ${role}`);
  await admin.query(`INSERT INTO people VALUES (1, 'Al', 'a@x'), (2, NULL, 'a@x'), (3, 'Bo', NULL)`);
  engine = await openPostgres(owner, { applicationName: 'theseus:test' });
});

afterEach(async () => {
  await admin.query(`DROP OWNED BY ${role} CASCADE`);
  await admin.query(`DROP ROLE ${role}`);
  await admin.end();
});

async function planOf(operations: unknown[]): Promise<Plan> {
  const file = parseMigrationFile(JSON.stringify({ operations }), { fileName: 'test.json' });
  return createPlan({ file, snapshot: await engine.snapshot('public') });
}

const findings = async (operations: unknown[]) => engine.validate(await planOf(operations), run());
const addColumn = (up: string, column: Record<string, unknown> = {}) => [
  { add_column: { table: 'people', column: { name: 'extra', type: 'text', nullable: true, ...column }, up } },
];

describe('validation', () => {
  it.each([
    ['SELECT nothing FROM people', /nothing/],
    ['DELETE FROM people RETURNING id', /syntax|DELETE/],
    ['SELECT 1; DROP TABLE people', /syntax/],
    ['WITH gone AS (DELETE FROM people RETURNING 1) SELECT * FROM gone', /top level/],
  ])('refuses the probe %s, and runs nothing of it', async (probe, said) => {
    const plan = await planOf(addColumn('upper(name)'));
    const [found] = await engine.validate(plan, { ...run(), pacing: { probe } });
    expect(found).toMatchObject({ code: 'probe_wrong' });
    expect(found?.problem).toMatch(said);
    expect((await admin.query('SELECT FROM people')).rowCount).toBe(3);
  });

  it.each([
    ['SELECT nothing FROM people', /cannot be read: .*nothing/],
    ['SELECT 1; DROP TABLE people', /cannot be read/],
    ['SELECT 1) AS x; DELETE FROM people; SELECT * FROM (SELECT 1', /cannot be read/],
    ['SELECT name FROM people LIMIT 1', /something else than one number/],
    ['SELECT id FROM people', /something else than one number/],
    ['SELECT 1 AS a, 2 AS b', /something else than one number/],
    ['SELECT max(id) FROM people WHERE false', /something else than one number/],
  ])('refuses the metric %s, and runs nothing of it', async (query, said) => {
    const plan = await planOf(addColumn('upper(name)'));
    const [found] = await engine.validate(plan, { ...run(), pacing: { metric: { query, limit: 1 } } });
    expect(found).toMatchObject({ code: 'metric_wrong' });
    expect(found?.problem).toMatch(said);
    expect((await admin.query('SELECT FROM people')).rowCount).toBe(3);
  });

  it.each(['SELECT count(*) FROM people;', 'SELECT 0.5::float8', 'SELECT 12.5'])(
    'takes the metric %s',
    async (query) => {
      const plan = await planOf(addColumn('upper(name)'));
      expect(await engine.validate(plan, { ...run(), pacing: { metric: { query, limit: 1 } } })).toEqual([]);
    },
  );

  it('asks for room on the disk, where it is told what is free', async () => {
    await admin.query(
      "INSERT INTO people SELECT g, 'name ' || g FROM generate_series(10, 20000) g; ANALYZE people",
    );
    const plan = await planOf(addColumn('upper(name)'));
    expect(await engine.validate(plan, { ...run(), diskFreeBytes: 1_000_000_000_000 })).toEqual([]);
    const [found] = await engine.validate(plan, { ...run(), diskFreeBytes: 2_000_000 });
    expect(found).toMatchObject({ code: 'disk_room' });
    expect(found?.problem).toMatch(/about \d+ MB on the disk \(people\), and 2 MB are free/);
  });

  it('takes a probe that is one query', async () => {
    const plan = await planOf(addColumn('upper(name)'));
    const probe = 'SELECT count(*) FROM people WHERE id < 3;';
    expect(await engine.validate(plan, { ...run(), pacing: { probe } })).toEqual([]);
  });

  it('finds nothing wrong where nothing is, with an ordinary role', async () => {
    expect(await findings(addColumn('upper(name)'))).toEqual([]);
    expect(await engine.inspect()).toMatchObject({
      user: role,
      readOnly: false,
      canSetDeadlockTimeout: false,
    });
  });

  it('names the statements that give the rights a role lacks', async () => {
    await admin.query('CREATE TABLE taken (id int PRIMARY KEY, x int)');
    await admin.query(
      `REVOKE CREATE ON DATABASE ${pg.escapeIdentifier(new URL(url).pathname.slice(1))} FROM ${role}`,
    );
    const found = await findings([
      { add_column: { table: 'taken', column: { name: 'y', type: 'text', nullable: true } } },
    ]);
    expect(found.map(({ action }) => action)).toEqual([
      expect.stringMatching(/GRANT CREATE ON DATABASE "validate_\w+" TO "plain_\w+"$/),
      expect.stringMatching(/ALTER TABLE "public"."taken" OWNER TO "plain_\w+"$/),
    ]);
  });

  it('asks for BYPASSRLS where rows could hide', async () => {
    await admin.query('ALTER TABLE people ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY');
    expect(await findings(addColumn('upper(name)'))).toMatchObject([
      { code: 'right_missing', action: expect.stringMatching(/ALTER ROLE "plain_\w+" BYPASSRLS$/) },
    ]);
  });

  it.each([
    ['a function that is not there', 'nonsense(name)', 'function nonsense(text) does not exist'],
    ['a type that does not fit', 'now()', 'cannot cast type timestamp with time zone to integer'],
    ['an operator that is not there', 'name + email', 'operator does not exist: text + text'],
  ])('refuses an expression with %s', async (_, up, problem) => {
    const found = await findings(addColumn(up, up === 'now()' ? { type: 'integer' } : {}));
    expect(found).toMatchObject([{ code: 'expression_wrong', problem: expect.stringContaining(problem) }]);
    expect(found[0]?.problem).toMatch(/^\/operations\/0\/add_column\/up: /);
  });

  it('computes up for rows of both ends, and names those that refuse it', async () => {
    await admin.query("INSERT INTO people SELECT n, n::text, n || '@x' FROM generate_series(10, 3000) n");
    await admin.query("UPDATE people SET name = '7' WHERE id < 4");
    const cast = addColumn('name', { type: 'integer' });
    expect(await findings(cast)).toEqual([]);
    await admin.query("UPDATE people SET name = 'seven' WHERE id = 77");
    await admin.query("UPDATE people SET name = '' WHERE id = 2999");
    expect(await findings(cast)).toEqual([
      {
        code: 'up_refused_by_rows',
        problem:
          '/operations/0/add_column/up: up for "extra" fails on rows of "public"."people", key 77 (invalid input syntax for type integer: "seven"), 2999 (invalid input syntax for type integer: ""); looked at the first and last 500',
        action: 'Make up give a value for such rows, or correct them.',
      },
    ]);
  });

  it('counts the rows that break what the new version demands', async () => {
    expect(
      await findings([
        {
          alter_column: {
            table: 'people',
            column: 'email',
            unique: { name: 'people_email' },
            up: 'email',
            down: 'email',
          },
        },
      ]),
    ).toMatchObject([{ problem: expect.stringMatching(/^Operation 1: .*\(\d+ rows\)$/) }]);
    expect(
      await findings([
        { alter_column: { table: 'people', column: 'name', nullable: false, up: 'name', down: 'name' } },
      ]),
    ).toMatchObject([{ problem: expect.stringContaining('(1 rows)') }]);
  });

  it('says that a value of a row breaks an expression', async () => {
    expect(
      await findings([
        {
          alter_column: {
            table: 'people',
            column: 'name',
            type: 'integer',
            nullable: false,
            up: 'name::integer',
            down: 'name::text',
          },
        },
      ]),
    ).toMatchObject([{ problem: expect.stringContaining('invalid input syntax for type integer: "Al"') }]);
  });

  it('names a session that has forgotten its transaction, and minds no other', async () => {
    const plan = await planOf(addColumn('upper(name)'));
    const session = await openSession(url, { applicationName: 'theseus:test' });
    await admin.query('BEGIN');
    await admin.query('LOCK TABLE people IN ACCESS SHARE MODE');
    expect(await engine.validate(plan, run())).toEqual([]);
    expect(await forgottenTransactions(session, plan, 0)).toMatchObject([
      { code: 'tables_held', action: expect.stringContaining('SELECT pg_terminate_backend(') },
    ]);
    await admin.query('ROLLBACK');
    expect(await forgottenTransactions(session, plan, 0)).toEqual([]);
    await session.close();
  });

  it('does not go on where the database is read-only', async () => {
    const plan = await planOf(addColumn('upper(name)'));
    await admin.query(`ALTER ROLE ${role} SET default_transaction_read_only = on`);
    const standby = await openPostgres(owner, { applicationName: 'theseus:test' });
    expect(await standby.validate(plan, run())).toMatchObject([{ code: 'database_read_only' }]);
  });
});

describe('the rights of clients', () => {
  it('are enough to write through triggers and views, though they own nothing', async () => {
    const app = `app_${role}`;
    await admin.query(`CREATE ROLE ${app}`);
    await admin.query(`GRANT SELECT, INSERT, UPDATE ON people TO ${app}`);
    await admin.query(`GRANT USAGE ON SCHEMA public TO ${app}`);
    await admin.query('ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC');
    await admin.query(`ALTER DEFAULT PRIVILEGES FOR ROLE ${role} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC`);
    const plan = await planOf([
      {
        alter_column: {
          table: 'people',
          column: 'name',
          type: 'varchar(40)',
          up: 'name',
          down: 'lower(name)',
        },
      },
    ]);
    const fence = { migration: 'mig_1', epoch: 1 };
    await engine.takeFence(fence, { name: plan.name, schema: 'public', phase: 'expand' });
    for (const step of [...plan.expand, ...plan.publish]) await engine.runStep(step, fence, run());
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(`SET ROLE ${app}`);
    await client.query(`INSERT INTO people (id, name) VALUES (10, 'Old')`);
    await client.query(`SET search_path = ${pg.escapeIdentifier(plan.versionSchema)}, public`);
    await client.query(`INSERT INTO people (id, name) VALUES (11, 'New')`);
    await client.query(`UPDATE people SET name = 'NEW' WHERE id = 10`);
    const { rows: seen } = await client.query('SELECT id, name FROM people WHERE id > 9 ORDER BY id');
    const { rows: old } = await client.query('SELECT id, name FROM public.people WHERE id > 9 ORDER BY id');
    await client.end();
    expect(seen).toEqual([
      { id: 10, name: 'NEW' },
      { id: 11, name: 'New' },
    ]);
    expect(old).toEqual([
      { id: 10, name: 'new' },
      { id: 11, name: 'new' },
    ]);
    await admin.query(`DROP OWNED BY ${app} CASCADE`);
    await admin.query(`DROP ROLE ${app}`);
  });
});
