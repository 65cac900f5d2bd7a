import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isUnfinished, writeDurably } from '../durable-file.ts';

/** A schedule as it is kept; all times are epoch milliseconds. */
export const scheduleRecord = z.strictObject({
  name: z.string(),
  group: z.string(),
  expression: z.string(),
  timezone: z.string(),
  description: z.string().optional(),
  state: z.enum(['ENABLED', 'DISABLED']),
  window: z.object({ Mode: z.enum(['OFF', 'FLEXIBLE']), MaximumWindowInMinutes: z.number().optional() }),
  target: z.strictObject({
    arn: z.string(),
    roleArn: z.string(),
    input: z.string().optional(),
    retries: z.number().int(),
    longestMs: z.number(),
  }),
  startDate: z.number().optional(),
  endDate: z.number().optional(),
  deleteWhenDone: z.boolean(),
  clientToken: z.string().optional(),
  created: z.number(),
  modified: z.number(),
  /** The moment it fires next; absent when it is done. */
  next: z.number().optional(),
});
export type ScheduleRecord = z.infer<typeof scheduleRecord>;

export const idOf = (group: string, name: string) => `${group}/${name}`;
export const arnOf = ({ group, name }: { group: string; name: string }) =>
  `arn:aws:scheduler:local:000000000000:schedule/${group}/${name}`;

/** The schedules of a folder, one file each. */
export function openSchedules(folder: string) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const records = new Map<string, ScheduleRecord>();
  for (const name of readdirSync(folder)) {
    if (isUnfinished(name)) rmSync(join(folder, name), { force: true });
    else if (name.endsWith('.json')) {
      const record = scheduleRecord.parse(JSON.parse(readFileSync(join(folder, name), 'utf8')));
      records.set(idOf(record.group, record.name), record);
    }
  }
  const fileOf = (id: string) => join(folder, `${createHash('sha256').update(id).digest('hex')}.json`);
  return {
    records,
    async save(record: ScheduleRecord): Promise<void> {
      const id = idOf(record.group, record.name);
      await writeDurably(fileOf(id), JSON.stringify(record));
      records.set(id, record);
    },
    remove(id: string): void {
      rmSync(fileOf(id), { force: true });
      records.delete(id);
    },
  };
}

export type Schedules = ReturnType<typeof openSchedules>;
