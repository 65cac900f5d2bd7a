import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { startRun } from '#migrations/testing/run.ts';
import { Client } from './client.ts';
import { type Life, lives, table, usual } from './lives.ts';

/** Of each client between two requests, ms: all clients of all lives together ask about 500 times a second. */
const pauseMs = 15;
/** Requests each client makes in every phase at least. */
const everyPhase = 10;

let url: string;
let requests = 0;
let began = 0;
let ended = 0;

beforeAll(async () => {
  url = await createDatabase('clients');
});

async function prepare(schema: string, setup: string): Promise<void> {
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  try {
    await admin.query(`CREATE SCHEMA ${schema}; SET search_path = ${schema}; ${table} ${setup}`);
  } finally {
    await admin.end();
  }
}

/** Clients of both versions while the operations go from expand to contract, and then back or on to removal. */
async function live(life: Life, schema: string, end: 'undo' | 'removal'): Promise<string[]> {
  await prepare(schema, life.setup ?? '');
  const first = { name: 'first', operations: [{ sql: { up: 'SELECT 1' } }] };
  const base = await startRun(url, 'first', JSON.stringify(first), schema, true);
  await base.publish();
  const file = { name: 'change', operations: life.operations };
  const run = await startRun(url, 'change', JSON.stringify(file), schema);
  const old = life.old ?? usual;
  // A star on the plain table sees the new columns; through a version it never does.
  const plain = old.map((text) => text.replace('SELECT * FROM t ', 'SELECT id, name, age FROM t '));
  const before = await Promise.all([
    Client.start(
      url,
      [schema],
      plain.filter((text) => !text.includes('*')),
      pauseMs,
    ),
    Client.start(url, [base.plan.versionSchema, schema], old, pauseMs),
  ]);
  const after: Client[] = [];
  const meanwhile = () => Promise.all([...before, ...after].map((client) => client.more(everyPhase)));
  const phase = async (steps: () => Promise<void>) => {
    await Promise.all([meanwhile(), steps()]);
    await meanwhile();
  };
  const { plan } = run;
  const stop = async (clients: Client[]) => {
    await Promise.all(clients.map((client) => client.stop()));
  };
  try {
    await meanwhile();
    await phase(() => run.steps(plan.expand));
    await phase(run.backfill);
    await phase(() => run.steps([...plan.index, ...plan.constrain]));
    await phase(async () => {
      await run.verify('beforePublish', true);
    });
    await phase(() => run.steps(plan.publish));
    const path = [plan.versionSchema, schema];
    after.push(...(await Promise.all([1, 2].map(() => Client.start(url, path, life.new, pauseMs)))));
    await meanwhile();
    await phase(async () => {
      await run.verify('afterPublish', true);
    });
    await phase(() => run.steps(plan.contract));
    if (end === 'undo') {
      await phase(() => run.steps(plan.undoContract));
      // Nobody can be a client of a version that goes away.
      await stop(after);
      await Promise.all([run.steps(plan.rollback), ...before.map((client) => client.more(everyPhase))]);
      await Promise.all(before.map((client) => client.more(everyPhase)));
    } else {
      await stop(before);
      await Promise.all([run.steps(plan.removal), ...after.map((client) => client.more(everyPhase))]);
      await Promise.all(after.map((client) => client.more(everyPhase)));
    }
  } finally {
    await stop([...before, ...after]);
    await Promise.all([base.engine.close(), run.engine.close()]);
  }
  requests += [...before, ...after].reduce((sum, client) => sum + client.requests, 0);
  return [...before, ...after].flatMap((client) => client.failures);
}

it.concurrent.for(
  lives.flatMap((life, index) => (['undo', 'removal'] as const).map((end) => ({ ...life, end, index }))),
)('$name, to $end: no request of either version fails', async ({ end, index, ...life }) => {
  began ||= performance.now();
  expect(await live(life, `life_${index}_${end}`, end)).toEqual([]);
  ended = performance.now();
});

afterAll(() => {
  const rate = Math.round(requests / ((ended - began) / 1_000));
  process.stdout.write(`${requests} requests of clients, ${rate} a second\n`);
});
