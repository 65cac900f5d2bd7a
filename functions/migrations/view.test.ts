import { describe, expect, it } from 'vitest';
import { freshRange } from './executions/progress.ts';
import type { RangeRecord } from './records.ts';
import { Migration } from './schemas.ts';
import { acting } from './testing/record.ts';
import { viewOf } from './view.ts';

const range = (parts: Partial<RangeRecord>): RangeRecord => ({
  ...freshRange('backfill', 1, { work: 'b', range: 0 }, 'orders'),
  epoch: 1,
  updatedAt: 100_000,
  ...parts,
});
const planned = (index: number, estimatedRows: number) => ({
  pass: 1,
  work: 'b',
  range: index,
  table: 'orders',
  from: null,
  to: null,
  estimatedRows,
});
const nothing = {
  filled: [],
  verified: [],
  shown: [],
  planned: [],
  steps: [],
  backups: [],
  failures: [],
  now: 101_000,
};

describe('progress', () => {
  it('sums ranges up; the estimate gives way to what was seen', () => {
    const filled = [
      range({ range: 0, status: 'done', rowsSeen: 130, rowsWritten: 120, rowsPerSecond: 50, chunks: 2 }),
      range({
        range: 1,
        rowsSeen: 40,
        rowsWritten: 40,
        rowsPerSecond: 20,
        chunks: 1,
        probeP99Ms: 8,
        baselineP99Ms: 5,
      }),
    ];
    const view = viewOf(acting('migration', { phase: 'backfill' }), {
      ...nothing,
      filled,
      shown: filled,
      planned: [planned(0, 100), planned(1, 100), planned(2, 100)],
    });
    expect(view.progress).toEqual({
      rowsDone: 170,
      rowsTotal: 330,
      rowsWritten: 160,
      rowsPerSecond: 20,
      secondsLeft: 8,
      chunks: 3,
      perTable: [{ table: 'orders', rowsDone: 170, rowsTotal: 330, ranges: 3, rangesDone: 1 }],
    });
    expect(view.probe).toEqual({ baselineP99Ms: 5, p99Ms: 8 });
    expect(Migration.parse(view)).toEqual(view);
  });

  it('has no time left without a rate, and none at the end', () => {
    const waiting = viewOf(acting('migration'), { ...nothing, planned: [planned(0, 10)] });
    expect(waiting.progress.secondsLeft).toBeNull();
    const filled = [range({ status: 'done', rowsSeen: 9 })];
    const done = viewOf(acting('migration'), {
      ...nothing,
      filled,
      shown: filled,
      planned: [planned(0, 10)],
    });
    expect(done.progress).toMatchObject({ rowsDone: 9, rowsTotal: 9, secondsLeft: 0 });
  });
});

describe('the version', () => {
  it('is shown from publish on, with a path that can be pasted, until it is taken back', () => {
    const publishedAt = '2026-01-02T03:04:05.000Z';
    expect(viewOf(acting('migration'), nothing)).toMatchObject({ versionSchema: null, clientPath: null });
    expect(viewOf(acting('migration', { publishedAt }), nothing)).toMatchObject({
      versionSchema: 'public_split-name',
      clientPath: '"public_split-name", public',
    });
    expect(viewOf(acting('rollback', { publishedAt, status: 'rolled_back' }), nothing).clientPath).toBeNull();
  });
});
