import {
  chmodSync,
  chownSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Postgres, startPostgres } from '#local/postgres/server.ts';
import { openSession, type Session } from './connection.ts';
import { type Probe, startProbe } from './probe.ts';
import { id, makePeople, people } from './test-target.ts';

const settings = { fsync: 'off', max_wal_senders: 4 };

/** A server that streams from `primary`, made of a copy of its files as pg_basebackup makes one. */
async function standbyOf({ port }: Postgres, session: Session, directory: string): Promise<Postgres> {
  await session.query("SELECT pg_backup_start('standby', true)");
  const [from, to] = [join(directory, 'primary'), join(directory, 'standby')];
  cpSync(from, to, { recursive: true });
  const { rows } = await session.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
  const data = join(to, 'data');
  chmodSync(data, 0o700);
  rmSync(join(data, 'postmaster.pid'), { force: true });
  writeFileSync(join(data, 'backup_label'), rows[0]?.labelfile ?? '');
  writeFileSync(join(data, 'standby.signal'), '');
  // Started by root, a server runs as the user whom its files belong to.
  const { uid, gid } = statSync(join(from, 'data', 'PG_VERSION'));
  if (process.getuid?.() === 0) {
    for (const file of ['', ...readdirSync(data, { recursive: true, encoding: 'utf8' })])
      chownSync(join(data, file), uid, gid);
  }
  const password = readFileSync(join(from, 'password'), 'utf8').trim();
  const primary_conninfo = `host=127.0.0.1 port=${port} user=postgres password=${password}`;
  return startPostgres({ directory: to, settings: { ...settings, primary_conninfo } });
}

describe.skipIf(process.platform === 'win32')('the lag of a standby', () => {
  const directory = mkdtempSync(join(tmpdir(), 'theseus-standby-'));
  const servers: Postgres[] = [];
  let writer: Session;
  let onStandby: Session;
  let reader: Session;
  let probe: Probe;

  beforeAll(async () => {
    chmodSync(directory, 0o755);
    const primary = await startPostgres({ directory: join(directory, 'primary'), settings });
    servers.push(primary);
    writer = await openSession(primary.url, { applicationName: 'test' });
    reader = await openSession(primary.url, { applicationName: 'test' });
    const standby = await standbyOf(primary, writer, directory);
    servers.unshift(standby);
    onStandby = await openSession(standby.url, { applicationName: 'test' });
    await writer.query('SET search_path = shop');
    await makePeople(writer, 'id bigint', 'g', 1_000);
    probe = await startProbe(reader, people, id, writer.pid);
  });
  afterAll(async () => {
    await probe?.stop();
    for (const session of [writer, reader, onStandby]) await session?.close();
    for (const server of servers) await server.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Writes, as a backfill would, and says what the probe makes of the standby meanwhile. */
  const lag = async (): Promise<number> => {
    await writer.query("UPDATE people SET first = 'x' WHERE id <= 100");
    return probe.load()?.replicationLagMs ?? 0;
  };

  it('is seen while it replays late, and over when it has caught up', async () => {
    await expect
      .poll(async () => (await onStandby.query('SELECT FROM shop.people')).rowCount, { timeout: 60_000 })
      .toBe(1_000);
    await onStandby.query('SELECT pg_wal_replay_pause()');
    await expect.poll(lag, { timeout: 60_000 }).toBeGreaterThan(1_500);
    await onStandby.query('SELECT pg_wal_replay_resume()');
    await expect.poll(lag, { timeout: 60_000 }).toBeLessThan(1_000);
  });

  it('is seen when the standby says nothing any more: the server shows what it said last', async () => {
    const { rows } = await onStandby.query<{ pid: number }>('SELECT pid FROM pg_stat_wal_receiver');
    const receiver = rows[0]?.pid ?? 0;
    expect(receiver).toBeGreaterThan(0);
    process.kill(receiver, 'SIGSTOP');
    try {
      await expect.poll(lag, { timeout: 60_000 }).toBeGreaterThan(1_500);
    } finally {
      process.kill(receiver, 'SIGCONT');
    }
    await expect.poll(lag, { timeout: 60_000 }).toBeLessThan(1_000);
  });
});
