import type { Command } from 'commander';
import type { z } from 'zod';
import { MigrationOptions } from '#migrations/schemas.ts';
import { fieldProblems } from '#platform/errors.ts';
import { exitCode, Failure } from '../failure.ts';
import { numberOf } from '../number.ts';

/** What was said about the pace of the backfill; numbers are read already. */
export interface PaceOptions {
  ranges?: number;
  concurrency?: number;
  probe?: string;
  p99Limit?: number;
  replicationLagLimit?: number;
  metric?: string;
  metricLimit?: number;
}

/** Their bounds are checked by whoever plans. */
export const withPaceOptions = (command: Command): Command =>
  command
    .option('--ranges <n>', 'key ranges that a table is split into, 1 to 40', numberOf)
    .option('--concurrency <n>', 'ranges worked on at the same time, 1 to 40', numberOf)
    .option('--probe <query>', "a query whose latency stands for that of the application's")
    .option('--p99-limit <ms>', "keep the probe's p99 below this", numberOf)
    .option('--replication-lag-limit <ms>', 'keep the slowest replica nearer than this', numberOf)
    .option('--metric <query>', 'a query that gives a number which the backfill must not drive up')
    .option('--metric-limit <number>', 'keep that number below this', numberOf);

const Pace = MigrationOptions.pick({ ranges: true, concurrency: true, pacing: true }).partial();
export type Pace = z.infer<typeof Pace>;

/**
 * As the API takes them; empty where nothing was said.
 * @throws Failure (usage) for a number out of its bounds, and for a metric without a limit or a limit without one.
 */
export function paceOf(options: PaceOptions): Pace {
  const { ranges, concurrency, probe, p99Limit, replicationLagLimit, metric, metricLimit } = options;
  if ((metric === undefined) !== (metricLimit === undefined)) {
    throw new Failure('--metric and --metric-limit belong together.', { code: exitCode.usage });
  }
  const pacing = {
    ...(probe === undefined ? {} : { probe }),
    ...(p99Limit === undefined ? {} : { p99LimitMs: p99Limit }),
    ...(replicationLagLimit === undefined ? {} : { replicationLagLimitMs: replicationLagLimit }),
    ...(metric === undefined || metricLimit === undefined
      ? {}
      : { metric: { query: metric, limit: metricLimit } }),
  };
  const said = {
    ...(ranges === undefined ? {} : { ranges }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(Object.keys(pacing).length === 0 ? {} : { pacing }),
  };
  const { error } = Pace.safeParse(said);
  if (error === undefined) return said;
  const details = fieldProblems('', error).map(({ pointer, detail }) => `${pointer}: ${detail}`);
  throw new Failure('The pace cannot be as it was said.', { code: exitCode.usage, details });
}
