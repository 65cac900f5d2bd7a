import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { startRun } from '#migrations/testing/run.ts';
import { startPlatform, stopAll, type TestPlatform } from '../../end-to-end/platform.ts';
import { Client } from './client.ts';
import { everything, type Life, lives, table, usual } from './lives.ts';

/** Of each client between two requests, ms: all clients of all lives together ask about 500 times a second. */
const pauseMs = 15;
/** Requests each client makes in every phase at least. */
const everyPhase = 10;

let url: string;
let platform: TestPlatform;
let requests = 0;
let began = 0;
let ended = 0;

beforeAll(async () => {
  url = await createDatabase('clients');
  platform = await startPlatform();
  await platform.addDatabase('shop', url);
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

/** Clients of the old version: of the plain tables, and of the version that is the newest before the change. */
async function oldClients(life: Life, schema: string) {
  await prepare(schema, life.setup ?? '');
  const first = { name: 'first', operations: [{ sql: { up: 'SELECT 1' } }] };
  const base = await startRun(url, 'first', JSON.stringify(first), schema, true);
  await base.publish();
  const old = life.old ?? usual;
  // A star on the plain table sees the new columns; through a version it never does.
  const plain = old.map((text) => text.replace('SELECT * FROM t ', 'SELECT id, name, age FROM t '));
  const starless = plain.filter((text) => !text.includes('*'));
  const before = await Promise.all([
    Client.start(url, [schema], starless, pauseMs),
    Client.start(url, [base.plan.versionSchema, schema], old, pauseMs),
  ]);
  await base.engine.close();
  return before;
}

const newClients = (life: Life, path: string[]) =>
  Promise.all([1, 2].map(() => Client.start(url, path, life.new, pauseMs)));

const stop = async (clients: Client[]) => {
  await Promise.all(clients.map((client) => client.stop()));
};

const more = async (clients: Client[], count: number) => {
  await Promise.all(clients.map((client) => client.more(count)));
};

function failuresOf(clients: Client[]): string[] {
  requests += clients.reduce((sum, client) => sum + client.requests, 0);
  return clients.flatMap((client) => client.failures);
}

/** Clients of both versions while the operations go from expand to contract, and then back or on to removal. */
async function live(life: Life, schema: string, end: 'undo' | 'removal'): Promise<string[]> {
  const before = await oldClients(life, schema);
  const file = { name: 'change', operations: life.operations };
  const run = await startRun(url, 'change', JSON.stringify(file), schema);
  const after: Client[] = [];
  const meanwhile = () => more([...before, ...after], everyPhase);
  const phase = async (steps: () => Promise<void>) => {
    await Promise.all([meanwhile(), steps()]);
    await meanwhile();
  };
  const { plan } = run;
  try {
    await meanwhile();
    await phase(() => run.steps(plan.expand));
    await phase(run.backfill);
    await phase(() => run.steps([...plan.index, ...plan.constrain]));
    await phase(async () => {
      await run.verify('beforePublish', true);
    });
    await phase(() => run.steps(plan.publish));
    after.push(...(await newClients(life, [plan.versionSchema, schema])));
    await meanwhile();
    await phase(async () => {
      await run.verify('afterPublish', true);
    });
    await phase(() => run.steps(plan.contract));
    if (end === 'undo') {
      await phase(() => run.steps(plan.undoContract));
      // Nobody can be a client of a version that goes away.
      await stop(after);
      await Promise.all([run.steps(plan.rollback), more(before, everyPhase)]);
      await more(before, everyPhase);
    } else {
      await stop(before);
      await Promise.all([run.steps(plan.removal), more(after, everyPhase)]);
      await more(after, everyPhase);
    }
  } finally {
    await stop([...before, ...after]);
    await run.engine.close();
  }
  return failuresOf([...before, ...after]);
}

const undoWindowSeconds = 600;

/** The same through HTTP and the state machines, from the start to the undo or the removal. */
async function wholeLife(life: Life, schema: string, end: 'undo' | 'removal'): Promise<string[]> {
  const before = await oldClients(life, schema);
  const after: Client[] = [];
  // Every client comes by every statement of its own.
  const round = Math.max(life.new.length, life.old?.length ?? 0);
  try {
    const { id } = await platform.start({
      database: 'shop',
      schema,
      name: 'change',
      operations: life.operations,
      // The one that is removed moves the clock of both.
      options: { soakSeconds: 7_200, undoWindowSeconds: end === 'undo' ? 86_400 : undoWindowSeconds },
    });
    const { versionSchema } = await platform.until(id, 'soaking');
    after.push(...(await newClients(life, [versionSchema ?? '', schema])));
    await more([...before, ...after], round);
    await platform.act(id, 'complete');
    await platform.until(id, 'completed');
    await more([...before, ...after], round);
    if (end === 'undo') {
      await stop(after);
      await platform.act(id, 'undo', { acceptLosses: true });
      await platform.until(id, 'undone');
      await more(before, round);
    } else {
      await stop(before);
      await platform.cloud.clock.advance((undoWindowSeconds + 60) * 1_000);
      await platform.until(id, 'removed');
      await more(after, round);
    }
  } finally {
    await stop([...before, ...after]);
  }
  return failuresOf([...before, ...after]);
}

// By itself: the end of the undo window moves the clock of everything in this process.
it('all fifteen operations through HTTP and the state machines, to undo and to removal: no request of either version fails', async () => {
  began = performance.now();
  const ends = ['undo', 'removal'] as const;
  const failures = await Promise.all(ends.map((end) => wholeLife(everything, `whole_${end}`, end)));
  expect(failures.flat()).toEqual([]);
});

it.concurrent.for(
  lives.flatMap((life, index) => (['undo', 'removal'] as const).map((end) => ({ ...life, end, index }))),
)('$name, to $end: no request of either version fails', async ({ end, index, ...life }) => {
  expect(await live(life, `life_${index}_${end}`, end)).toEqual([]);
  ended = performance.now();
});

afterAll(async () => {
  await stopAll();
  const rate = Math.round(requests / ((ended - began) / 1_000));
  process.stdout.write(`${requests} requests of clients, ${rate} a second\n`);
});
