import pg from 'pg';
import type { Migration } from '#migrations/schemas.ts';
import type { PlatformProcess } from './platform.ts';

/** What a visitor may do to a running migration to see it survive. Each says what it did. */
export interface Hurts {
  killWorker(): Promise<string>;
  corruptRows(migration: Migration | undefined): Promise<string>;
  holdLock(): Promise<string>;
}

const lockMs = 3_000;

export function hurtsOn(url: string, platform: PlatformProcess): Hurts {
  async function withClient<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ connectionString: url, application_name: 'visitor' });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  return {
    async killWorker() {
      const since = Date.now();
      await platform.killAndRestart();
      return `kill -9 of the platform; it was back after ${((Date.now() - since) / 1000).toFixed(1)} s and resumed`;
    },
    corruptRows: (migration) =>
      withClient(async (client) => {
        const phase = migration?.phase;
        if (phase !== 'backfill' && phase !== 'index' && phase !== 'constrain') {
          return 'rows can be corrupted between backfill and verify; not now';
        }
        // Past the triggers, as a faulty script of one's own would.
        await client.query("SET theseus.worker = 'backfill'");
        const { rowCount } = await client.query(
          "UPDATE customers SET last_name = 'corrupted' WHERE id IN (3, 33, 333)",
        );
        return `three rows corrupted behind the triggers (${rowCount ?? 0} written)`;
      }),
    holdLock: () =>
      withClient(async (client) => {
        await client.query('BEGIN');
        await client.query('LOCK TABLE orders IN ROW SHARE MODE');
        await new Promise((resolve) => setTimeout(resolve, lockMs));
        await client.query('COMMIT');
        return `a transaction of yours held orders for ${lockMs / 1000} s`;
      }),
  };
}
