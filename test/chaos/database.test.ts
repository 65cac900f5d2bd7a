import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { isAlive } from '#local/postgres/postmaster.ts';
import { type Postgres, startPostgres } from '#local/postgres/server.ts';
import { type MortalPlatform, startMortal } from './platform.ts';
import { openShop } from './shop.ts';

const directory = mkdtempSync(join(tmpdir(), 'theseus-chaos-database-'));
const settings = { shared_buffers: '64MB', autovacuum_naptime: '5s' };
let server: Postgres;

/** The server again where everybody knows it; in the meantime another process may have held its port for a moment. */
async function startAgain(attempts = 20): Promise<Postgres> {
  try {
    return await startPostgres({ directory, settings, port: server.port });
  } catch (error) {
    if (attempts === 0) throw error;
    await sleep(250);
    return startAgain(attempts - 1);
  }
}
let platform: MortalPlatform | undefined;
beforeAll(async () => {
  server = await startPostgres({ directory, settings });
});
afterEach(() => platform?.stop());
afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function newDatabase(name: string): Promise<string> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return url.href;
}

/** SIGQUIT is an immediate stop, as a crash: what was not on the disk is gone. SIGINT is a fast one. */
it.each(['SIGQUIT', 'SIGINT'] as const)(
  'the database stops (%s) in the middle of the backfill and comes back: the migration goes on, every row right',
  async (signal) => {
    const shop = await openShop(2_000, await newDatabase(signal.toLowerCase()));
    platform = await startMortal(shop.url);
    const planned = await platform.plan('05-shop.yaml', { ranges: 2 });
    await platform.kill({ stopOn: 'theseus chunk' });
    shop.open('old', null);
    const started = platform.start(planned);
    await platform.die('stopped');
    process.kill(server.pid, signal);
    while (isAlive(server.pid)) await sleep(10);
    platform.thaw();
    await started;
    // Long enough for a try that finds nobody.
    await sleep(300);
    server = await startAgain();

    const { clientPath, versionSchema } = await platform.reach(planned.id, 'soaking');
    shop.open('new', clientPath);
    await platform.act(planned.id, 'complete', ({ status }) => status !== 'soaking');
    await platform.reach(planned.id, 'completed');
    await shop.close('new');
    await shop.close('old');
    expect(await shop.check('old')).toMatchObject({ wrong: [] });
    expect(await shop.check({ schema: versionSchema ?? '' })).toMatchObject({ wrong: [] });
    const lost = /terminat|ECONNREFUSED|ECONNRESET|shutting down|starting up|accepting connections/i;
    expect(shop.errors().filter((error) => !lost.test(error))).toEqual([]);
  },
);
