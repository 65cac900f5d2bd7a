import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';

// The application in a process of its own: `node traffic.ts <url> <rows> <transactions a second>`. Open loop: a
// transaction is due at its scheduled time whether or not the ones before it came back, and its latency counts from
// then, so that a stall is felt by everyone who would have come during it. Measures from the message `start` to the
// message `stop`, and answers that with what it saw.

/** What the application saw; latencies in ms. */
export interface Traffic {
  transactions: number;
  failed: number;
  p50: number;
  p99: number;
  max: number;
}

const CONNECTIONS = 24;

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'traffic' });
  await client.connect();
  return client;
}

/** Reads one row and changes another, by key, as an order would. */
async function transact(client: pg.Client, rows: number): Promise<void> {
  const any = () => 1 + Math.floor(Math.random() * rows);
  await client.query('BEGIN');
  await client.query({
    name: 'read',
    text: 'SELECT id, name, email, balance FROM bench.account WHERE id = $1',
    values: [any()],
  });
  await client.query({
    name: 'write',
    text: 'UPDATE bench.account SET balance = balance + 1 WHERE id = $1',
    values: [any()],
  });
  await client.query('COMMIT');
}

async function run(url: string, rows: number, perSecond: number): Promise<void> {
  const free = await Promise.all(Array.from({ length: CONNECTIONS }, () => connect(url)));
  const due: number[] = [];
  let measuring = false;
  let ended = false;
  let failed = 0;
  let inFlight = 0;
  const latencies: number[] = [];

  const serve = (client: pg.Client, scheduled: number): void => {
    inFlight += 1;
    const counted = measuring;
    transact(client, rows)
      .catch(async () => {
        if (counted) failed += 1;
        await client.query('ROLLBACK').catch(() => undefined);
      })
      .finally(() => {
        inFlight -= 1;
        if (counted) latencies.push(performance.now() - scheduled);
        const next = due.shift();
        if (next === undefined) free.push(client);
        else serve(client, next);
      });
  };

  process.on('message', (message) => {
    if (message === 'start') measuring = true;
    if (message === 'stop') ended = true;
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.('ready');

  let next = performance.now();
  while (!ended) {
    for (; next <= performance.now(); next += 1_000 / perSecond) {
      const client = free.pop();
      if (client) serve(client, next);
      else due.push(next);
    }
    await pause(Math.max(1, next - performance.now()));
  }
  while (inFlight > 0 || due.length > 0) await pause(5);
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  const seen: Traffic = { transactions: sorted.length, failed, p50: at(0.5), p99: at(0.99), max: at(1) };
  process.send?.(seen);
  await Promise.all(free.map((client) => client.end()));
  process.disconnect();
}

const [, , url = '', rows = '', perSecond = ''] = process.argv;
if (process.send) await run(url, Number(rows), Number(perSecond));
