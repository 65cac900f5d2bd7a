import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { type Postgres, startPostgres } from '#local/postgres/server.ts';
import { START } from '../../pacing/pace.ts';
import { backfillRange } from './backfill.ts';
import { openSession } from './connection.ts';
import { everything, fence, id, makePeople, openerOf, splitName } from './test-target.ts';

const directory = mkdtempSync(join(tmpdir(), 'crash-'));
// Run by root, the server is another user, who must be able to enter; else its data lies elsewhere and stays there.
chmodSync(directory, 0o755);
let server: Postgres | undefined;
afterAll(async () => {
  await server?.stop();
  rmSync(directory, { recursive: true, force: true });
});

it('has on disk what it reported, though chunks do not wait for the disk: the server may be killed', async () => {
  // Without anyone asking for it, the log would stay in memory for 10 s.
  const start = () => startPostgres({ directory, settings: { wal_writer_delay: '10s', autovacuum: 'off' } });
  server = await start();
  const before = await openSession(server.url, { applicationName: 'test' });
  await makePeople(before, 'id bigint', 'g', 2_000);
  const { status } = await backfillRange(openerOf(server.url), splitName(id), everything, null, fence, {
    signal: new AbortController().signal,
    until: Number.POSITIVE_INFINITY,
    pace: START,
    onProgress: async () => true,
  });
  expect(status).toBe('done');
  process.kill(server.pid, 'SIGKILL');
  await before.close();

  server = await start();
  const after = await openSession(server.url, { applicationName: 'test' });
  const { rows } = await after.query("SELECT count(*)::int AS n FROM shop.people WHERE first = 'Mary'");
  expect(rows[0]?.n).toBe(2_000);
  await after.close();
}, 60_000);
