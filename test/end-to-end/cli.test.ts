import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { catalogue, contents } from './catalogue.ts';
import { eventually } from './platform.ts';

const program = join(import.meta.dirname, '../../bin/theseus.js');
const password = 'cli-Secret#77';
const role = 'cli_test_owner';

let folder: string;
let url: string;
let sql: pg.Client;
let platform: ChildProcess;
let log = '';
const environment = {
  ...process.env,
  // As in a terminal: nothing of the test run's own settings.
  LOG_LEVEL: 'DEBUG',
  POWERTOOLS_LOG_LEVEL: 'DEBUG',
  FORCE_COLOR: undefined,
  NO_COLOR: undefined,
};

interface Ran {
  code: number | null;
  out: string;
  error: string;
}

/** One command of a new process, as a person or a script runs it. */
function theseus(...words: string[]): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, '--directory', join(folder, 'data'), ...words], {
      cwd: folder,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ran = { code: null, out: '', error: '' } as Ran;
    child.stdout.on('data', (piece) => {
      ran.out += piece;
    });
    child.stderr.on('data', (piece) => {
      ran.error += piece;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ ...ran, code }));
  });
}

const json = ({ out }: Ran) => JSON.parse(out.trim().split('\n').at(-1) ?? '');

async function written(): Promise<number> {
  const { rows } = await sql.query(
    `SELECT (n_tup_ins + n_tup_upd + n_tup_del)::int AS n FROM pg_stat_user_tables WHERE relname = 'people'`,
  );
  return rows[0]?.n ?? 0;
}

async function everything(): Promise<unknown> {
  const { rows: schemas } = await sql.query('SELECT nspname FROM pg_namespace ORDER BY 1');
  return {
    catalogue: await catalogue(sql, 'public'),
    rows: await contents(sql, 'public'),
    schemas,
    written: await written(),
  };
}

const file = `operations:
  - add_column:
      table: people
      column: {name: first, type: text}
      up: split_part(name, ' ', 1)
  - drop_column: {table: people, column: name, down: first}
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'theseus-cli-'));
  await writeFile(join(folder, '01-split.yaml'), file);
  await writeFile(join(folder, '02-wrong.yaml'), 'operations:\n  - drop_table: {name: peoples}\n');
  await writeFile(
    join(folder, '03-broken.yaml'),
    'operations:\n  - alter_column: {table: people, column: name, unique: {name: one_name}, up: "left(name, 1)", down: name}\n',
  );
  const admin = await createDatabase('cli');
  sql = new pg.Client({ connectionString: admin });
  await sql.connect();
  await sql.query(`CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD '${password}';
    CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL);
    INSERT INTO people SELECT g, 'first' || g || ' last' FROM generate_series(1, 500) g`);
  url = Object.assign(new URL(admin), { username: role, password: encodeURIComponent(password) }).href;
});

afterAll(async () => {
  if (platform?.exitCode === null) {
    platform.kill('SIGTERM');
    await new Promise((resolve) => platform.once('exit', resolve));
  }
  await sql.query(`DROP OWNED BY ${role} CASCADE`);
  await sql.query(`DROP ROLE ${role}`);
  await sql.end();
  await rm(folder, { recursive: true, force: true });
});

it('a reader that closes its pipe ends the output without a trace', async () => {
  const child = spawn(process.execPath, [program, '--help'], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let error = '';
  child.stderr.on('data', (piece) => {
    error += piece;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect({ code, error }).toEqual({ code: 0, error: '' });
});

describe('migration plan --database <url>, with no platform', () => {
  it('says what would happen, every statement on request, and changes nothing', async () => {
    // Counters of what was written reach the views with a delay.
    await eventually(
      async () => ((await written()) === 500 ? true : undefined),
      'the statistics of the set-up',
    );
    const before = await everything();
    const plain = await theseus('migration', 'plan', '--database', url, '01-split.yaml', '--sql');
    expect(plain.code, plain.error).toBe(0);
    expect(plain.out).toContain('01-split');
    expect(plain.out).toContain('ADD COLUMN "first" text');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there is none is what is tested
    expect(plain.out).not.toMatch(/\x1b/);
    const asJson = await theseus('migration', 'plan', '--database', url, '01-split.yaml', '--json');
    expect(json(asJson)).toMatchObject({
      plan: { name: '01-split', versionSchema: 'public_01-split' },
      findings: [],
    });
    expect(await everything()).toEqual(before);
    for (const { out, error } of [plain, asJson]) expect(out + error).not.toContain(password);
  });

  it('ends with a code for each way it can go wrong', async () => {
    const codes = async (...words: string[]) => (await theseus('migration', 'plan', ...words)).code;
    expect(await codes('--database', url, '02-wrong.yaml')).toBe(3);
    expect(await codes('--database', url, '03-broken.yaml')).toBe(3);
    expect(await codes('--database', url, 'nothing.yaml')).toBe(2);
    expect(await codes('01-split.yaml')).toBe(2);
    expect(await codes('--database', url, '--concurrency', '99', '01-split.yaml')).toBe(2);
    expect(await codes('--database', url, '--metric', 'SELECT 1', '01-split.yaml')).toBe(2);
    expect(await codes('--database', url.replace(/:\d+\//, ':1/'), '01-split.yaml')).toBe(5);
    expect(await codes('--database', 'shop', '01-split.yaml')).toBe(5);
    const wrong = await theseus('migration', 'plan', '--database', url, '02-wrong.yaml', '--json');
    expect(JSON.parse(wrong.error)).toMatchObject({
      type: expect.stringContaining('TableNotFound'),
      status: 400,
    });
    const unknown = await theseus('migration', 'plan', '--database', url, '02-wrong.yaml');
    expect(unknown.error).toContain('people');
  });
});

describe('migration eject --database <url>, with no platform', () => {
  it('names what the database does not know, and what it was given wrongly', async () => {
    const eject = (...words: string[]) => theseus('migration', 'eject', ...words);
    const unknown = await eject('mig_1', '--database', url, '--to', 'complete');
    expect({ code: unknown.code, error: unknown.error }).toEqual({
      code: 3,
      error: expect.stringContaining('knows of no migration mig_1'),
    });
    expect((await eject('--database', 'shop', '--to', 'complete')).code).toBe(2);
    expect((await eject('--database', url, '--to', 'somewhere')).code).toBe(2);
    expect((await eject('--database', url.replace(/:\d+\//, ':1/'), '--to', 'complete')).code).toBe(5);
  });
});

describe('with a platform', () => {
  it('dev, database add, plan, start, watch, show, list, complete, undo: every printed command can be pasted', async () => {
    platform = spawn(
      process.execPath,
      [program, '--directory', join(folder, 'data'), 'dev', '--port', '0', '--json'],
      {
        cwd: folder,
        env: environment,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    for (const stream of [platform.stdout, platform.stderr])
      stream?.on('data', (piece) => {
        log += piece;
      });
    await eventually(async () => (log.includes('"url"') ? true : undefined), `the platform to start: ${log}`);
    const second = await theseus('dev', '--port', '0');
    expect({ code: second.code, error: second.error }).toEqual({
      code: 3,
      error: expect.stringContaining('runs on'),
    });

    const added = await theseus('database', 'add', 'shop', url);
    expect(added.code, added.error).toBe(0);
    expect((await theseus('database', 'list')).out).toContain('shop');
    const refused = await theseus('migration', 'plan', '--database', 'shop', '02-wrong.yaml');
    expect({ code: refused.code, error: refused.error }).toEqual({
      code: 3,
      error: expect.stringContaining('people'),
    });

    const pace = ['--concurrency', '2', '--metric', 'SELECT count(*) FROM pg_locks', '--metric-limit', '1e6'];
    const ask = ['--database', 'shop', '01-split.yaml', '--soak', '1h', ...pace];
    const planned = await theseus('migration', 'plan', ...ask);
    expect(planned.code, planned.error).toBe(0);
    const pasted = /npx theseus (migration start (mig_\w+))/.exec(planned.out);
    const id = pasted?.[2] ?? '';
    const started = await theseus(...(pasted?.[1]?.split(' ') ?? []), '--until', 'soaking', '--json');
    expect(started.code, started.error).toBe(0);
    const lines = started.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.at(-1)).toMatchObject({ id, status: 'soaking', clientPath: '"public_01-split", public' });
    const shown = await theseus('migration', 'show', id);
    expect(shown.out).toContain('soaking');
    expect(shown.out).toContain(`npx theseus migration complete ${id}`);
    const script = await theseus('migration', 'eject', id, '--database', url, '--to', 'rollback');
    expect({ code: script.code, out: script.out }).toEqual({
      code: 0,
      out: expect.stringContaining('DROP COLUMN'),
    });
    expect(script.out).not.toContain(password);
    const asked = await theseus('migration', 'eject', id, '--to', 'rollback');
    expect(asked.out).toContain('DROP COLUMN');
    expect((await theseus('migration', 'eject', '--to', 'rollback')).code).toBe(2);
    expect((await theseus('migration', 'complete', id)).code).toBe(0);
    const watched = await theseus('migration', 'watch', id);
    expect({ code: watched.code, out: watched.out }).toEqual({
      code: 0,
      out: expect.stringContaining('completed'),
    });
    expect((await theseus('migration', 'pause', id)).code).toBe(3);
    expect((await theseus('migration', 'list', '--json')).out).toContain(id);
    expect((await theseus('migration', 'undo', id, '--accept-losses')).code).toBe(0);
    expect((await theseus('migration', 'watch', id)).code).toBe(0);
    expect((await theseus('migration', 'show', 'mig_none')).code).toBe(3);

    const broken = await theseus('migration', 'plan', '--database', 'shop', '03-broken.yaml', '--json');
    const failed = await theseus('migration', 'start', json(broken).id, '--watch', '--json');

    expect({ code: failed.code, last: json(failed).status }).toEqual({ code: 4, last: 'rejected' });
    for (const ran of [added, planned, started, shown, watched, failed])
      expect(ran.out + ran.error).not.toContain(password);
  });

  it('the log at its most talkative holds no password', async () => {
    platform.kill('SIGTERM');
    await new Promise((resolve) =>
      platform.exitCode === null ? platform.once('exit', resolve) : resolve(null),
    );
    expect(platform.exitCode).toBe(0);
    expect(log.length).toBeGreaterThan(1_000);
    for (const form of [password, encodeURIComponent(password)]) expect(log.includes(form)).toBe(false);
  });
});
