import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { openPostgres } from '#migrations/engines/postgresql/engine.ts';
import { START } from '#migrations/pacing/pace.ts';
import type { Backfill, Step } from '#migrations/plan/schemas.ts';
import { execute } from './fixture.ts';

// Four ways to do the same work, to fill `first` from `name` in every row. Each prepares its columns and triggers
// before the clock starts, and returns how long the filling took.

export interface Filled {
  ms: number;
  /** What the variant says of itself. */
  remark: string;
}

export interface Variant {
  name: string;
  prepare(url: string): Promise<void>;
  fill(url: string, rows: number): Promise<Filled>;
}

const FIRST = "split_part(name, ' ', 1)";

async function timed(work: () => Promise<string>): Promise<Filled> {
  const started = performance.now();
  const remark = await work();
  return { ms: performance.now() - started, remark };
}

/** What the application feels without any migration: the denominator of every latency. */
export const control = (ms: number): Variant => ({
  name: 'no migration (control)',
  prepare: async () => {},
  fill: () => timed(async () => pause(ms, '')),
});

/** The most that the server can do, at the price of blocking every client that wants one of the rows. */
export const oneStatement: Variant = {
  name: 'one UPDATE (the limit)',
  prepare: (url) => execute(url, 'ALTER TABLE bench.account ADD COLUMN first text'),
  fill: (url) =>
    timed(async () => {
      await execute(url, `UPDATE bench.account SET first = ${FIRST} WHERE first IS NULL`);
      return 'one transaction';
    }),
};

/**
 * pgroll's strategy in our words: a flag column that is true by default says what is left; batches of 1,000 rows in
 * key order are locked and have their flag cleared, and a trigger, firing for each, computes the new column.
 */
export const flagColumn: Variant = {
  name: "pgroll's strategy",
  prepare: (url) =>
    execute(
      url,
      'ALTER TABLE bench.account ADD COLUMN first text, ADD COLUMN needs_backfill boolean DEFAULT true',
      `CREATE FUNCTION bench.fill() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
           IF current_setting('search_path') <> 'new_version' THEN
             NEW.first := split_part(NEW.name, ' ', 1);
             NEW.needs_backfill := false;
           END IF;
           RETURN NEW;
         END $$`,
      'CREATE TRIGGER fill BEFORE INSERT OR UPDATE ON bench.account FOR EACH ROW EXECUTE FUNCTION bench.fill()',
    ),
  fill: (url) =>
    timed(async () => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      let last = '0';
      let batches = 0;
      for (;;) {
        const { rows } = await client.query<{ last: string | null }>({
          name: 'batch',
          text: `WITH batch AS (
              SELECT id FROM bench.account WHERE needs_backfill AND id > $1 ORDER BY id LIMIT 1000 FOR NO KEY UPDATE
            ), cleared AS (
              UPDATE bench.account AS a SET needs_backfill = false FROM batch WHERE a.id = batch.id RETURNING a.id
            )
            SELECT max(id) AS last FROM cleared`,
          values: [last],
        });
        if (rows[0]?.last == null) break;
        last = rows[0].last;
        batches += 1;
      }
      await client.end();
      return `${batches} batches`;
    }),
};

const backfill: Backfill = {
  id: 'bf',
  table: { schema: 'bench', name: 'account', oid: null },
  key: [{ column: 'id', type: 'bigint' }],
  set: [{ column: 'first', type: 'text', expression: FIRST }],
  unwritten: 'first IS NULL',
  estimatedRows: 1_000_000,
};
const fence = { migration: 'bench', epoch: 1 };
const unlimited = () => ({ signal: new AbortController().signal, until: Number.POSITIVE_INFINITY });

const expand: Step = {
  id: 'expand',
  kind: 'transaction',
  purpose: 'Add the column and keep it in step',
  locks: [backfill.table],
  statements: [{ sql: 'ALTER TABLE bench.account ADD COLUMN first text', values: [] }],
  dualWrites: [
    {
      action: 'add',
      table: backfill.table,
      group: {
        id: 'bench.account.first',
        migration: 'bench',
        position: 1,
        version: 'bench_next',
        old: ['name'],
        new: [{ column: 'first', type: 'text' }],
        ups: [{ column: 'first', expression: `split_part(NEW."name", ' ', 1)` }],
        downs: [],
        guards: [],
      },
    },
  ],
};

/** Theseus: expand with the real dual write, then the real backfill, paced by its own probe from its usual start. */
export const ours: Variant = {
  name: 'Theseus',
  async prepare(url) {
    const engine = await openPostgres(url, { applicationName: 'bench' });
    await engine.takeFence(fence, { name: 'bench', schema: 'bench', phase: 'expand' });
    await engine.runStep(expand, fence, unlimited());
    await engine.setFencePhase(fence, 'backfill');
    await engine.close();
  },
  async fill(url, rows) {
    const engine = await openPostgres(url, { applicationName: 'bench' });
    const [range] = await engine.splitRanges(backfill.table, backfill.key, 1);
    if (!range) throw new Error('The table is empty');
    const call = { ...unlimited(), pace: START, onProgress: async () => true };
    const filling = { ...backfill, estimatedRows: rows };
    // A call that has no time left measures the quiet latency and writes nothing.
    const { progress } = await engine.backfillRange(filling, range, null, fence, { ...call, until: 0 });
    const baselineP99Ms = progress.baselineP99Ms ?? null;
    const filled = await timed(async () => {
      const done = await engine.backfillRange(filling, range, null, fence, { ...call, baselineP99Ms });
      if (done.status !== 'done' || done.progress.rowsSeen < rows)
        throw new Error('The backfill did not end');
      const { chunks, pace, lockWaits } = done.progress;
      const read = `${baselineP99Ms?.toFixed(1)} → ${done.progress.probeP99Ms?.toFixed(1)}`;
      return `${chunks} chunks, ${pace.chunkRows} rows at the end, ${lockWaits} lock waits, probe p99 ${read} ms`;
    });
    await engine.close();
    return filled;
  },
};
