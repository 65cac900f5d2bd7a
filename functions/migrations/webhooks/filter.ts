import type { WebhookFilter } from './schemas.ts';

/** What a filter is asked about. */
export interface FilteredEvent {
  type: string;
  /** Null for what concerns no database. */
  database: { id: string; name: string; labels: Record<string, string> } | null;
}

/** `migration.*` and the like: a star stands for any characters. */
function matches(pattern: string, type: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return type === pattern;
  if (!type.startsWith(first)) return false;
  const last = rest.pop() ?? '';
  let from = first.length;
  for (const part of rest) {
    const found = type.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return type.length - last.length >= from && type.endsWith(last);
}

/**
 * Whether a webhook wants an event: one of its types, and, where it names databases or labels, a database that is named
 * and has all the labels. A filter that names databases lets nothing through that concerns none.
 */
export function wants(filter: WebhookFilter, { type, database }: FilteredEvent): boolean {
  if (!filter.types.some((pattern) => matches(pattern, type))) return false;
  const labels = Object.entries(filter.labels);
  if (filter.databases.length === 0 && labels.length === 0) return true;
  if (database === null) return false;
  const named =
    filter.databases.length === 0 ||
    filter.databases.includes(database.name) ||
    filter.databases.includes(database.id);
  return named && labels.every(([label, value]) => database.labels[label] === value);
}
