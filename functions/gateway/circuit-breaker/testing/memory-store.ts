import type { BreakerStore, Counted } from '../breaker-store.ts';
import type { BreakerRecord } from '../record.ts';
import { addTallies, noCalls } from '../tally.ts';

/** What a store was asked, to be counted and failed on purpose. */
export interface MemoryStore extends BreakerStore {
  readonly records: Map<string, BreakerRecord>;
  readonly counted: (Counted & { name: string })[];
  /** How often each was called. */
  readonly calls: Record<'read' | 'create' | 'replace' | 'count' | 'sum', number>;
  /** What every call does before it begins, and once more before it ends; it may wait or throw. */
  between: () => Promise<void>;
}

/** A table in memory: single items, conditional writes, reads that see all writes before them. */
export function memoryStore(): MemoryStore {
  const records = new Map<string, BreakerRecord>();
  const counted: (Counted & { name: string })[] = [];
  const calls = { read: 0, create: 0, replace: 0, count: 0, sum: 0 };
  const store: MemoryStore = {
    records,
    counted,
    calls,
    between: async () => {},
    read: (name) => asked('read', () => structuredClone(records.get(name))),
    create: (record) =>
      asked('create', () => {
        if (records.has(record.name)) return false;
        records.set(record.name, structuredClone(record));
        return true;
      }),
    replace: (record) =>
      asked('replace', () => {
        if (records.get(record.name)?.version !== record.version - 1) return false;
        records.set(record.name, structuredClone(record));
        return true;
      }),
    count: (name, one) => asked('count', () => void counted.push({ name, ...one })),
    sum: (name, generation, from) =>
      asked('sum', () =>
        counted
          .filter((one) => one.name === name && one.generation === generation && one.bucket >= from)
          .reduce(addTallies, noCalls),
      ),
  };
  async function asked<T>(what: keyof typeof calls, answer: () => T): Promise<T> {
    calls[what] += 1;
    await store.between();
    const given = answer();
    await store.between();
    return given;
  }
  return store;
}
