import { parseArgs } from 'node:util';
import pg from 'pg';
import { parseDataFile } from '#migrations/data/file.ts';
import { createDataPlan } from '#migrations/data/plan.ts';
import { openPostgres } from '#migrations/engines/postgresql/engine.ts';
import { START } from '#migrations/pacing/pace.ts';
import { machine, rounded, wholeNumbers, withServer } from './server.ts';

// How quick a data migration copies rows between two schemas, and which share of that time comparing them takes: by the
// engine itself, one range, beside one INSERT … SELECT of the same rows. See docs/benchmarks.md.

const { values: flags } = parseArgs({
  options: {
    rows: { type: 'string', default: '200000' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});
const { rows, rounds } = wholeNumbers({ rows: flags.rows, rounds: flags.rounds });

const file = `
name: copy
data:
  from: { schema: source }
  tables:
    - from: orders
      to: orders
      sql: SELECT id, customer, amount, lower(status) AS status, note, created FROM source
`;
const table =
  'id bigint PRIMARY KEY, customer bigint NOT NULL, amount numeric(12,2), status text, note text, created timestamptz';
const whole = { from: null, to: null };
const run = { signal: new AbortController().signal, until: Number.POSITIVE_INFINITY };

interface Round {
  limit_ms: number;
  copy_ms: number;
  verify_ms: number;
}

async function round(url: string, client: pg.Client, number: number): Promise<Round> {
  await client.query('TRUNCATE target.orders; CHECKPOINT');
  const timed = async (work: () => Promise<unknown>) => {
    const started = performance.now();
    await work();
    return Math.round(performance.now() - started);
  };
  const limit_ms = await timed(() =>
    client.query(
      'INSERT INTO target.orders SELECT id, customer, amount, lower(status), note, created FROM source.orders',
    ),
  );
  await client.query('TRUNCATE target.orders');
  await client.query('VACUUM ANALYZE source.orders');
  await client.query('CHECKPOINT');
  const engine = await openPostgres(url, { applicationName: 'theseus:bench' });
  const plan = await createDataPlan({
    file: parseDataFile(file),
    source: {
      databaseId: 'bench',
      name: 'bench',
      schema: 'source',
      snapshot: await engine.snapshot('source'),
      sameDatabase: true,
    },
    target: await engine.snapshot('target'),
    describe: (...asked) => engine.describeRows(...asked),
    hasRows: (table) => engine.hasRows(table),
    watermarks: new Map(),
  });
  const load = plan.data?.loads[0];
  if (load === undefined) throw new Error('nothing to load');
  const fence = { migration: `mig_${number}`, epoch: 1 };
  await engine.takeFence(fence, { name: 'copy', schema: 'target', phase: 'load' });
  await engine.prepareLoads(fence, 'copy', 'target', {});
  const source = await engine.openRowSource(load, null);
  const copy_ms = await timed(() =>
    engine.loadRange(load, source, whole, fence, {
      ...run,
      from: null,
      whole: true,
      pace: START,
      onProgress: async () => true,
    }),
  );
  const found: { wrong: number }[] = [];
  const verify_ms = await timed(async () => {
    found.push(await engine.compareRange(load, source, whole, fence, { ...run, from: null }));
  });
  if (found.some(({ wrong }) => wrong > 0)) throw new Error('rows were wrong');
  await source.close();
  await engine.close();
  console.error(`limit ${limit_ms} ms, copy ${copy_ms} ms, verify ${verify_ms} ms`);
  return { limit_ms, copy_ms, verify_ms };
}

const all: Round[] = [];
await withServer(async (url) => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`CREATE SCHEMA source; CREATE SCHEMA target;
    CREATE TABLE source.orders (${table}); CREATE TABLE target.orders (${table})`);
  await client.query(
    `INSERT INTO source.orders SELECT g, g % 9973, g * 1.37, CASE g % 3 WHEN 0 THEN 'OPEN' ELSE 'Paid' END,
       'note of order ' || g, timestamptz '2024-01-01' + g * interval '1 minute' FROM generate_series(1, ${rows}) g`,
  );
  for (let number = 1; number <= rounds; number += 1) all.push(await round(url, client, number));
  await client.end();
});

const middle = (pick: (one: Round) => number): number =>
  all.map(pick).toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
const copy = middle(({ copy_ms }) => copy_ms);
const figures = {
  copy_rows_per_s: Math.round((rows * 1_000) / copy),
  limit_rows_per_s: Math.round((rows * 1_000) / middle(({ limit_ms }) => limit_ms)),
  verify_share: rounded(middle(({ copy_ms, verify_ms }) => verify_ms / copy_ms)),
};
if (flags.json) console.log(JSON.stringify({ bench: 'data', rows, rounds, machine, ...figures, runs: all }));
else
  console.log(
    `${figures.copy_rows_per_s} rows/s, one statement ${figures.limit_rows_per_s}; comparing takes ${figures.verify_share} of the copy`,
  );
