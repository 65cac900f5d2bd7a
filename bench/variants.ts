import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { BackfillProgress, Pace } from '#migrations/engines/engine.ts';
import { openPostgres } from '#migrations/engines/postgresql/engine.ts';
import { START } from '#migrations/pacing/pace.ts';
import type { Backfill } from '#migrations/plan/schemas.ts';
import { rangesFor } from '#migrations/rows/split.ts';
import { MigrationOptions } from '#migrations/schemas.ts';
import { account, dualWrite, FIRST, fence, flagTrigger, unlimited } from './account.ts';
import { execute } from './fixture.ts';

// Ways to do the same work, to fill `first` from `name` in every row. Each prepares its columns and triggers
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
 * pgroll's strategy in our words, as far as its published sources tell it (docs/benchmarks.md). A flag column that is
 * true by default says what is left. In each transaction, with literals in place of parameters, the next 1,000 flagged
 * rows in key order are locked and their keys written over with themselves; a trigger of every INSERT and UPDATE, without a
 * condition, copies each column into a variable, reads the search_path by a query, computes the new column and clears
 * the flag.
 */
export const flagColumn: Variant = {
  name: "pgroll's strategy",
  prepare: (url) => execute(url, ...flagTrigger()),
  fill: (url) =>
    timed(async () => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      let last: string | null = null;
      let batches = 0;
      for (;;) {
        const beyond: string = last === null ? '' : `AND id > '${last}'`;
        await client.query('BEGIN');
        const { rows } = await client.query<{ last: string }>(
          `WITH next AS (
             SELECT id FROM bench.account WHERE needs_backfill ${beyond} ORDER BY id LIMIT 1000 FOR NO KEY UPDATE
           ), touched AS (
             UPDATE bench.account AS a SET id = a.id FROM next WHERE a.id = next.id RETURNING a.id
           )
           SELECT last_value(id) OVER () AS last FROM touched LIMIT 1`,
        );
        await client.query('COMMIT');
        if (rows[0] === undefined) break;
        last = rows[0].last;
        batches += 1;
      }
      await client.end();
      return `${batches} batches`;
    }),
};

const backfill: Backfill = {
  id: 'bf',
  table: account,
  key: [{ column: 'id', type: 'bigint' }],
  set: [{ column: 'first', type: 'text', expression: FIRST }],
  unwritten: 'first IS NULL',
  estimatedRows: 1_000_000,
};
/** What ranges know of each other, as their checkpoints tell it. */
interface Learnt {
  pace: Pace;
  baselineP99Ms: number | null;
}

/**
 * Theseus: expand with the real dual write, then the real backfill of `parts` ranges, `atOnce` at the same time, each
 * paced by its own probe from the usual start, or from what the range that reported last has learnt.
 */
function theseus(name: string, partsOf: (rows: number) => number, atOnce: number): Variant {
  return {
    name,
    prepare: dualWrite,
    async fill(url, rows) {
      const engine = await openPostgres(url, { applicationName: 'bench' });
      const ranges = await engine.splitRanges(backfill.table, backfill.key, partsOf(rows));
      const [first] = ranges;
      if (!first) throw new Error('The table is empty');
      const filling = { ...backfill, estimatedRows: rows };
      const call = { ...unlimited(), pace: START, onProgress: async () => true };
      // A call that has no time left measures the quiet latency and writes nothing.
      const { progress } = await engine.backfillRange(filling, first, null, fence, { ...call, until: 0 });
      let learnt: Learnt = { pace: START, baselineP99Ms: progress.baselineP99Ms ?? null };
      const remember = (now: BackfillProgress) => {
        learnt = { pace: now.pace, baselineP99Ms: now.baselineP99Ms ?? learnt.baselineP99Ms };
      };
      const waiting = [...ranges];
      let seen = 0;
      let chunks = 0;
      let lockWaits = 0;
      const work = async () => {
        for (let range = waiting.shift(); range; range = waiting.shift()) {
          const onProgress = async (now: BackfillProgress) => {
            remember(now);
            return true;
          };
          const done = await engine.backfillRange(filling, range, null, fence, {
            ...call,
            ...learnt,
            onProgress,
          });
          if (done.status !== 'done') throw new Error('The backfill did not end');
          seen += done.progress.rowsSeen;
          chunks += done.progress.chunks;
          lockWaits += done.progress.lockWaits;
        }
      };
      const filled = await timed(async () => {
        await Promise.all(Array.from({ length: atOnce }, work));
        if (seen < rows) throw new Error(`The backfill saw ${seen} rows of ${rows}`);
        const { chunkRows, pauseMs } = learnt.pace;
        return `${ranges.length} ranges, ${atOnce} at once, ${chunks} chunks, at the end ${chunkRows} rows and ${pauseMs} ms, ${lockWaits} lock waits`;
      });
      await engine.close();
      return filled;
    },
  };
}

/** The product's own defaults: how a table of this size is split and how many ranges are filled at once. */
const { concurrency } = MigrationOptions.parse({});
export const ours = theseus('Theseus', (rows) => rangesFor(rows, { concurrency }, 1), concurrency);
/** The same with `concurrency: 2`. */
export const parallel = theseus(
  'Theseus, two ranges at once',
  (rows) => rangesFor(rows, { concurrency: 2 }, 1),
  2,
);
