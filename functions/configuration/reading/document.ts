import { z } from 'zod';

// What a service reads: the keys of a namespace as they resolve for it. Fields that it does not need are let pass, so
// that a newer platform can say more.

/** One key as it resolved. */
export const ConfigurationEntry = z.object({
  key: z.string(),
  /** Absent where the key is a secret that was not asked for, or that the caller may not read. */
  value: z.json().optional(),
  /** Of the stored value; null where the definition's default holds. */
  version: z.int().nullable().default(null),
  secret: z.boolean().default(false),
});
export type ConfigurationEntry = z.infer<typeof ConfigurationEntry>;
export type JsonValue = z.infer<ReturnType<typeof z.json>>;

/** All keys of a namespace at one moment. */
export interface ConfigurationDocument {
  etag: string;
  entries: ReadonlyMap<string, ConfigurationEntry>;
}

/** What became of one key. `before` and `value` are undefined where there is none, and for secrets that are hidden. */
export interface ConfigurationChange {
  key: string;
  before: JsonValue | undefined;
  value: JsonValue | undefined;
  version: number | null;
}

export const documentOf = (etag: string, entries: readonly ConfigurationEntry[]): ConfigurationDocument => ({
  etag,
  entries: new Map(entries.map((entry) => [entry.key, entry])),
});

/** One value of a document. Throws Error for a secret whose value is not in it. */
export function valueIn(document: ConfigurationDocument, key: string): JsonValue | undefined {
  const entry = document.entries.get(key);
  if (entry?.secret && entry.value === undefined) {
    throw new Error(
      `${key} is a secret whose value was not given: create the client with secrets: true, and a token of one of its readers`,
    );
  }
  return entry?.value;
}

/** JSON with the names of objects in order: what is equal is written alike. */
function ordered(value: JsonValue | undefined): string {
  return (
    JSON.stringify(value, (_name, inner: unknown) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).toSorted(([one], [other]) => (one < other ? -1 : 1)))
        : inner,
    ) ?? ''
  );
}

function isSame(one: ConfigurationEntry | undefined, other: ConfigurationEntry | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  // Of a hidden secret only its version says that it changed.
  if (one.secret && one.value === undefined && other.value === undefined)
    return one.version === other.version;
  return ordered(one.value) === ordered(other.value);
}

/** What differs between two documents, in the order of the keys. A new version with an equal value is no change. */
export function changesBetween(
  before: ConfigurationDocument | undefined,
  after: ConfigurationDocument,
): ConfigurationChange[] {
  const keys = new Set([...(before?.entries.keys() ?? []), ...after.entries.keys()]);
  return [...keys].toSorted().flatMap((key) => {
    const former = before?.entries.get(key);
    const entry = after.entries.get(key);
    if (isSame(former, entry)) return [];
    return [{ key, before: former?.value, value: entry?.value, version: entry?.version ?? null }];
  });
}

/** Whether a key is meant by `limits.max`, or by `limits.*`, which means all that begin with `limits.`. */
export const isMeant = (pattern: string, key: string): boolean =>
  pattern.endsWith('*') ? key.startsWith(pattern.slice(0, -1)) : key === pattern;
