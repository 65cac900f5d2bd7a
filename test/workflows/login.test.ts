import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { secretsManager } from '#platform/clients.ts';
import { type Platform, startPlatform } from './harness.ts';

const member = 'workflow_app';
const day = 86_400_000;

describe('a login role of the version', () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await startPlatform({ rows: 20 });
    await platform.sql(`DROP ROLE IF EXISTS ${member}`);
    await platform.sql(`CREATE ROLE ${member}; GRANT SELECT, INSERT, UPDATE ON orders, customers TO ${member};
      GRANT USAGE ON SCHEMA public TO ${member}`);
  });
  afterAll(async () => {
    const admin = new pg.Client({ connectionString: platform.url });
    await admin.connect();
    await admin.query(`DROP OWNED BY ${member}; DROP ROLE ${member}`);
    await admin.end();
  });

  const options = { soakSeconds: 3_600, undoWindowSeconds: day / 1_000, loginRole: member };
  const soaking = async (file: string, more: object = {}) => {
    const { id } = await platform.plan(file, { options: { ...options, ...more } });
    await platform.act(id, 'start');
    return platform.until(id, 'soaking');
  };
  const secretOf = async (SecretId: string) => {
    const found = await secretsManager().send(new GetSecretValueCommand({ SecretId }));
    return JSON.parse(found.SecretString ?? '{}');
  };
  const roles = async () =>
    (await platform.sql(`SELECT rolname FROM pg_roles WHERE rolname LIKE '${member}\\_%' ORDER BY 1`)).map(
      ({ rolname }) => rolname,
    );
  /** Everything the platform stores, but the encrypted secrets. */
  const stored = (folder: string): string =>
    readdirSync(folder, { withFileTypes: true })
      .filter(({ name }) => name !== 'secrets')
      .map((entry) => {
        const path = join(folder, entry.name);
        return entry.isDirectory() ? stored(path) : readFileSync(path, 'latin1');
      })
      .join();

  it('is made at publish, in the plan and in the answer, and its password is in the secret alone', async () => {
    const { act, until, send, sql, directory } = platform;
    const { id, login, plan } = await soaking('03-add-not-null.yaml');
    const role = `${member}_public_03-add-not-null`;
    expect(plan?.notes.map(({ code }) => code)).toContain('login_role');
    expect(login).toEqual({ role, memberOf: member, secretArn: expect.stringContaining(`/logins/${id}`) });
    expect((await send('GET', `/migrations/${id}/plan`)).body.login).toMatchObject({ role });

    const secret = await secretOf(login?.secretArn ?? '');
    expect(secret).toMatchObject({ username: role, password: expect.stringMatching(/^.{43}$/) });
    const client = new pg.Client({
      host: secret.host,
      port: secret.port,
      user: secret.username,
      password: secret.password,
      database: secret.dbname,
    });
    await client.connect();
    await client.query(`UPDATE orders SET status = 'seen' WHERE id = 1`);
    expect((await client.query('SELECT status FROM orders WHERE id = 1')).rows).toEqual([{ status: 'seen' }]);
    await client.end();
    expect(stored(directory)).not.toContain(secret.password);

    await act(id, 'rollback');
    expect(await until(id, 'rolled_back')).toMatchObject({ login: null, differences: [] });
    expect(await roles()).toEqual([]);
    await expect(secretOf(login?.secretArn ?? '')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    expect(await sql('SELECT 1 AS alive')).toEqual([{ alive: 1 }]);
  });

  it('stays as long as its version, which the removal of the next one ends', async () => {
    const { act, until, cloud } = platform;
    const first = await soaking('03-add-not-null.yaml');
    await act(first.id, 'complete');
    await until(first.id, 'completed');
    const second = await soaking('01-split-name.yaml', { undoWindowSeconds: (2 * day) / 1_000 });
    await act(second.id, 'complete');
    await until(second.id, 'completed');
    expect(await roles()).toHaveLength(2);
    await cloud.clock.advance(day + 1_000);
    await until(first.id, 'removed');
    expect(await roles()).toHaveLength(2);
    await cloud.clock.advance(day);
    await until(second.id, 'removed');
    expect(await roles()).toEqual([`${member}_public_01-split-name`]);
    expect((await secretOf(second.login?.secretArn ?? '')).username).toBe(`${member}_public_01-split-name`);
    await expect(secretOf(first.login?.secretArn ?? '')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    await platform.sql(`DROP ROLE "${member}_public_01-split-name"`);
  });

  it('is refused for roles that could do more than a client', async () => {
    const { id } = await platform.plan('02-change-type.yaml', {
      options: { ...options, loginRole: 'pg_monitor' },
    });
    await platform.act(id, 'start');
    const refused = await platform.until(id, 'rejected');
    expect(JSON.stringify(refused.failure)).toContain('login_role_too_powerful');
  });
});
