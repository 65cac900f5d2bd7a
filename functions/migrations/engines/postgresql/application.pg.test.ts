import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { watchApplication } from './application.ts';
import { openSession, type Session } from './connection.ts';

describe("the application's own statements", () => {
  let client: Session;
  let watcher: Session;

  beforeAll(async () => {
    const url = await createDatabase('application');
    client = await openSession(url, { applicationName: 'client', schema: 'public' });
    watcher = await openSession(url, { applicationName: 'test', readOnly: true });
  });
  afterAll(() => Promise.all([client, watcher].map((session) => session?.close())));

  const call = async (seconds: number, times: number) => {
    for (let time = 0; time < times; time++) await client.query('SELECT pg_sleep($1)', [seconds]);
  };

  it('cannot be seen without the extension, nor before there are any', async () => {
    expect(await watchApplication(watcher)).toBeNull();
    await client.query('CREATE EXTENSION pg_stat_statements SCHEMA public');
    expect(await watchApplication(watcher)).toBeNull();
  });

  it('are held against what each of them usually takes, and against a moment without us', async () => {
    await call(0.001, 30);
    const application = await watchApplication(watcher);
    await call(0.01, 40);
    expect(await application?.look(false)).toBeNull();
    await call(0.01, 20);
    const slower = await application?.look(false);
    expect(slower).toMatchObject({ calls: 60 });
    expect(slower?.meanMs).toBeGreaterThan(10);
    expect(slower?.usualMs).toBeLessThan(slower?.meanMs ?? 0);

    await application?.begin();
    await call(0.01, 20);
    expect(await application?.look(true)).toBeNull();
    await call(0.01, 60);
    const usual = await application?.look(false);
    expect(usual?.meanMs).toBeLessThan((usual?.usualMs ?? 0) * 1.5);
  });

  it("leave out Theseus' own, and begin again when the statistics are reset", async () => {
    for (let time = 0; time < 60; time++) await client.query('SELECT /* theseus */ 1');
    const application = await watchApplication(watcher);
    for (let time = 0; time < 60; time++) await client.query('SELECT /* theseus */ 1');
    expect(await application?.look(false)).toBeNull();
    await client.query(
      'SELECT pg_stat_statements_reset(0, (SELECT oid FROM pg_database WHERE datname = current_database()), 0)',
    );
    await call(0.001, 60);
    expect(await application?.look(false)).toBeNull();
    await call(0.001, 60);
    expect(await application?.look(false)).toMatchObject({ calls: 60 });
  });
});
