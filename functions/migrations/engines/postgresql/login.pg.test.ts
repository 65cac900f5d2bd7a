import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { dropLogin, loginRole } from '../../plan/login.ts';
import { openSession, type Session } from './connection.ts';
import { takeFence } from './fence.ts';
import { makeLogin } from './login.ts';

const fence = { migration: 'mig_login', epoch: 1 };
const password = 'never-in-a-statement-0123456789';
const login = loginRole('login_app', 'public', 'public_v2');

let url: string;
let admin: Session;
beforeAll(async () => {
  url = await createDatabase('login');
  admin = await openSession(url, { applicationName: 'test', schema: 'public' });
  await admin.query('DROP ROLE IF EXISTS login_app_public_v2');
  await admin.query('DROP ROLE IF EXISTS login_app');
  await admin.query(`CREATE ROLE login_app LOGIN PASSWORD 'old';
    CREATE TABLE public.t (id int); GRANT SELECT ON public.t TO login_app;
    CREATE SCHEMA public_v2; CREATE VIEW public_v2.t AS SELECT id, 'new' AS side FROM public.t;
    GRANT USAGE ON SCHEMA public_v2 TO login_app; GRANT SELECT ON public_v2.t TO login_app; INSERT INTO public.t VALUES (1)`);
  await takeFence(admin, fence, { name: 'login', schema: 'public', phase: 'publish' });
});
afterAll(async () => {
  await admin.query(dropLogin('public_v2'));
  await admin.query('DROP OWNED BY login_app');
  await admin.query('DROP ROLE login_app');
  await admin.close();
});

const as = async (secret: string, ask: string) => {
  const { host, pathname } = new URL(url);
  const connectionString = `postgresql://login_app_public_v2:${secret}@${host}${pathname}`;
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query(ask)).rows;
  } finally {
    await client.end();
  }
};
const standing = async () =>
  (await admin.query(`SELECT rolcanlogin AS login FROM pg_roles WHERE rolname = 'login_app_public_v2'`)).rows;

describe('the login role of a version', () => {
  it('sees the version with the rights of the role it stands for, however often it is made', async () => {
    for (let run = 0; run < 2; run += 1) await makeLogin(admin, login, password, fence);
    expect(await as(password, 'SELECT id, side FROM t')).toEqual([{ id: 1, side: 'new' }]);
    const { rows } = await admin.query(
      `SELECT rolpassword ~ '^SCRAM-SHA-256.4096:' AS scram FROM pg_authid WHERE rolname = 'login_app_public_v2'`,
    );
    expect(rows).toEqual([{ scram: true }]);
    await expect(as('guessed', 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  });

  it('is not made by an execution that was superseded', async () => {
    await expect(makeLogin(admin, login, password, { ...fence, epoch: 0 })).rejects.toMatchObject({
      name: 'FenceLost',
    });
  });

  it('is never somebody else’s role', async () => {
    const other = loginRole('login_app', 'public', 'public_v3');
    await admin.query(`CREATE ROLE "${other.role}"`);
    try {
      await expect(makeLogin(admin, other, password, fence)).rejects.toMatchObject({ name: 'NameTaken' });
      await admin.query(dropLogin('public_v3'));
      expect((await admin.query('SELECT FROM pg_roles WHERE rolname = $1', [other.role])).rowCount).toBe(1);
    } finally {
      await admin.query(`DROP ROLE "${other.role}"`);
    }
  });

  it('can no longer log in when it cannot be dropped, and goes when it can', async () => {
    await admin.query(
      'CREATE TABLE public.own (id int); ALTER TABLE public.own OWNER TO login_app_public_v2',
    );
    await admin.query(dropLogin('public_v2'));
    expect(await standing()).toEqual([{ login: false }]);
    await admin.query('DROP TABLE public.own');
    await admin.query(dropLogin('public_v2'));
    expect(await standing()).toEqual([]);
  });
});
