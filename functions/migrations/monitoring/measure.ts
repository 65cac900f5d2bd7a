import { readRanges, readSteps } from '../executions/progress.ts';
import type { MigrationRecord } from '../records.ts';
import { type Measured, stageOf } from './readings.ts';

const working = new Set<MigrationRecord['status']>(['running', 'rolling_back', 'undoing', 'removing']);

/** Reads what the figures of a migration come from; of one that waits there is nothing to read. */
export async function measure(record: MigrationRecord, now: number): Promise<Measured> {
  if (!working.has(record.status)) return { ranges: [], steps: [], now };
  const stage = stageOf(record.phase);
  const [ranges, steps] = await Promise.all([
    stage === undefined ? [] : readRanges(record.id, stage),
    readSteps(record.id),
  ]);
  const pass = Math.max(0, ...ranges.map((range) => range.pass));
  return { ranges: ranges.filter((range) => range.pass === pass), steps, now };
}
