import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import type { Step } from '../../../plan/schemas.ts';
import { applicationName, openSession, type Session } from '../connection.ts';
import { takeFence } from '../fence.ts';
import type { SessionOptions } from '../settings.ts';
import { runStep } from './run.ts';

let url: string;
let session: Session;
const opened: Session[] = [];
const fence = { migration: 'm', epoch: 1 };

async function open(options: Omit<SessionOptions, 'applicationName'> = {}): Promise<Session> {
  const each = await openSession(url, { applicationName: applicationName('m', 'test', '1'), ...options });
  opened.push(each);
  return each;
}

const within = (ms: number) => ({ signal: new AbortController().signal, until: Date.now() + ms });
const table = { schema: 'public', name: 't', oid: null };
const index = (sql = 'CREATE UNIQUE INDEX CONCURRENTLY "t x" ON public.t (x)'): Step => ({
  kind: 'create_index',
  id: 'index.1',
  purpose: 'test',
  table,
  index: 't x',
  unique: true,
  sql,
});
const drop: Step = { kind: 'drop_index', id: 'rollback.1', purpose: 'test', schema: 'public', index: 't x' };
const run = (step: Step, ms = 5_000) => runStep(open, step, fence, within(ms));

async function indexStates(): Promise<boolean[]> {
  const { rows } = await session.query<{ indisvalid: boolean }>(
    `SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('public."t x"')`,
  );
  return rows.map((row) => row.indisvalid);
}

/** An old snapshot, for which CREATE INDEX CONCURRENTLY has to wait. */
async function snapshotHolder(): Promise<Session> {
  const holder = await open();
  await holder.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await holder.query('SELECT 1 FROM public.t LIMIT 1');
  return holder;
}

beforeEach(async () => {
  url = await createDatabase('long');
  session = await open();
  await takeFence(session, fence, { name: 'm', schema: 'public', phase: 'index' });
  await session.query('CREATE TABLE public.t (id int PRIMARY KEY, x int)');
  await session.query('INSERT INTO public.t SELECT n, n FROM generate_series(1, 1000) n');
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()));
});

describe('an index built while clients write', () => {
  it('is built once, found again, and dropped once', async () => {
    expect(await run(index())).toMatchObject({ status: 'done', already: false });
    expect(await run(index())).toMatchObject({ status: 'done', already: true });
    expect(await indexStates()).toEqual([true]);
    expect(await run(drop)).toMatchObject({ status: 'done', already: false });
    expect(await run(drop)).toMatchObject({ status: 'done', already: true });
    expect(await indexStates()).toEqual([]);
  });

  it('goes on in the backend when its caller runs out of time; the next calls join it', async () => {
    const holder = await snapshotHolder();
    expect(await run(index(), 400)).toMatchObject({ status: 'running' });
    expect(await indexStates()).toEqual([false]);
    expect(await run(index(), 200)).toMatchObject({ status: 'running' });
    const joined = run(index());
    await holder.query('COMMIT');
    expect(await joined).toMatchObject({ status: 'done', already: true });
    expect(await indexStates()).toEqual([true]);
  });

  it('replaces an INVALID leftover of a backend that is gone', async () => {
    const holder = await snapshotHolder();
    await run(index(), 400);
    await session.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE UNIQUE%' AND datname = current_database()`,
    );
    expect(await indexStates()).toEqual([false]);
    await holder.query('COMMIT');
    expect(await run(index())).toMatchObject({ status: 'done', already: false });
    expect(await indexStates()).toEqual([true]);
  });

  it('names the duplicate key, and leaves nothing that would refuse rows', async () => {
    await session.query('UPDATE public.t SET x = 7 WHERE id = 8');
    await expect(run(index())).rejects.toMatchObject({
      name: 'ConstraintViolated',
      message: expect.stringContaining('(x)=(7)'),
      evidence: { sqlstate: '23505', constraint: 't x' },
    });
    expect(await indexStates()).toEqual([]);
  });

  it('is cancelled when it has to go while a backend still builds it', async () => {
    const holder = await snapshotHolder();
    await run(index(), 400);
    const dropping = run(drop);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await holder.query('COMMIT');
    expect(await dropping).toMatchObject({ status: 'done' });
    expect(await indexStates()).toEqual([]);
  });

  it('is not begun by an epoch that lost the fence', async () => {
    await takeFence(session, { migration: 'm', epoch: 2 }, { name: 'm', schema: 'public', phase: 'index' });
    await expect(run(index())).rejects.toMatchObject({ name: 'FenceLost' });
    expect(await indexStates()).toEqual([]);
  });
});

describe('a constraint checked while clients write', () => {
  const validate: Step = { kind: 'validate', id: 'constrain.2', purpose: 'test', table, constraint: 'small' };

  it('is validated once, and says which constraint rows break', async () => {
    await session.query('ALTER TABLE public.t ADD CONSTRAINT small CHECK (x < 1001) NOT VALID');
    expect(await run(validate)).toMatchObject({ status: 'done', already: false });
    expect(await run(validate)).toMatchObject({ status: 'done', already: true });
    await session.query('ALTER TABLE public.t ADD CONSTRAINT tiny CHECK (x < 10) NOT VALID');
    await expect(run({ ...validate, id: 'constrain.3', constraint: 'tiny' })).rejects.toMatchObject({
      name: 'ConstraintViolated',
      evidence: { sqlstate: '23514', constraint: 'tiny' },
    });
  });
});

describe('a transaction step', () => {
  it('cancels a long statement of its own migration that nobody waits for any more', async () => {
    const holder = await snapshotHolder();
    await run(index(), 400);
    await run(
      {
        kind: 'transaction',
        id: 'rollback.2',
        purpose: 'test',
        locks: [table],
        dualWrites: [],
        statements: [{ sql: 'ALTER TABLE t DROP COLUMN x', values: [] }],
      },
      700,
    ).catch(() => {});
    const { rows } = await session.query(
      `SELECT FROM pg_stat_activity WHERE query LIKE 'CREATE UNIQUE%' AND state = 'active' AND datname = current_database()`,
    );
    expect(rows).toHaveLength(0);
    await holder.query('COMMIT');
  });
});
