import { connect as connectTo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { applicationName, openSession, querySingle } from './connection.ts';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/**
 * A pooler as PgBouncer is in transaction mode, as far as one can tell from outside: it answers the start-up with a
 * process id of its own, and its clients share one backend (here: both are told the first one's id).
 */
async function pooler(url: string, shared: boolean): Promise<string> {
  const target = new URL(url);
  let first: Buffer | undefined;
  const server = createServer((client) => {
    const backend = connectTo(Number(target.port), target.hostname);
    client.on('error', () => {});
    backend.on('error', () => {});
    client.pipe(backend);
    client.on('close', () => backend.destroy());
    backend.on('close', () => client.destroy());
    backend.on('data', (data: Buffer) => {
      // BackendKeyData: 'K', length 12, process id, key.
      const at = data.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]));
      if (at !== -1) data.writeInt32BE(1, at + 5);
      // The answer to pg_backend_pid() is one row of digits.
      const row = data.indexOf('D\0');
      if (
        shared &&
        row !== -1 &&
        data
          .subarray(row + 11)
          .toString('latin1')
          .match(/^\d+C/)
      ) {
        const digits = Number.parseInt(data.subarray(row + 11).toString('latin1'), 10).toString().length;
        first ??= Buffer.from(data.subarray(row + 11, row + 11 + digits));
        if (first.length === digits) first.copy(data, row + 11);
      }
      client.write(data);
    });
  });
  const through = new URL(url);
  through.port = String(await listen(server));
  return through.href;
}

describe('a session', () => {
  it('behaves the same whatever role and database have for defaults', async () => {
    const url = await createDatabase('session');
    const admin = await openSession(url, { applicationName: 'theseus:test' });
    const name = new URL(url).pathname.slice(1);
    await admin.query(`ALTER DATABASE ${name} SET TimeZone = 'Asia/Tokyo'`);
    await admin.query(`ALTER DATABASE ${name} SET statement_timeout = '900ms'`);
    await admin.query(`ALTER DATABASE ${name} SET default_transaction_isolation = 'serializable'`);
    await admin.query(`ALTER DATABASE ${name} SET search_path = public`);
    const session = await openSession(url, {
      applicationName: applicationName('mig', 'x', '1'),
      schema: 'od"d',
      long: true,
    });
    const { rows } = await session.query(
      `SELECT current_setting('TimeZone') AS zone, current_setting('statement_timeout') AS timeout, current_setting('search_path') AS path,
         current_setting('transaction_isolation') AS isolation, current_setting('application_name') AS name,
         current_setting('client_connection_check_interval') AS check`,
    );
    expect(rows).toEqual([
      {
        zone: 'UTC',
        timeout: '0',
        path: 'pg_catalog, "od""d", pg_temp',
        isolation: 'read committed',
        name: 'theseus:mig:x:1',
        check: '0',
      },
    ]);
    await Promise.all([session.close(), admin.close()]);
  });

  it('refuses a pooler in transaction mode, and takes one that keeps sessions', async () => {
    const url = await createDatabase('pooled');
    const kept = await openSession(await pooler(url, false), { applicationName: 'theseus:test' });
    await kept.close();
    await expect(
      openSession(await pooler(url, true), { applicationName: 'theseus:test' }),
    ).rejects.toMatchObject({
      name: 'DatabasePooled',
      action: expect.stringContaining('session mode'),
    });
  });

  it('says by name why it could not be opened, never with the password', async () => {
    const url = new URL(await createDatabase('refused'));
    url.password = 'hunter2';
    const closed = await listen(createServer());
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
    const cases: [string, (at: URL) => void][] = [
      [
        'DatabaseUnreachable',
        (at) => {
          at.port = String(closed);
        },
      ],
      [
        'DatabaseRefused',
        (at) => {
          at.pathname = '/nowhere';
        },
      ],
      [
        'DatabaseRefused',
        (at) => {
          at.username = 'nobody_here';
        },
      ],
      [
        'DatabaseRefused',
        (at) => {
          at.searchParams.set('sslmode', 'verify-full');
        },
      ],
    ];
    for (const [name, change] of cases) {
      const at = new URL(url);
      change(at);
      const error = await openSession(at.href, { applicationName: 'theseus:test' }).catch(
        (caught: unknown) => caught,
      );
      expect(error).toMatchObject({ name });
      expect(`${error} ${JSON.stringify(error)}`).not.toContain('hunter2');
    }
    const odd = await openSession('mysql://root:hunter2@localhost/x', {
      applicationName: 'theseus:test',
    }).catch(String);
    expect(odd).toMatch(/^DatabaseRefused: .*postgres:\/\//);
    expect(odd).not.toContain('hunter2');
  });

  it('takes one statement where one is meant', async () => {
    const session = await openSession(await createDatabase('single'), { applicationName: 'theseus:test' });
    await expect(querySingle(session, 'SELECT 1; SELECT 2')).rejects.toMatchObject({
      name: 'StatementFailed',
      evidence: { sqlstate: '42601' },
    });
    await session.query('SELECT pg_terminate_backend(pg_backend_pid())').catch(() => {});
    await expect(session.query('SELECT 1')).rejects.toMatchObject({
      name: 'ConnectionLost',
      retryable: true,
    });
    await session.close();
  });

  it('has a name that the server keeps whole', () => {
    expect(applicationName('mig_1', 'index.1', '3')).toBe('theseus:mig_1:index.1:3');
    expect(applicationName('mig_1', 'ü')).toMatch(/^theseus:[0-9a-f]{16}$/);
    expect(applicationName('x'.repeat(80))).toMatch(/^theseus:[0-9a-f]{16}$/);
  });
});
