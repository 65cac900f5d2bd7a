import { clock } from '#platform/clock.ts';
import { absent } from '#platform/records.ts';
import { BackupRecord, RangePlan, RangeRecord, type Stage, StepRecord } from '../records.ts';
import { keys, readAll, readItem, writeItem } from '../store.ts';

/** Keeps how a stage's tables were split; of two decisions the first stands. Returns the one that stands. */
export async function decideRanges(id: string, plan: RangePlan): Promise<RangePlan> {
  const key = keys.rangePlan(id, plan.stage, plan.pass);
  if (await writeItem(key, plan, absent)) return plan;
  return (await readItem(RangePlan, key)) ?? plan;
}

export function readRangePlan(id: string, stage: Stage, pass: number): Promise<RangePlan | undefined> {
  return readItem(RangePlan, keys.rangePlan(id, stage, pass));
}

export interface RangeItem {
  work: string;
  range: number;
}

/** A range that nobody began. */
export const freshRange = (stage: Stage, pass: number, item: RangeItem, table: string): RangeRecord => ({
  stage,
  pass,
  ...item,
  table,
  status: 'working',
  epoch: 0,
  last: null,
  rowsSeen: 0,
  rowsWritten: 0,
  chunks: 0,
  lockWaits: 0,
  wrong: 0,
  repaired: 0,
  errors: 0,
  unexpected: [],
  unexpectedRows: 0,
  sample: [],
  baselineP99Ms: null,
  probeP99Ms: null,
  pace: null,
  rowsPerSecond: 0,
  replicationLagMs: null,
  connections: null,
  memoryBytes: null,
  longestChunkMs: null,
  room: null,
  updatedAt: clock.now(),
});

/** The checkpoint of a range, or a fresh one. */
export async function readRange(
  id: string,
  stage: Stage,
  pass: number,
  item: RangeItem,
  table: string,
): Promise<RangeRecord> {
  const found = await readItem(RangeRecord, keys.range(id, stage, pass, item.work, item.range));
  return found ?? freshRange(stage, pass, item, table);
}

/**
 * Stores a checkpoint; false when a newer epoch has stored one, or another run of the same range has finished it:
 * what this one knows is old then.
 */
export function saveRange(id: string, record: RangeRecord): Promise<boolean> {
  const { stage, pass, work, range } = record;
  return writeItem(keys.range(id, stage, pass, work, range), record, {
    expression: 'attribute_not_exists(pk) OR epoch < :epoch OR (epoch = :epoch AND #status <> :done)',
    names: { '#status': 'status' },
    values: { ':epoch': record.epoch, ':done': 'done' },
  });
}

export function readRanges(id: string, stage: Stage): Promise<RangeRecord[]> {
  return readAll(RangeRecord, keys.migration(id).pk, `RANGE#${stage}#`);
}

/** Of every stage: one query where a reader wants more than one of them. */
export function readRangesOfAllStages(id: string): Promise<RangeRecord[]> {
  return readAll(RangeRecord, keys.migration(id).pk, 'RANGE#');
}

export async function saveStep(id: string, record: StepRecord): Promise<void> {
  await writeItem(keys.step(id, record.phase, record.step), record);
}

export function readBackups(id: string): Promise<BackupRecord[]> {
  return readAll(BackupRecord, keys.migration(id).pk, 'BACKUP#');
}

export function readSteps(id: string): Promise<StepRecord[]> {
  return readAll(StepRecord, keys.migration(id).pk, 'STEP#');
}
