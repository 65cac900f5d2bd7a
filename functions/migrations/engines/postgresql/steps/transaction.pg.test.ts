import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import type { Step } from '../../../plan/schemas.ts';
import { openSession, type Session } from '../connection.ts';
import { splitName } from '../dual-write/shop.ts';
import { takeFence } from '../fence.ts';
import { runTransaction } from './transaction.ts';

let url: string;
const opened: Session[] = [];

async function open(): Promise<Session> {
  const session = await openSession(url, { applicationName: 'theseus:test' });
  opened.push(session);
  return session;
}

const fence = { migration: 'm', epoch: 1 };
const run = (within = 5_000) => ({ signal: new AbortController().signal, until: Date.now() + within });

function step(id: string, sql: string, over: Partial<Extract<Step, { kind: 'transaction' }>> = {}) {
  return {
    kind: 'transaction' as const,
    id,
    purpose: 'test',
    locks: [
      { schema: 'public', name: 'b', oid: null },
      { schema: 'public', name: 'a', oid: null },
    ],
    statements: [{ sql, values: [] }],
    dualWrites: [],
    ...over,
  };
}

let session: Session;

beforeEach(async () => {
  url = await createDatabase('steps');
  session = await open();
  await takeFence(session, fence, { name: 'test', schema: 'public', phase: 'expand' });
  await session.query('CREATE TABLE public.a (id int PRIMARY KEY, name text)');
  await session.query('CREATE TABLE public.b (id int PRIMARY KEY)');
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()));
});

describe('a transaction step', () => {
  it('is done once, also when it is run again or twice at the same moment', async () => {
    const add = step('1', 'ALTER TABLE a ADD COLUMN x int');
    const [first, second] = await Promise.all([
      runTransaction(session, add, fence, run()),
      runTransaction(await open(), add, fence, run()),
    ]);
    expect([first.already, second.already].toSorted()).toEqual([false, true]);
    expect(await runTransaction(session, add, fence, run())).toMatchObject({ status: 'done', already: true });
  });

  it('waits for no client longer than its budget, gets the lock between two, and measures', async () => {
    const other = await open();
    await other.query('BEGIN');
    await other.query('SELECT FROM public.a');
    const running = runTransaction(session, step('1', 'ALTER TABLE a ADD COLUMN x int'), fence, run());
    const reader = await open();
    await new Promise((resolve) => setTimeout(resolve, 60));
    // Were it to wait behind the step until the other ends, this would wait for ever.
    await reader.query('SELECT FROM public.a');
    await new Promise((resolve) => setTimeout(resolve, 250));
    await other.query('COMMIT');
    const result = await running;
    expect(result.attempts).toBeGreaterThan(1);
    expect(result.lockWaitMs).toBeGreaterThan(150);
    expect(result.lockHoldMs).toBeGreaterThan(0);
  });

  it('names who holds the tables when it gives up, and leaves nothing', async () => {
    const other = await openSession(url, { applicationName: 'a-batch-job' });
    opened.push(other);
    await other.query('BEGIN');
    await other.query('SELECT FROM public.a');
    await expect(
      runTransaction(session, step('1', 'ALTER TABLE a ADD COLUMN x int'), fence, run(800)),
    ).rejects.toMatchObject({
      name: 'LockBudgetExceeded',
      retryable: true,
      evidence: { blockers: [{ pid: other.pid, application: 'a-batch-job', state: 'idle in transaction' }] },
      action: expect.stringContaining(`${other.pid} (a-batch-job`),
    });
    await other.query('COMMIT');
    await session.query('ALTER TABLE public.a ADD COLUMN x int');
  });

  it('writes nothing when another epoch holds the fence', async () => {
    await takeFence(
      await open(),
      { migration: 'm', epoch: 2 },
      { name: 'test', schema: 'public', phase: 'x' },
    );
    await expect(
      runTransaction(session, step('1', 'ALTER TABLE a ADD COLUMN x int'), fence, run()),
    ).rejects.toMatchObject({ name: 'FenceLost' });
    const { rows } = await session.query(
      `SELECT FROM pg_attribute WHERE attrelid = 'public.a'::regclass AND attname = 'x'`,
    );
    expect(rows).toHaveLength(0);
  });

  it('rolls everything back when a statement fails, and says which', async () => {
    const broken = step('1', 'ALTER TABLE a ADD COLUMN x int', {
      statements: [
        { sql: 'ALTER TABLE a ADD COLUMN x int', values: [] },
        { sql: 'ALTER TABLE a ADD COLUMN name int', values: [] },
      ],
    });
    await expect(runTransaction(session, broken, fence, run())).rejects.toMatchObject({
      name: 'StatementFailed',
      evidence: { sqlstate: '42701', statement: 'ALTER TABLE a ADD COLUMN name int' },
    });
    await runTransaction(session, step('2', 'ALTER TABLE a ADD COLUMN x int'), fence, run());
  });

  it('ends groups before its statements and starts them after, and passes over tables that are gone', async () => {
    const table = { schema: 'public', name: 'a', oid: null };
    await runTransaction(
      session,
      step('1', 'ALTER TABLE a ADD COLUMN first_name text, ADD COLUMN last_name text', {
        dualWrites: [{ action: 'add', table, group: splitName }],
      }),
      fence,
      run(),
    );
    await session.query(`INSERT INTO public.a (id, name) VALUES (1, 'Mary Ann Smith')`);
    const { rows } = await session.query('SELECT first_name, last_name FROM public.a');
    expect(rows).toEqual([{ first_name: 'Mary', last_name: 'Ann Smith' }]);
    await runTransaction(
      session,
      step('2', 'ALTER TABLE a DROP COLUMN name', { dualWrites: [{ action: 'remove', table, group: 'g1' }] }),
      fence,
      run(),
    );
    await session.query('DROP TABLE public.b');
    const undo = step('3', 'DROP TABLE IF EXISTS b', {
      dualWrites: [{ action: 'remove', table, group: 'g1' }],
    });
    expect(await runTransaction(session, undo, fence, run())).toMatchObject({
      status: 'done',
      already: false,
    });
  });

  it('finds out after a lost connection whether it was committed', async () => {
    const victim = await open();
    const add = step('1', 'ALTER TABLE a ADD COLUMN x int', {
      statements: [
        { sql: 'ALTER TABLE a ADD COLUMN x int', values: [] },
        { sql: 'SELECT pg_terminate_backend(pg_backend_pid())', values: [] },
      ],
    });
    await expect(runTransaction(victim, add, fence, run())).rejects.toMatchObject({
      name: 'ConnectionLost',
      retryable: true,
    });
    const again = step('1', 'ALTER TABLE a ADD COLUMN x int');
    expect(await runTransaction(session, again, fence, run())).toMatchObject({ already: false });
    expect(await runTransaction(session, again, fence, run())).toMatchObject({ already: true });
  });
});
