import { parseArgs } from 'node:util';
import { freshTable, median, underTraffic } from './fixture.ts';
import { machine, rounded, wholeNumbers, withServer } from './server.ts';
import type { Traffic } from './traffic.ts';
import { control, flagColumn, oneStatement, ours, parallel, type Variant } from './variants.ts';

// Fills a new column of a large table under live traffic, in several ways, in alternation, on one server. See
// docs/benchmarks.md for what is compared and how to read it.

const { values: flags } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '2' },
    rate: { type: 'string', default: '200' },
    json: { type: 'boolean', default: false },
  },
});
const { rows, rounds, rate } = wholeNumbers({ rows: flags.rows, rounds: flags.rounds, rate: flags.rate });

interface Run {
  variant: string;
  rows: number;
  rowsPerSecond: number;
  ms: number;
  traffic: Traffic;
  remark: string;
}

async function measure(url: string, variant: Variant, size: number): Promise<Run> {
  await freshTable(url, size);
  await variant.prepare(url);
  const { result, traffic } = await underTraffic(url, size, rate, () => variant.fill(url, size));
  const run = {
    variant: variant.name,
    rows: size,
    rowsPerSecond: Math.round((size / result.ms) * 1_000),
    ms: Math.round(result.ms),
    traffic,
    remark: result.remark,
  };
  const latency = `p50 ${traffic.p50.toFixed(1)}, p99 ${traffic.p99.toFixed(1)}, max ${traffic.max.toFixed(0)} ms`;
  const speed = variant === quiet ? '' : `${run.rowsPerSecond.toLocaleString('en')} rows/s, `;
  console.error(
    `${size.toLocaleString('en')} rows, ${variant.name}: ${speed}${latency}, ${traffic.failed} failed. ${run.remark}`,
  );
  return run;
}

const quiet = control(Math.max(3_000, rows / 100));
const variants = [quiet, oneStatement, flagColumn, ours, parallel];
const runs: Run[] = [];
await withServer(async (url) => {
  for (let round = 0; round < rounds; round++) {
    // Each round in the other direction: what comes after what does not favour anyone.
    for (const variant of round % 2 === 0 ? variants : variants.toReversed()) {
      runs.push(await measure(url, variant, rows));
    }
  }
  for (let round = 0; round < rounds; round++) {
    const sizes = [Math.round(rows * 0.3), rows * 3];
    for (const size of round % 2 === 0 ? sizes : sizes.toReversed())
      runs.push(await measure(url, ours, size));
  }
});

const of = (variant: Variant, size = rows) =>
  runs.filter((run) => run.variant === variant.name && run.rows === size);
const speed = (variant: Variant, size = rows) => median(of(variant, size).map((run) => run.rowsPerSecond));
const p99 = (variant: Variant) => median(of(variant).map((run) => run.traffic.p99));
const small = Math.round(rows * 0.3);

console.log(
  `\n${rows.toLocaleString('en')} rows, ${rate} transactions/s, median of ${rounds} rounds, ${machine.cores} cores`,
);
console.table(
  variants.map((variant) => ({
    way: variant.name,
    'rows/s': variant === quiet ? '–' : Math.round(speed(variant)),
    'p50 ms': Number(median(of(variant).map((run) => run.traffic.p50)).toFixed(1)),
    'p99 ms': Number(p99(variant).toFixed(1)),
    'max ms': Number(median(of(variant).map((run) => run.traffic.max)).toFixed(0)),
    'p99 vs control': Number((p99(variant) / p99(quiet)).toFixed(2)),
    failed: of(variant).reduce((sum, run) => sum + run.traffic.failed, 0),
  })),
);
console.log(
  `Theseus at ${small.toLocaleString('en')} rows: ${Math.round(speed(ours, small))} rows/s; at ${(rows * 3).toLocaleString('en')}: ${Math.round(speed(ours, rows * 3))} rows/s`,
);

const summary = {
  ours_vs_limit: rounded(speed(ours) / speed(oneStatement)),
  ours_vs_pgroll_strategy: rounded(speed(ours) / speed(flagColumn)),
  p99_vs_control: rounded(p99(ours) / p99(quiet)),
  parallel_vs_limit: rounded(speed(parallel) / speed(oneStatement)),
  parallel_vs_pgroll_strategy: rounded(speed(parallel) / speed(flagColumn)),
  parallel_p99_vs_control: rounded(p99(parallel) / p99(quiet)),
  flatness: rounded(speed(ours, rows * 3) / speed(ours, small)),
  rows,
  rounds,
  transactions_per_second: rate,
  machine,
  runs,
};
if (flags.json) console.log(JSON.stringify(summary));
else {
  const {
    rows: _rows,
    rounds: _rounds,
    transactions_per_second: _rate,
    machine: _machine,
    runs: _runs,
    ...aims
  } = summary;
  console.log(aims);
}
