import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isUnfinished, writeDurably } from '../durable-file.ts';

const alias = z.strictObject({
  name: z.string(),
  description: z.string(),
  functionVersion: z.string(),
  /** Share (0 to 1) of the one further version that takes part of the calls. */
  weights: z.record(z.string(), z.number().min(0).max(1)),
  revisionId: z.string(),
});
export type AliasRecord = z.infer<typeof alias>;

const functionRecord = z.strictObject({
  name: z.string(),
  aliases: z.array(alias),
  /** Versions that were deleted; their files stay where the user has them. */
  deleted: z.array(z.string()),
});
export type FunctionRecord = z.infer<typeof functionRecord>;

/** What is known of users' functions besides their code: one file each below `directory`, whole after a crash at any moment. */
export function openAliasRecords(directory: string) {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const records = new Map<string, FunctionRecord>();
  for (const name of readdirSync(directory)) {
    if (!name.endsWith('.json') || isUnfinished(name)) continue;
    const record = functionRecord.parse(JSON.parse(readFileSync(join(directory, name), 'utf8')));
    records.set(record.name, record);
  }
  return {
    of: (name: string): FunctionRecord => records.get(name) ?? { name, aliases: [], deleted: [] },
    /** Resolves when it is on disk. */
    async save(record: FunctionRecord): Promise<void> {
      await writeDurably(join(directory, `${record.name}.json`), JSON.stringify(record));
      records.set(record.name, record);
    },
  };
}
