import { setTimeout as sleep } from 'node:timers/promises';
import type { Migration } from '#migrations/schemas.ts';
import type { PlatformProcess } from './platform.ts';
import { withClient } from './stage.ts';

/** What a visitor may do to a running migration to see it survive. Each says what it did. */
export interface Hurts {
  killWorker(): Promise<string>;
  corruptRows(migration: Migration | undefined): Promise<string>;
  holdLock(): Promise<string>;
}

const lockMs = 3_000;
const corruptible = ['backfill', 'index', 'constrain'];

export function hurtsOn(url: string, platform: PlatformProcess): Hurts {
  return {
    async killWorker() {
      const since = Date.now();
      await platform.killAndRestart();
      return `kill -9 of the platform; it was back after ${((Date.now() - since) / 1000).toFixed(1)} s and resumed`;
    },
    async corruptRows(migration) {
      if (!corruptible.includes(migration?.phase ?? '')) {
        return 'rows can be corrupted from backfill until verify; not now';
      }
      return withClient(url, async (client) => {
        // Past the triggers, as a faulty script of one's own would.
        await client.query("SET theseus.worker = 'backfill'");
        const { rowCount } = await client.query(
          "UPDATE customers SET first_name = 'corrupted', last_name = 'rows' WHERE id IN (3, 33, 333)",
        );
        return `three rows corrupted behind the triggers (${rowCount ?? 0} written)`;
      });
    },
    holdLock: () =>
      withClient(url, async (client) => {
        await client.query('BEGIN');
        await client.query('LOCK TABLE orders IN ROW SHARE MODE');
        await sleep(lockMs);
        await client.query('COMMIT');
        return `a transaction of yours held orders for ${lockMs / 1000} s`;
      }),
  };
}
