import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import type { Migration } from '#migrations/schemas.ts';
import { catalogue, contents } from './catalogue.ts';
import { eventually, startPlatform, type TestPlatform } from './platform.ts';

/** Does what a test wants before or after an invocation of a function for its migration. */
type Hook = (name: string, stage: 'before' | 'after') => Promise<void>;
const hooks = new Map<string, Hook>();

let platform: TestPlatform;
let url: string;
let sql: pg.Pool;

beforeAll(async () => {
  platform = await startPlatform({
    drill: {
      async onInvoke({ name, event, stage }) {
        if (typeof event !== 'object' || event === null || !('migrationId' in event)) return;
        await hooks.get(String(event.migrationId))?.(name, stage);
      },
    },
  });
  url = await createDatabase('rollback');
  sql = new pg.Pool({ connectionString: url, max: 10 });
  await platform.addDatabase('shop', url);
});
afterAll(() => sql.end());

/** Something of everything: each phase has work to do. */
const setup = `
  CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL, age int NOT NULL DEFAULT 18 CONSTRAINT grown CHECK (age >= 0),
    code text NOT NULL CONSTRAINT one_code UNIQUE);
  CREATE INDEX by_age ON people (age);
  COMMENT ON COLUMN people.name IS 'as in the passport';
  INSERT INTO people SELECT g, 'first' || g || ' last', g, 'c' || g FROM generate_series(1, 50) g;
  CREATE TABLE visits (id int PRIMARY KEY, person int NOT NULL REFERENCES people (id));
  INSERT INTO visits SELECT g, g FROM generate_series(1, 50) g;`;
const operations = [
  {
    add_column: {
      table: 'people',
      column: { name: 'first', type: 'text' },
      up: "split_part(name, ' ', 1)",
    },
  },
  { drop_column: { table: 'people', column: 'name', down: "first || ' last'" } },
  {
    alter_column: {
      table: 'people',
      column: 'age',
      type: 'bigint',
      up: 'age',
      down: 'least(age, 2000)::int',
      check: { name: 'young', constraint: 'age < 200' },
    },
  },
  { drop_column: { table: 'people', column: 'code', down: "'n' || id" } },
  {
    add_column: { table: 'people', column: { name: 'state', type: 'text', default: "'new'" } },
  },
  { create_index: { name: 'people_state', table: 'people', columns: [{ column: 'state' }] } },
  { create_table: { name: 'notes', columns: [{ name: 'id', type: 'int', pk: true }] } },
  { rename_table: { from: 'visits', to: 'calls' } },
];

const sorted = (rows: Record<string, string[]>) =>
  Object.fromEntries(Object.entries(rows).map(([table, lines]) => [table, lines.toSorted()]));

let counted = 0;
/** A schema with the tables of `setup`, and what it is to look like again after a rollback. */
async function fresh(statements = setup) {
  const schema = `r${counted++}`;
  const client = await sql.connect();
  try {
    await client.query(`CREATE SCHEMA ${schema}; SET search_path = ${schema}; ${statements}`);
    const before = { catalogue: await catalogue(client, schema), rows: await contents(client, schema) };
    const expectAsBefore = async (
      { differences }: Migration,
      change: (rows: string) => string = (rows) => rows,
      spoilt = false,
    ) => {
      const now = await sql.connect();
      try {
        // As the client that wrote down `before`: names are printed without the schema where it is in the path.
        await now.query(`SET search_path = ${schema}`);
        expect(await catalogue(now, schema)).toEqual(before.catalogue);
        expect(sorted(await contents(now, schema))).toEqual(
          sorted(JSON.parse(change(JSON.stringify(before.rows)))),
        );
        if (!spoilt) expect(differences).toEqual([]);
      } finally {
        await now.query('RESET search_path');
        now.release();
      }
    };
    return { schema, expectAsBefore };
  } finally {
    await client.query('RESET search_path');
    client.release();
  }
}

/** Plans and starts with a hook that is there before the first invocation. */
async function startWith(schema: string, hook: Hook, asked: unknown[] = operations): Promise<string> {
  const planned = await platform.plan({
    database: 'shop',
    schema,
    operations: asked,
    options: { soakSeconds: 3_600 },
  });
  hooks.set(planned.id, hook);
  await platform.act(planned.id, 'start', { consents: planned.plan?.notes.map(({ code }) => code) });
  return planned.id;
}

/** Runs `action` once, when the function was invoked and did its work. */
function once(name: string, stage: 'before' | 'after', action: () => Promise<unknown>): Hook {
  let done = false;
  return async (invoked, at) => {
    if (done || invoked !== `migrations-${name}` || at !== stage) return;
    done = true;
    await action();
  };
}

describe('a rollback asked for', () => {
  const reached = [
    'acquire-lock',
    'back-up-definitions',
    'expand',
    'plan-ranges',
    'backfill-range',
    'build-indexes',
    'add-constraints',
    'verify-range',
    'publish',
    'await-completion',
    'contract',
    'schedule-removal',
  ];
  it.concurrent.for(reached)('after %s leaves schema and data as before', async (name) => {
    const { schema, expectAsBefore } = await fresh();
    let id = '';
    id = await startWith(
      schema,
      once(name, 'after', async () => {
        await sql.query(`UPDATE ${schema}.people SET name = 'changed last' WHERE id = 7`);
        await platform.act(id, 'rollback', { comment: 'a drill' });
      }),
    );
    if (name === 'contract' || name === 'schedule-removal') {
      await platform.until(id, 'soaking');
      await platform.act(id, 'complete');
    }
    const end = await platform.until(id, 'rolled_back');
    expect(end.failure?.name).toBe('MigrationCancelled');
    await expectAsBefore(end, (rows) => rows.replace('first7 last', 'changed last'));
  });

  it.concurrent('while it is paused in the backfill', async () => {
    const { schema, expectAsBefore } = await fresh();
    let id = '';
    id = await startWith(
      schema,
      once('backfill-range', 'before', () => platform.act(id, 'pause')),
    );
    await platform.until(id, 'paused');
    await eventually(
      async () => ((await platform.show(id)).phase === 'backfill' ? true : undefined),
      'the backfill to wait',
    );
    await platform.act(id, 'rollback');
    await expectAsBefore(await platform.until(id, 'rolled_back'));
  });

  it.concurrent('before anything ran, and while it waits for approval, touches nothing', async () => {
    const { schema, expectAsBefore } = await fresh();
    const planned = await platform.plan({ database: 'shop', schema, operations });
    expect((await platform.act(planned.id, 'rollback')).status).toBe('cancelled');
    const waiting = await platform.start({
      database: 'shop',
      schema,
      operations,
      options: { requireApproval: true },
    });
    await platform.until(waiting.id, 'waiting_for_approval');
    await platform.act(waiting.id, 'rollback');
    await expectAsBefore(await platform.until(waiting.id, 'cancelled'));
  });
});

describe('a failure', () => {
  it.concurrent('of approval: a rejected plan changes nothing', async () => {
    const { schema, expectAsBefore } = await fresh();
    const { id } = await platform.start({
      database: 'shop',
      schema,
      operations,
      options: { requireApproval: true },
    });
    const { plan } = await platform.until(id, 'waiting_for_approval');
    await platform.act(id, 'reject', { planHash: plan?.hash, comment: 'not today' });
    const end = await platform.until(id, 'rejected');
    expect(end.failure).toMatchObject({
      name: 'ApprovalRejected',
      message: expect.stringContaining('not today'),
    });
    await expectAsBefore(end);
  });

  it.concurrent('of validation: rows that cannot satisfy the new version', async () => {
    const { schema, expectAsBefore } = await fresh();
    const { id } = await platform.start({
      database: 'shop',
      schema,
      operations: [
        {
          alter_column: {
            table: 'people',
            column: 'age',
            check: { name: 'few', constraint: 'age < 10' },
            up: 'age',
            down: 'age',
          },
        },
      ],
    });
    const end = await platform.until(id, 'rejected');
    expect(end.failure).toMatchObject({ name: 'ValidationFailed', message: expect.stringContaining('few') });
    await expectAsBefore(end);
  });

  it.concurrent('of the expand: a reader holds the table and someone gives up', async () => {
    const { schema, expectAsBefore } = await fresh();
    const reader = await sql.connect();
    await reader.query(`BEGIN; SELECT 1 FROM ${schema}.people`);
    const { id } = await platform.start({ database: 'shop', schema, operations });
    await eventually(
      async () => ((await platform.show(id)).phase === 'expand' ? true : undefined),
      'the expand to wait',
    );
    const during = await sql.query(`UPDATE ${schema}.people SET age = 3 WHERE id = 3`);
    expect(during.rowCount).toBe(1);
    await platform.act(id, 'rollback');
    const stop = setInterval(() => void platform.cloud.clock.advance(5_000), 100);
    await eventually(
      async () => ((await platform.show(id)).status === 'rolling_back' ? true : undefined),
      'the rollback to begin',
    );
    await reader.query('ROLLBACK');
    reader.release();
    const end = await platform.until(id, 'rolled_back');
    clearInterval(stop);
    await expectAsBefore(end);
  });

  it.concurrent('of the backfill: up fails on a row', async () => {
    // In the middle: the rows at both ends are looked at before anything runs.
    const { schema, expectAsBefore } = await fresh(
      `${setup} INSERT INTO people SELECT g, 'x y', 1, 'c' || g FROM generate_series(51, 2000) g`,
    );
    const { id } = await platform.start({
      database: 'shop',
      schema,
      operations: [
        {
          add_column: {
            table: 'people',
            column: { name: 'share', type: 'int', nullable: true },
            up: '100 / (id - 1000)',
          },
        },
      ],
    });
    const end = await platform.until(id, 'rolled_back');
    expect(end.failure).toMatchObject({
      name: 'StatementFailed',
      message: expect.stringContaining('division by zero'),
    });
    await expectAsBefore(end);
  });

  it.concurrent('of verification: something keeps changing what was filled', async () => {
    const { schema, expectAsBefore } = await fresh();
    // Sorts behind our triggers and is not seen by the plan: made while the migration runs.
    const id = await startWith(
      schema,
      once('build-indexes', 'before', async () => {
        await sql.query(`
          CREATE FUNCTION ${schema}.spoil() RETURNS trigger LANGUAGE plpgsql AS
            $$BEGIN NEW.first := 'spoilt'; RETURN NEW; END$$;
          CREATE TRIGGER "~~spoil" BEFORE UPDATE ON ${schema}.people FOR EACH ROW EXECUTE FUNCTION ${schema}.spoil();
          UPDATE ${schema}.people SET age = age + 0 WHERE id = 5`);
      }),
    );
    const end = await platform.until(id, 'rolled_back');
    expect(end.failure?.name).toBe('VerificationFailed');
    await sql.query(`DROP TRIGGER "~~spoil" ON ${schema}.people; DROP FUNCTION ${schema}.spoil()`);
    expect(end.differences).toContain('/tables/0/triggers/0');
    await expectAsBefore(end, undefined, true);
  });

  it.concurrent('of publish: someone took the name of the version', async () => {
    const { schema, expectAsBefore } = await fresh();
    const taken = `"${schema}_01_change"`;
    const id = await startWith(
      schema,
      once('publish', 'before', async () => {
        await sql.query(`CREATE SCHEMA ${taken}; CREATE TABLE ${taken}.people (theirs int)`);
      }),
    );
    const end = await platform.until(id, 'rolled_back');
    const theirs = await sql.query(`SELECT * FROM ${taken}.people`);
    expect(theirs.rowCount).toBe(0);
    await sql.query(`DROP SCHEMA ${taken} CASCADE`);
    await expectAsBefore(end);
  });

  it.concurrent('of the contract: old clients broke a constraint of the new version meanwhile', async () => {
    const { schema, expectAsBefore } = await fresh();
    const asked = [
      {
        alter_column: {
          table: 'people',
          column: 'age',
          unique: { name: 'one_age' },
          up: 'age',
          down: 'age',
        },
      },
      ...operations.filter((one) => !('alter_column' in one)),
    ];
    const { id } = await platform.start({ database: 'shop', schema, operations: asked });
    await platform.until(id, 'soaking');
    await sql.query(`UPDATE ${schema}.people SET age = 1 WHERE id = 2`);
    await platform.act(id, 'complete');
    const end = await platform.until(id, 'rolled_back');
    expect(end.failure).toMatchObject({ name: 'ConstraintViolated', phase: 'contract' });
    await expectAsBefore(end, (rows) => rows.replace('{\\"age\\":2,', '{\\"age\\":1,'));
  });
});

describe('after all of them', () => {
  it('no dual write is left in the database', async () => {
    expect((await sql.query('SELECT id FROM theseus.groups')).rows).toEqual([]);
    const functions = `SELECT proname FROM pg_proc WHERE pronamespace = 'theseus'::regnamespace AND proname LIKE 'write%'`;
    expect((await sql.query(functions)).rows).toEqual([]);
  });
});
