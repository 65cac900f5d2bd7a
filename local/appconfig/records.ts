import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { isUnfinished, writeDurably } from '../durable-file.ts';

/**
 * Records of one kind, a file each. A change is seen at once and is on disk when its promise resolves; changes reach
 * the disk in their order. The id of a record names its file.
 */
export function openRecords<T>(folder: string, schema: z.ZodType<T>) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const records = new Map<string, T>();
  for (const name of readdirSync(folder).sort()) {
    if (isUnfinished(name)) rmSync(join(folder, name), { force: true });
    else if (name.endsWith('.json')) {
      const record = schema.parse(JSON.parse(readFileSync(join(folder, name), 'utf8')));
      records.set(name.slice(0, -'.json'.length), record);
    }
  }
  const fileOf = (id: string) => join(folder, `${id}.json`);
  let turn: Promise<unknown> = Promise.resolve();
  function inTurn(change: () => Promise<void>): Promise<void> {
    const mine = turn.then(change);
    turn = mine.catch(() => {});
    return mine;
  }

  return {
    get: (id: string): T | undefined => records.get(id),
    all: (): T[] => [...records.values()],
    put(id: string, record: T): Promise<void> {
      records.set(id, record);
      const text = JSON.stringify(record);
      return inTurn(() => writeDurably(fileOf(id), text));
    },
    remove(id: string): Promise<void> {
      records.delete(id);
      return inTurn(() => rm(fileOf(id), { force: true }));
    },
    /** Resolves when what was changed so far is on disk, or could not be written. */
    settled: async (): Promise<void> => void (await turn),
  };
}
export type Records<T> = ReturnType<typeof openRecords<T>>;
