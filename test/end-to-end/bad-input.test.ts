import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { catalogue, contents } from './catalogue.ts';
import { startPlatform, type TestPlatform } from './platform.ts';

const setup = `
  CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL, age int);
  INSERT INTO people VALUES (1, 'Ada', 36), (2, 'Ada', NULL), (3, 'Grace', 85);`;

let platform: TestPlatform;
let url: string;
let sql: pg.Client;
let before: { catalogue: string[]; rows: Record<string, string[]>; schemas: unknown[] };

async function everything() {
  const { rows } = await sql.query('SELECT nspname FROM pg_namespace ORDER BY 1');
  return { catalogue: await catalogue(sql, 'public'), rows: await contents(sql, 'public'), schemas: rows };
}

beforeAll(async () => {
  platform = await startPlatform();
  url = await createDatabase('bad_input');
  await platform.addDatabase('shop', url);
  sql = new pg.Client({ connectionString: url });
  await sql.connect();
  await sql.query(setup);
  before = await everything();
});
afterAll(() => sql.end());

const send = (file: string, more: object = {}) =>
  platform.request('POST', '/migrations', {
    body: { database: 'shop', file, fileName: '01_bad.yaml', ...more },
  });

const add = (column: object, up?: string) => ({
  add_column: { table: 'people', column: { nullable: true, ...column }, ...(up === undefined ? {} : { up }) },
});
const alter = (change: object) => ({ alter_column: { table: 'people', column: 'age', ...change } });
const injection = 'x"; DROP TABLE people; --';

describe('refused when it is planned, with the field named', () => {
  const refused: [what: string, operation: object, problem: string, pointer: string, words: RegExp][] = [
    [
      'an unknown table',
      { drop_table: { name: 'poeple' } },
      'TableNotFound',
      '/operations/0/drop_table/name',
      /people/,
    ],
    [
      'an unknown column',
      { drop_column: { table: 'people', column: 'nmae' } },
      'ColumnNotFound',
      '/operations/0/drop_column/column',
      /nmae/,
    ],
    [
      'a column that exists',
      add({ name: 'age', type: 'int' }),
      'ColumnExists',
      '/operations/0/add_column/column/name',
      /age/,
    ],
    [
      'a table that exists',
      { rename_table: { from: 'people', to: 'people' } },
      'TableExists',
      '/operations/0/rename_table/to',
      /people/,
    ],
    [
      'up that does not parse',
      add({ name: 'a', type: 'int' }, 'age +'),
      'ExpressionInvalid',
      '/operations/0/add_column/up',
      /age \+/,
    ],
    [
      'up of two statements',
      add({ name: 'a', type: 'int' }, '1; DROP TABLE people'),
      'ExpressionInvalid',
      '/operations/0/add_column/up',
      /statement/,
    ],
    [
      'up with a column that is not there',
      add({ name: 'a', type: 'int' }, 'aged'),
      'ColumnNotFound',
      '/operations/0/add_column/up',
      /aged/,
    ],
    [
      'up with an aggregate',
      add({ name: 'a', type: 'int' }, 'max(age)'),
      'ExpressionInvalid',
      '/operations/0/add_column/up',
      /max/,
    ],
    [
      'a type that is more than a type',
      add({ name: 'a', type: 'int; DROP TABLE people' }),
      'TypeInvalid',
      '/operations/0/add_column/column/type',
      /DROP/,
    ],
    [
      'a default that is more than an expression',
      add({ name: 'a', type: 'int', default: '1); DROP TABLE people; --' }),
      'ExpressionInvalid',
      '/operations/0/add_column/column/default',
      /DROP/,
    ],
    [
      'a check that is more than an expression',
      add({ name: 'a', type: 'int', check: { name: 'c', constraint: 'true); DROP TABLE people; --' } }),
      'ExpressionInvalid',
      '/operations/0/add_column/column/check/constraint',
      /DROP/,
    ],
    [
      'an index method that is more',
      {
        create_index: {
          name: 'i',
          table: 'people',
          columns: [{ column: 'age' }],
          method: 'btree (age); DROP TABLE people; --',
        },
      },
      '',
      '/operations/0/create_index/method',
      /method|DROP/,
    ],
    [
      'an index predicate that is more',
      {
        create_index: {
          name: 'i',
          table: 'people',
          columns: [{ column: 'age' }],
          predicate: 'true; DROP TABLE people',
        },
      },
      '',
      '/operations/0/create_index/predicate',
      /statement/,
    ],
    [
      'storage parameters that are more',
      {
        create_index: {
          name: 'i',
          table: 'people',
          columns: [{ column: 'age' }],
          storage_parameters: 'fillfactor = 70); DROP TABLE people; --',
        },
      },
      '',
      '/operations/0/create_index',
      /storage|DROP/,
    ],
    [
      'a reference action that is more',
      add({
        name: 'a',
        type: 'int',
        references: { name: 'f', table: 'people', column: 'id', on_delete: 'CASCADE; DROP TABLE people' },
      }),
      '',
      '/operations/0/add_column/column/references/on_delete',
      /on_delete|CASCADE/,
    ],
    [
      'NOT NULL with nothing to fill it',
      add({ name: 'a', type: 'int', nullable: false }),
      'UpRequired',
      '/operations/0/add_column/up',
      /a/,
    ],
    [
      'a change of a table that it cannot make',
      { add_column: { table: 'people', column: { name: 'key', type: 'int', pk: true } } },
      'OperationUnsupported',
      '/operations/0/add_column/column/pk',
      /not supported yet/,
    ],
    [
      'an operation that does not exist',
      { add_colum: {} },
      'MigrationFileInvalid',
      '/operations/0/add_colum',
      /add_column/,
    ],
    [
      'a field that does not exist',
      { drop_table: { name: 'people', cascade: true } },
      'MigrationFileInvalid',
      '/operations/0/drop_table/cascade',
      /Unknown field/,
    ],
    [
      'a name over 63 bytes',
      { rename_table: { from: 'people', to: 'é'.repeat(32) } },
      'MigrationFileInvalid',
      '/operations/0/rename_table/to',
      /63 bytes/,
    ],
    [
      'the primary key',
      { alter_column: { table: 'people', column: 'id', type: 'text', up: 'id::text', down: 'id::int' } },
      'OperationUnsupported',
      '/operations/0/alter_column/column',
      /primary key/,
    ],
    [
      'a table named to break out of quotes',
      { drop_table: { name: injection } },
      'TableNotFound',
      '/operations/0/drop_table/name',
      /DROP/,
    ],
  ];
  it.each(refused)('%s', async (_what, operation, name, pointer, words) => {
    const answer = await send(JSON.stringify({ operations: [operation] }));
    expect(answer.status, JSON.stringify(answer.body)).toBe(400);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body).toMatchObject({ status: 400, type: expect.stringContaining(name), retryable: false });
    const [first] = answer.body.errors ?? [];
    expect(first?.pointer).toBe(pointer);
    expect(JSON.stringify(answer.body)).toMatch(words);
  });

  it('a text that is not a migration file, one that hides its size, one that is too large', async () => {
    expect((await send('operations: [')).body.errors[0].detail).toMatch(/line 1/);
    expect((await send('just words')).status).toBe(400);
    expect((await send('operations: []')).status).toBe(400);
    expect((await send('operations: []\noperations: []')).status).toBe(400);
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [${'*a,'.repeat(9)}*a]\nc: &c [${'*b,'.repeat(9)}*b]\noperations: [${'*c,'.repeat(9)}*c]`;
    expect((await send(bomb)).status).toBe(400);
    const large = await send(`# ${'x'.repeat(262_144)}`);
    expect(large.status).toBe(400);
    expect(large.body.errors).toEqual([expect.objectContaining({ pointer: '/body/file' })]);
    const wide = await send(`# ${'é'.repeat(200_000)}`);
    expect(wide.body).toMatchObject({ status: 413, type: 'urn:theseus:problem:MigrationFileTooLarge' });
  });

  it('an unknown database', async () => {
    const answer = await send('{"operations": [{"drop_table": {"name": "people"}}]}', {
      database: 'nowhere',
    });
    expect(answer).toMatchObject({ status: 404, body: { type: 'urn:theseus:problem:NotFound' } });
  });

  it('leaves no migration behind', async () => {
    const { body } = await platform.request('GET', '/migrations');
    expect(body.items).toEqual([]);
  });
});

describe('named in the plan and refused when it is validated, before anything runs', () => {
  const broken: [what: string, operation: object, words: RegExp][] = [
    [
      'a unique constraint that the data break',
      alter({ column: 'name', unique: { name: 'one_name' }, up: 'name', down: 'name' }),
      /more than once.*1 rows/,
    ],
    ['a NOT NULL that the data break', alter({ nullable: false, up: 'age', down: 'age' }), /NULL.*1 rows/],
    [
      'a check that the data break',
      alter({ check: { name: 'young', constraint: 'age < 80' }, up: 'age', down: 'age' }),
      /young.*1 rows/,
    ],
    [
      'a reference that points nowhere',
      alter({ references: { name: 'f', table: 'people', column: 'id' }, up: 'age', down: 'age' }),
      /points to no row.*2 rows/,
    ],
    ['up of another type', add({ name: 'a', type: 'int' }, 'now()'), /cannot cast|integer/],
    [
      'up that calls what is not there',
      add({ name: 'a', type: 'int' }, 'no_such_function(age)'),
      /no_such_function/,
    ],
    ['down of another type', alter({ type: 'text', up: 'age::text', down: "'x'::date" }), /date|integer/],
  ];
  it.each(broken)('%s', async (_what, operation, words) => {
    const answer = await send(JSON.stringify({ operations: [operation] }));
    if (answer.status !== 201) {
      expect(answer.status).toBe(400);
      expect(JSON.stringify(answer.body)).toMatch(words);
      return;
    }
    // The plan says so already; the start looks again.
    expect(JSON.stringify(answer.body.plan?.findings)).toMatch(words);
    await platform.act(answer.body.id, 'start');
    const end = await platform.until(answer.body.id, 'rejected');
    expect(end.failure).toMatchObject({ name: 'ValidationFailed' });
    expect(JSON.stringify(end.failure)).toMatch(words);
    expect(end.failure?.action).toBeTruthy();
  });
});

describe('names and values are quoted and bound', () => {
  it('a column, a default and a version named to break out of quotes are just names', async () => {
    const { id } = await platform.start({
      database: 'shop',
      name: `it's "01"; DROP TABLE people; --`,
      operations: [
        add({
          name: injection,
          type: 'text',
          comment: `it's"; DROP TABLE people; --`,
          default: "'x''; DROP TABLE people'",
        }),
        {
          create_index: { name: `i"; DROP TABLE people; --`, table: 'people', columns: [{ column: 'age' }] },
        },
      ],
    });
    const { clientPath } = await platform.until(id, 'soaking');
    await sql.query(`SET search_path = ${clientPath}`);
    const { rows } = await sql.query('SELECT * FROM people ORDER BY id LIMIT 1');
    expect(rows).toEqual([{ id: 1, name: 'Ada', age: 36, [injection]: "x'; DROP TABLE people" }]);
    await sql.query('RESET search_path');
    await platform.act(id, 'rollback');
    await platform.until(id, 'rolled_back');
  });
});

describe('a database that cannot be worked on', () => {
  const at = (change: (url: URL) => void) => {
    const changed = new URL(url);
    change(changed);
    return changed.href;
  };
  const register = (name: string, target: string) =>
    platform.request('POST', '/databases', { body: { name, url: target } });

  it('is not registered when it is down, or when it refuses the password or the name', async () => {
    await sql.query("CREATE ROLE bad_input_guest LOGIN PASSWORD 'right'");
    const down = await register(
      'down',
      at((target) => Object.assign(target, { port: '1' })),
    );
    expect(down.body).toMatchObject({
      status: 503,
      type: expect.stringContaining('DatabaseUnreachable'),
      retryable: true,
    });
    const missing = await register(
      'missing',
      at((target) => Object.assign(target, { pathname: '/nowhere' })),
    );
    expect(missing.body).toMatchObject({ status: 422, type: expect.stringContaining('DatabaseRefused') });
    const { body } = await platform.request('GET', '/databases');
    expect(body.items.map((one: { name: string }) => one.name)).toEqual(['shop']);
  });

  it('names the GRANTs that a role lacks', async () => {
    const untouched = await createDatabase('bad_input_guest');
    const owner = new pg.Client({ connectionString: untouched });
    await owner.connect();
    await owner.query(`${setup} GRANT SELECT ON people TO bad_input_guest`);
    const guest = Object.assign(new URL(untouched), { username: 'bad_input_guest', password: 'right' }).href;
    await platform.addDatabase('guest', guest);
    const { id } = await platform.start({ database: 'guest', operations: [add({ name: 'a', type: 'int' })] });
    const end = await platform.until(id, 'rejected');
    const told = JSON.stringify(end.failure);
    expect(told).toContain('ALTER TABLE');
    expect(told).toContain('OWNER TO');
    expect(told).toContain('GRANT CREATE ON DATABASE');
    expect(told).toContain('bad_input_guest');
    const { rows } = await owner.query("SELECT 1 FROM pg_namespace WHERE nspname = 'theseus'");
    expect(rows).toEqual([]);
    await owner.end();
  });

  it('says whose records stand in the way when another role migrated before', async () => {
    await platform.addDatabase(
      'second',
      at((target) => Object.assign(target, { username: 'bad_input_guest', password: 'right' })),
    );
    const answer = await send(JSON.stringify({ operations: [add({ name: 'a', type: 'int' })] }), {
      database: 'second',
    });
    expect(answer.body).toMatchObject({ status: 422, type: expect.stringContaining('RightsMissing') });
    expect(answer.body.action).toContain('GRANT postgres TO bad_input_guest');
  });

  it('is refused when it takes no writes', async () => {
    await sql.query("CREATE ROLE bad_input_reader LOGIN SUPERUSER PASSWORD 'right'");
    await sql.query('ALTER ROLE bad_input_reader SET default_transaction_read_only = on');
    const target = at((one) => Object.assign(one, { username: 'bad_input_reader', password: 'right' }));
    const added = await register('reader', target);
    if (added.status === 201) {
      const { id } = await platform.start({
        database: 'reader',
        operations: [add({ name: 'a', type: 'int' })],
      });
      const end = await platform.until(id, 'rejected', 'rolled_back');
      expect(JSON.stringify(end.failure)).toMatch(/read.?only|refuses writes/i);
    } else
      expect(added.body).toMatchObject({ status: 422, type: expect.stringContaining('DatabaseReadOnly') });
  });
});

it('nothing of all this changed the database', async () => {
  const { rows } = await sql.query("SELECT 1 FROM pg_namespace WHERE nspname = 'theseus'");
  // Only the migration that ran made the control schema.
  expect(rows).toHaveLength(1);
  const now = await everything();
  expect({
    ...now,
    schemas: now.schemas.filter((one) => JSON.stringify(one) !== '{"nspname":"theseus"}'),
  }).toEqual(before);
});
