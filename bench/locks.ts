import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Engine, Fence } from '#migrations/engines/engine.ts';
import { openPostgres } from '#migrations/engines/postgresql/engine.ts';
import { parseMigrationFile } from '#migrations/file/parse.ts';
import { START } from '#migrations/pacing/pace.ts';
import { createPlan } from '#migrations/plan/plan.ts';
import type { Plan } from '#migrations/plan/schemas.ts';
import { quoteIdentifier } from '#migrations/sql/identifiers.ts';
import { execute, freshTable, underTraffic } from './fixture.ts';
import { machine, rounded, wholeNumbers, withServer } from './server.ts';
import type { Traffic } from './traffic.ts';

// How long the steps of a migration hold their locks on a table under traffic, and how long the application stands
// still meanwhile. See docs/benchmarks.md.

const { values: flags } = parseArgs({
  options: {
    rows: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '20' },
    rate: { type: 'string', default: '200' },
    json: { type: 'boolean', default: false },
  },
});
const { rows, rounds, rate } = wholeNumbers({ rows: flags.rows, rounds: flags.rounds, rate: flags.rate });

/** After a step, to see who had to wait for it, ms. */
const AFTER_MS = 500;
const file = parseMigrationFile(
  JSON.stringify({
    name: 'exact_balance',
    operations: [
      {
        alter_column: {
          table: 'account',
          column: 'balance',
          type: 'numeric',
          up: 'balance::numeric',
          down: 'balance::bigint',
        },
      },
    ],
  }),
);
const phases = ['expand', 'publish', 'contract'] as const;
type Phase = (typeof phases)[number];

interface Run {
  phase: Phase;
  holdMs: number;
  waitMs: number;
  attempts: number;
  /** The longest transaction of the application from before the step until after it, ms. */
  pauseMs: number;
  failed: number;
}

/** No step takes longer, ms. */
const MOST_MS = 600_000;
const unlimited = () => ({ signal: new AbortController().signal, until: Date.now() + MOST_MS });

async function runPhase(url: string, engine: Engine, plan: Plan, phase: Phase, fence: Fence): Promise<Run> {
  await engine.setFencePhase(fence, phase);
  const watched = await underTraffic(url, rows, rate, async () => {
    const found = { holdMs: 0, waitMs: 0, attempts: 0 };
    for (const step of plan[phase]) {
      const result = await engine.runStep(step, fence, unlimited());
      found.holdMs = Math.max(found.holdMs, result.lockHoldMs);
      found.waitMs = Math.max(found.waitMs, result.lockWaitMs);
      found.attempts += result.attempts;
    }
    await pause(AFTER_MS);
    return found;
  });
  const { max, failed }: Traffic = watched.traffic;
  return { phase, ...watched.result, pauseMs: max, failed };
}

async function fill(engine: Engine, plan: Plan, fence: Fence): Promise<void> {
  await engine.setFencePhase(fence, 'backfill');
  const call = { ...unlimited(), pace: START, baselineP99Ms: 5, onProgress: async () => true };
  for (const work of plan.backfill) {
    for (const range of await engine.splitRanges(work.table, work.key, 1)) {
      await engine.backfillRange(work, range, null, fence, call);
    }
  }
  for (const step of [...plan.index, ...plan.constrain]) await engine.runStep(step, fence, unlimited());
}

async function round(url: string, number: number): Promise<Run[]> {
  await freshTable(url, rows);
  const engine = await openPostgres(url, { applicationName: 'bench' });
  const plan = await createPlan({ file, snapshot: await engine.snapshot('bench') });
  const fence = { migration: `bench_${number}`, epoch: 1 };
  await engine.takeFence(fence, { name: plan.name, schema: 'bench', phase: 'expand' });
  const expand = await runPhase(url, engine, plan, 'expand', fence);
  await fill(engine, plan, fence);
  const publish = await runPhase(url, engine, plan, 'publish', fence);
  const contract = await runPhase(url, engine, plan, 'contract', fence);
  await engine.close();
  await execute(url, `DROP SCHEMA ${quoteIdentifier(plan.versionSchema)} CASCADE`);
  return [expand, publish, contract];
}

const runs: Run[] = [];
await withServer(async (url) => {
  for (let number = 1; number <= rounds; number++) {
    const found = await round(url, number);
    runs.push(...found);
    const said = found.map(
      (run) => `${run.phase} held ${run.holdMs.toFixed(1)}, pause ${run.pauseMs.toFixed(1)} ms`,
    );
    console.error(`${number}: ${said.join('; ')}`);
  }
});

const of = (phase: Phase, figure: (run: Run) => number): number[] =>
  runs
    .filter((run) => run.phase === phase)
    .map(figure)
    .toSorted((a, b) => a - b);
const p99 = (values: number[]) => values[Math.max(0, Math.ceil(values.length * 0.99) - 1)] ?? 0;
const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
const holds = (phase: Phase) => of(phase, ({ holdMs }) => holdMs);
const pauses = (phase: Phase) => of(phase, ({ pauseMs }) => pauseMs);

console.log(`\n${rounds} migrations of ${rows.toLocaleString('en')} rows, ${rate} transactions/s`);
console.table(
  phases.map((phase) => ({
    phase,
    'held p99 ms': rounded(p99(holds(phase))),
    'waited max ms': rounded(p99(of(phase, ({ waitMs }) => waitMs))),
    'pause p99 ms': rounded(p99(pauses(phase))),
    tries: sum(of(phase, ({ attempts }) => attempts)),
    failed: sum(of(phase, ({ failed }) => failed)),
  })),
);
const summary = {
  lock_hold_p99_ms: rounded(p99(phases.flatMap(holds).toSorted((a, b) => a - b))),
  publish_pause_p99_ms: rounded(p99(pauses('publish'))),
  contract_pause_p99_ms: rounded(p99(pauses('contract'))),
  failed: sum(runs.map(({ failed }) => failed)),
};
if (flags.json) console.log(JSON.stringify({ ...summary, rows, rounds, rate, machine, runs }));
else console.log(summary);
