import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { RunningApplication } from './applications.ts';
import { trafficBetween } from './figures.ts';
import type { Measurements } from './report.ts';

const statement = 'ALTER TABLE orders ALTER COLUMN amount TYPE bigint';

/** What one plain statement does to the same traffic on the same table: how long it held it and how requests fared. */
export async function measureContrast(
  url: string,
  application: RunningApplication,
): Promise<Measurements['contrast']> {
  await sleep(3_000);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const from = Date.now();
    await client.query(statement);
    const durationMs = Date.now() - from;
    await sleep(3_000);
    return {
      statement,
      durationMs,
      from: from - 3_000,
      seconds: application.seconds,
      traffic: trafficBetween(application.seconds, from - 1_000, Date.now() + 1),
    };
  } finally {
    await client.end();
  }
}
