import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { Traffic } from './traffic.ts';

/** Quiet after the table was made and the disk has caught up, ms. */
const SETTLE_MS = 2_000;
/** Traffic before its latencies count, ms. */
const WARM_MS = 1_500;

/** One statement, or several, on a connection of its own. */
export async function execute(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/**
 * A fresh, vacuumed `bench.account`, so that no variant inherits another's dead rows. Autovacuum leaves the table
 * alone, because when it happens to run decides a latency more than any variant does.
 */
export async function freshTable(url: string, rows: number): Promise<void> {
  await execute(
    url,
    'DROP SCHEMA IF EXISTS theseus CASCADE',
    'DROP SCHEMA IF EXISTS bench CASCADE',
    'CREATE SCHEMA bench',
    `CREATE TABLE bench.account (id bigint NOT NULL, name text NOT NULL, email text NOT NULL,
       balance bigint NOT NULL, note text) WITH (autovacuum_enabled = false)`,
    `INSERT INTO bench.account SELECT g, 'Given' || g % 5000 || ' Family' || g, 'user' || g || '@example.org', 0,
       repeat('x', 20 + g % 20) FROM generate_series(1, ${rows}) AS g`,
    'ALTER TABLE bench.account ADD PRIMARY KEY (id)',
    'VACUUM (FREEZE, ANALYZE) bench.account',
    'CHECKPOINT',
  );
  await pause(SETTLE_MS);
}

/** Runs `work` while the application runs beside it; `work` starts when the application is warm. */
export async function underTraffic<T>(
  url: string,
  rows: number,
  perSecond: number,
  work: () => Promise<T>,
): Promise<{ result: T; traffic: Traffic }> {
  const child = fork(new URL('./traffic.ts', import.meta.url), [url, String(rows), String(perSecond)]);
  try {
    await once(child, 'message');
    await pause(WARM_MS);
    child.send('start');
    const result = await work();
    child.send('stop');
    // The child sends exactly what its interface says; both are this benchmark.
    const [traffic] = (await once(child, 'message')) as [Traffic];
    // Its connections end before the server does.
    if (child.exitCode === null) await once(child, 'exit');
    return { result, traffic };
  } finally {
    if (child.connected) child.disconnect();
  }
}

/** The middle of some numbers; the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? 0) + (sorted[Math.floor(half)] ?? 0)) / 2;
}
