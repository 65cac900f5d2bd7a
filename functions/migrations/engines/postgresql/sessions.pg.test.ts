import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { clock, setClock } from '#platform/clock.ts';
import type { Session } from './connection.ts';
import { borrowSession, endIdleSessions } from './sessions.ts';
import type { SessionOptions } from './settings.ts';

let url: string;
let admin: pg.Client;

beforeEach(async () => {
  url = await createDatabase('sessions');
  admin = new pg.Client({ connectionString: url, application_name: 'admin' });
  await admin.connect();
});

afterEach(async () => {
  vi.useRealTimers();
  await endIdleSessions();
  await admin.end();
});

const borrow = (options: Partial<SessionOptions> = {}, at = url): Promise<Session> =>
  borrowSession(at, { applicationName: 'theseus:mig_1:step:1', ...options });

/** Borrows `count` at once and gives them all back. */
async function use(count: number, at = url): Promise<number[]> {
  const sessions = await Promise.all(Array.from({ length: count }, () => borrow({}, at)));
  await Promise.all(sessions.map((session) => session.close()));
  return sessions.map(({ pid }) => pid);
}

async function backends(): Promise<{ pid: number; name: string; state: string }[]> {
  const { rows } = await admin.query(
    `SELECT pid, application_name AS name, state FROM pg_stat_activity
     WHERE datname = current_database() AND application_name <> 'admin' AND backend_type = 'client backend'`,
  );
  return rows;
}

const gone = (pid: number) =>
  vi.waitFor(async () => expect((await backends()).map((one) => one.pid)).not.toContain(pid), 30_000);

describe('a session that was given back', () => {
  it('is the next one’s, and says whose it is at every moment', async () => {
    const first = await borrow();
    expect(await backends()).toEqual([
      { pid: first.pid, name: 'theseus:mig_1:step:1', state: expect.any(String) },
    ]);
    await first.close();
    expect(await backends()).toEqual([{ pid: first.pid, name: 'theseus:idle', state: 'idle' }]);
    const second = await borrow({ applicationName: 'theseus:mig_2:other:7' });
    expect(await backends()).toEqual([
      { pid: first.pid, name: 'theseus:mig_2:other:7', state: expect.any(String) },
    ]);
    await second.close();
  });

  it('keeps nothing of what was done in it', async () => {
    await admin.query('CREATE TABLE kept (n int); CREATE ROLE sessions_other');
    const first = await borrow({ schema: 'public', worker: 'backfill' });
    await first.query(`SET ROLE sessions_other; RESET ROLE; CREATE TEMP TABLE kept (x text); LISTEN news;
      PREPARE plan AS SELECT 1; DECLARE open CURSOR WITH HOLD FOR SELECT 1;
      SELECT pg_advisory_lock(42), pg_advisory_lock_shared(43);
      SET synchronous_commit = off; SET enable_seqscan = off; SET TimeZone = 'Asia/Tokyo'; SET my.own = 'x';
      SET ROLE sessions_other`);
    await first.close();
    expect(
      (await admin.query('SELECT pg_try_advisory_lock(42) AS a, pg_try_advisory_lock(43) AS b')).rows,
    ).toEqual([{ a: true, b: true }]);
    expect((await admin.query(`SELECT relname FROM pg_class WHERE relpersistence = 't'`)).rows).toEqual([]);
    const second = await borrow({ readOnly: true });
    expect(second.pid).toBe(first.pid);
    const { rows } = await second.query(
      `SELECT current_user = session_user AS own, current_setting('search_path') AS path,
         current_setting('synchronous_commit') AS commit, current_setting('enable_seqscan') AS seqscan,
         current_setting('TimeZone') AS zone, current_setting('my.own', true) AS mine,
         current_setting('theseus.worker') AS worker, current_setting('default_transaction_read_only') AS "readOnly",
         current_setting('idle_session_timeout') AS idle,
         (SELECT count(*)::int FROM pg_prepared_statements) + (SELECT count(*)::int FROM pg_cursors)
           + (SELECT count(*)::int FROM pg_listening_channels()) AS things`,
    );
    expect(rows).toEqual([
      {
        own: true,
        path: 'pg_catalog',
        commit: 'on',
        seqscan: 'on',
        zone: 'UTC',
        mine: '',
        worker: '',
        readOnly: 'on',
        idle: '0',
        things: 0,
      },
    ]);
    await second.close();
    await admin.query('DROP ROLE sessions_other');
  });

  it('has the settings of its next use, those included that not every role may make', async () => {
    const first = await borrow();
    await first.query(`CREATE SCHEMA theseus; CREATE TABLE theseus.settings (name text PRIMARY KEY, value text);
      INSERT INTO theseus.settings VALUES ('TimeZone', 'Asia/Tokyo')`);
    await first.close();
    const settings = async (options: Partial<SessionOptions>) => {
      const session = await borrow(options);
      const { rows } = await session.query(
        `SELECT current_setting('TimeZone') AS zone, current_setting('statement_timeout') AS statement,
           current_setting('client_connection_check_interval') AS look, current_setting('deadlock_timeout') AS deadlock`,
      );
      await session.close();
      return { pid: session.pid, ...rows[0] };
    };
    const short = { zone: 'Asia/Tokyo', statement: '30s', look: '5s', deadlock: '50ms' };
    expect(await settings({})).toEqual({ ...short, pid: first.pid });
    expect(await settings({ long: true })).toEqual({ ...short, pid: first.pid, statement: '0', look: '0' });
    // One that was opened after the database was taken in hand knows by itself.
    await endIdleSessions();
    const { pid } = await settings({});
    expect(await settings({ long: true })).toEqual({ ...short, pid, statement: '0', look: '0' });
    expect(await settings({})).toEqual({ ...short, pid });
  });

  it('has forgotten the names of its prepared statements, on both sides', async () => {
    const first = await borrow();
    const one = await first.client.query({ name: 'theseus chunk', text: 'SELECT $1::int AS n', values: [1] });
    await first.close();
    const second = await borrow();
    expect(second.pid).toBe(first.pid);
    const two = await second.client.query({
      name: 'theseus chunk',
      text: 'SELECT $1::text AS t',
      values: ['x'],
    });
    expect([one.rows, two.rows]).toEqual([[{ n: 1 }], [{ t: 'x' }]]);
    await second.close();
  });

  it('cannot be used any more, nor given back twice', async () => {
    const first = await borrow();
    await first.close();
    await first.close();
    await expect(first.query('SELECT 1')).rejects.toMatchObject({ name: 'ConnectionLost' });
    expect(() => first.client).toThrow('was closed before');
    const [second, third] = await Promise.all([borrow(), borrow()]);
    expect(second.pid).not.toBe(third.pid);
    await Promise.all([second.close(), third.close()]);
  });
});

describe('never used again is a session', () => {
  it('that was let go of with its statement', async () => {
    const detached = await borrow({ long: true });
    detached.detach();
    await detached.close();
    const [next] = await use(1);
    expect(next).not.toBe(detached.pid);
  });

  it('with an open or failed transaction', async () => {
    await admin.query('CREATE TABLE held (n int)');
    const open = await borrow({ schema: 'public' });
    await open.query('BEGIN; LOCK TABLE held');
    await open.close();
    await gone(open.pid);
    const failed = await borrow();
    await failed.query('BEGIN');
    await expect(failed.query('SELECT 1/0')).rejects.toMatchObject({ name: 'StatementFailed' });
    await failed.close();
    await gone(failed.pid);
  });

  it('with a statement still under way: it is hung up at once', async () => {
    const session = await borrow();
    const running = session.query('SELECT pg_sleep(60)');
    const lost = expect(running).rejects.toMatchObject({ name: 'ConnectionLost' });
    const since = performance.now();
    await session.close();
    await lost;
    expect(performance.now() - since).toBeLessThan(30_000);
    const [next] = await use(1);
    expect(next).not.toBe(session.pid);
  });

  it('of other credentials', async () => {
    const name = `login_${new URL(url).pathname.slice(-10)}`;
    await admin.query(`CREATE ROLE ${name} LOGIN PASSWORD 'old'`);
    const as = (password: string) => Object.assign(new URL(url), { username: name, password }).href;
    const [own] = await use(1);
    const [old] = await use(1, as('old'));
    expect(old).not.toBe(own);
    await admin.query(`ALTER ROLE ${name} PASSWORD 'new'`);
    await expect(borrow({}, as('wrong'))).rejects.toMatchObject({ name: 'DatabaseRefused' });
    const [rotated] = await use(1, as('new'));
    expect(rotated).not.toBe(old);
    await endIdleSessions();
    await admin.query(`DROP ROLE ${name}`);
  });

  it('after a minute, or where defaults are to be read as they are now', async () => {
    const [first] = await use(1);
    const started = clock.monotonic();
    const restore = setClock({ ...clock, monotonic: () => started + 61_000 });
    const [aged] = await use(1);
    restore();
    expect(aged).not.toBe(first);
    await endIdleSessions();

    const [before] = await use(1);
    await admin.query(
      `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET default_transaction_read_only = on`,
    );
    const fresh = await borrow({ fresh: true });
    expect(fresh.pid).not.toBe(before);
    const { rows } = await fresh.query(
      `SELECT reset_val FROM pg_settings WHERE name = 'default_transaction_read_only'`,
    );
    expect(rows).toEqual([{ reset_val: 'on' }]);
    await fresh.close();
  });
});

describe('idle sessions', () => {
  it('that died are replaced before anyone notices', async () => {
    const pids = await use(3);
    await admin.query('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid', [pids]);
    // At once: the client may not have heard of it yet.
    const next = await borrow();
    expect(pids).not.toContain(next.pid);
    expect((await next.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await next.close();
  });

  it('that do not answer are replaced after two seconds', async () => {
    const [stopped = 0] = await use(1);
    process.kill(stopped, 'SIGSTOP');
    try {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const asked = borrow();
      await vi.advanceTimersByTimeAsync(2_000);
      // The second wait is for its goodbye.
      await vi.advanceTimersByTimeAsync(2_000);
      const next = await asked;
      vi.useRealTimers();
      expect(next.pid).not.toBe(stopped);
      await next.close();
    } finally {
      process.kill(stopped, 'SIGCONT');
    }
  });

  it('are ended after three seconds by us, and after ten by the server where we cannot', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const session = await borrow();
    const { client, pid } = session;
    await session.close();
    expect((await client.query('SHOW idle_session_timeout')).rows).toEqual([{ idle_session_timeout: '10s' }]);
    await vi.advanceTimersByTimeAsync(2_999);
    expect(await backends()).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    vi.useRealTimers();
    await gone(pid);
  });

  it('are at most four of a target and twenty in all', async () => {
    await use(8);
    expect(await backends()).toHaveLength(4);
    for (let target = 1; target <= 6; target += 1) await use(4, `${url}?fallback_application_name=${target}`);
    expect(await backends()).toHaveLength(20);
    // What was given back last is kept.
    const before = await backends();
    const last = await borrow({}, `${url}?fallback_application_name=6`);
    expect(before.map(({ pid }) => pid)).toContain(last.pid);
    await last.close();
  });

  it('make room where the server has no connection left', async () => {
    const name = `few_${new URL(url).pathname.slice(-10)}`;
    await admin.query(`CREATE ROLE ${name} LOGIN PASSWORD 'x' CONNECTION LIMIT 2`);
    const as = Object.assign(new URL(url), { username: name, password: 'x' }).href;
    const idle = await use(2, as);
    const [other] = await use(1, `${as}?fallback_application_name=other`);
    expect(idle).not.toContain(other);
    await endIdleSessions();
    await admin.query(`DROP ROLE ${name}`);
  });

  it('do not keep a process alive', async () => {
    const script = `import { borrowSession } from ${JSON.stringify(new URL('./sessions.ts', import.meta.url).href)};
      const session = await borrowSession(process.env.TARGET, { applicationName: 'theseus:test' });
      await session.close();
      const seen = new Set(process.getActiveResourcesInfo());
      console.log(['TCPSocketWrap', 'Timeout'].filter((one) => seen.has(one)).join() || 'nothing');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, TARGET: url },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    expect(await once(createInterface(child.stdout), 'line')).toEqual(['nothing']);
    expect(await exited).toEqual([0, null]);
  });

  it('do not stand in the way of DROP DATABASE', async () => {
    const other = await createDatabase('dropped');
    await use(1, other);
    // They leave by themselves; the server waits five seconds for that, which a busy machine may miss.
    const dropped = () => admin.query(`DROP DATABASE IF EXISTS ${new URL(other).pathname.slice(1)}`);
    await expect.poll(() => dropped().then(() => 'dropped', String), { timeout: 30_000 }).toBe('dropped');
  });
});
