import type { Engine } from '../engines/engine.ts';
import type { Backfill, Plan, TableRef } from '../plan/schemas.ts';
import type { RangePlan, Stage } from '../records.ts';
import type { ValidationLevel } from '../validation-level.ts';

/** Something done to every row of one table. */
export interface TableWork {
  id: string;
  table: TableRef;
  key: Backfill['key'];
  estimatedRows: number;
}

export const workOf = (plan: Plan, stage: Stage): TableWork[] =>
  stage === 'backfill' ? plan.backfill : plan.verify;

/** Each range finds its pace anew, which costs a tenth of the rate: few and long ones, unless several fill at once. */
const rowsPerRange = (concurrency: number): number => (concurrency === 1 ? 5_000_000 : 250_000);
const mostRanges = 40;
/** All tables together: at about 100 bytes an item, what a Map is handed stays below 16 KiB. */
const mostItems = 150;

/** How many ranges of a table are wanted (undefined: as many as fit its size), and how many are worked on at once. */
export interface Split {
  ranges?: number | undefined;
  concurrency: number;
}

/** How many ranges each of `tables` tables is split into when it has this many rows. */
export function rangesFor(estimatedRows: number, { ranges, concurrency }: Split, tables: number): number {
  const perTable = Math.max(1, Math.min(mostRanges, Math.floor(mostItems / Math.max(1, tables))));
  return Math.min(perTable, ranges ?? Math.max(1, Math.ceil(estimatedRows / rowsPerRange(concurrency))));
}

/**
 * Splits every table of a stage into ranges of about equal size. To fill, what is there now is enough: the triggers
 * write what comes later. To verify, the last range is open, so that rows which come meanwhile are read too.
 */
export async function splitTables(
  engine: Engine,
  plan: Plan,
  stage: Stage,
  wanted: Split,
  level: ValidationLevel,
): Promise<RangePlan['ranges']> {
  if (stage !== 'backfill' && level === 'basic') return sampleTables(engine, plan, stage);
  const works = workOf(plan, stage);
  const ranges: RangePlan['ranges'] = [];
  for (const { id, table, key, estimatedRows } of works) {
    const parts = rangesFor(estimatedRows, wanted, works.length);
    const split = await engine.splitRanges(table, key, parts);
    const share = Math.ceil(estimatedRows / Math.max(1, split.length));
    for (const [range, { from, to }] of split.entries()) {
      const open = stage !== 'backfill' && range === split.length - 1;
      ranges.push({ work: id, range, table: table.name, from, to: open ? null : to, estimatedRows: share });
    }
  }
  return ranges;
}

/** What `basic` looks at of each table: ten places of a thousand rows. */
const sample = { spans: 10, rows: 1_000 };

async function sampleTables(engine: Engine, plan: Plan, stage: Stage): Promise<RangePlan['ranges']> {
  const ranges: RangePlan['ranges'] = [];
  for (const { id, table, key } of workOf(plan, stage)) {
    const spans = await engine.sampleRanges(table, key, sample);
    spans.forEach(({ from, to }, range) => {
      ranges.push({ work: id, range, table: table.name, from, to, estimatedRows: sample.rows });
    });
  }
  return ranges;
}
