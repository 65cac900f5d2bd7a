import type { SlotsRecord } from './records.ts';

// The order in which updates of the same keys act. An update is asked in with all its keys at once, so that none can wait
// for another that waits for it.

type Entries = SlotsRecord['entries'];

/** Most updates that may be open at a time: what acts, and what waits. */
export const mostOpen = 200;

const shares = (one: readonly string[], other: ReadonlySet<string>) => one.some((key) => other.has(key));

/** Updates that asked before this one and share a key with it; it may act when there are none. */
export function ahead(entries: Entries, id: string, keys: readonly string[]): string[] {
  const own = new Set(keys);
  const at = entries.findIndex((entry) => entry.id === id);
  return (at < 0 ? entries : entries.slice(0, at))
    .filter((entry) => shares(entry.keys, own))
    .map((entry) => entry.id);
}

/** Whether the update is in the queue and nobody is ahead of it. */
export function mayAct(entries: Entries, id: string): boolean {
  const own = entries.find((entry) => entry.id === id);
  return own !== undefined && ahead(entries, id, own.keys).length === 0;
}

/** The updates that may act once this one is gone, and could not before. */
export function freedBy(entries: Entries, id: string): string[] {
  const rest = entries.filter((entry) => entry.id !== id);
  return rest
    .filter((entry) => !mayAct(entries, entry.id) && mayAct(rest, entry.id))
    .map((entry) => entry.id);
}
