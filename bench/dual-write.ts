import { parseArgs } from 'node:util';
import { dualWrite, FIRST, flagTrigger } from './account.ts';
import { execute, freshTable, median } from './fixture.ts';
import { machine, rounded, wholeNumbers, withServer } from './server.ts';

// What an application's bulk updates cost while a migration keeps two columns in step: without triggers, with those of
// Theseus, with pgroll's restated. See docs/benchmarks.md.

const { values: flags } = parseArgs({
  options: {
    rows: { type: 'string', default: '200000' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
});
const { rows, rounds } = wholeNumbers({ rows: flags.rows, rounds: flags.rounds });

/** Each leaves `first` filled, as after a backfill. */
const ways = {
  none: async (url: string) =>
    execute(
      url,
      'ALTER TABLE bench.account ADD COLUMN first text',
      `UPDATE bench.account SET first = ${FIRST}`,
    ),
  theseus: async (url: string) => {
    await dualWrite(url);
    await execute(url, "SET theseus.worker = 'backfill'", `UPDATE bench.account SET first = ${FIRST}`);
  },
  pgroll: async (url: string) => execute(url, ...flagTrigger(), 'UPDATE bench.account SET id = id'),
};
type Way = keyof typeof ways;
const names: Way[] = ['none', 'theseus', 'pgroll'];

const updates = {
  unrelated: 'UPDATE bench.account SET balance = balance + 1',
  source: "UPDATE bench.account SET name = 'New' || name",
};
type Update = keyof typeof updates;
const kinds: Update[] = ['unrelated', 'source'];

const runs: { way: Way; update: Update; ms: number }[] = [];
await withServer(async (url) => {
  for (let round = 0; round < rounds; round++) {
    for (const update of kinds) {
      for (const way of round % 2 === 0 ? names : names.toReversed()) {
        await freshTable(url, rows);
        await ways[way](url);
        await execute(url, 'VACUUM (FREEZE, ANALYZE) bench.account', 'CHECKPOINT');
        const started = performance.now();
        await execute(url, updates[update]);
        const ms = Math.round(performance.now() - started);
        runs.push({ way, update, ms });
        console.error(`${update}, ${way}: ${ms} ms`);
      }
    }
  }
});

const ms = (way: Way, update: Update) =>
  median(runs.filter((run) => run.way === way && run.update === update).map((run) => run.ms));
console.log(`\nOne UPDATE of ${rows.toLocaleString('en')} rows, median of ${rounds} rounds`);
console.table(
  kinds.flatMap((update) =>
    names.map((way) => ({
      update,
      way,
      ms: Math.round(ms(way, update)),
      'by none': rounded(ms(way, update) / ms('none', update)),
    })),
  ),
);
const summary = {
  unrelated_vs_none: rounded(ms('theseus', 'unrelated') / ms('none', 'unrelated')),
  source_vs_none: rounded(ms('theseus', 'source') / ms('none', 'source')),
  pgroll_unrelated_vs_none: rounded(ms('pgroll', 'unrelated') / ms('none', 'unrelated')),
  pgroll_source_vs_none: rounded(ms('pgroll', 'source') / ms('none', 'source')),
};
if (flags.json) console.log(JSON.stringify({ ...summary, rows, rounds, machine, runs }));
else console.log(summary);
