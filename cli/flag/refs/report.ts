import type { Reference } from './scan.ts';

/** Where a flag is named. */
export interface CodePlace {
  file: string;
  line: number;
  column: number;
}
/** A flag that there is, and the only variant that it can still give where that is decided. */
export interface KnownFlag {
  key: string;
  settled: string | null;
}

export interface RefsReport {
  files: number;
  /** Of each flag that there is, by key: how often it is named, and where. */
  flags: { key: string; references: number; places: CodePlace[] }[];
  /** Named nowhere: they may be removed from the platform. */
  unreferenced: string[];
  /** Asked for, and not there. */
  unknown: { key: string; suggestion: string | null; references: number; places: CodePlace[] }[];
  /** They give one variant to everybody: the code may do without them. */
  settled: { key: string; variant: string; places: CodePlace[] }[];
}

/** Of each flag so many places are shown; all are counted. */
export const mostPlaces = 100;
const mostUnknown = 1_000;

/** Collects the references of one file after the other. */
export function collector() {
  const found = new Map<string, { references: number; calls: number; places: CodePlace[] }>();
  let files = 0;
  return {
    add(file: string, references: readonly Reference[]): void {
      files += 1;
      for (const { key, line, column, call } of references) {
        const entry = found.get(key) ?? { references: 0, calls: 0, places: [] };
        entry.references += 1;
        if (call) entry.calls += 1;
        if (entry.places.length < mostPlaces) entry.places.push({ file, line, column });
        found.set(key, entry);
      }
    },
    report: (known: readonly KnownFlag[]): RefsReport => reportOf(files, known, found),
  };
}

function reportOf(
  files: number,
  known: readonly KnownFlag[],
  found: ReadonlyMap<string, { references: number; calls: number; places: CodePlace[] }>,
): RefsReport {
  const keys = new Set(known.map(({ key }) => key));
  const of = (key: string) => found.get(key) ?? { references: 0, places: [] };
  return {
    files,
    flags: known.map(({ key }) => ({ key, references: of(key).references, places: of(key).places })),
    unreferenced: known.filter(({ key }) => of(key).references === 0).map(({ key }) => key),
    unknown: [...found]
      .filter(([key]) => !keys.has(key))
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .slice(0, mostUnknown)
      .map(([key, { references, places }]) => ({ key, suggestion: nearest(key, keys), references, places })),
    settled: known.flatMap(({ key, settled }) =>
      settled === null || of(key).references === 0 ? [] : [{ key, variant: settled, places: of(key).places }],
    ),
  };
}

/** The key that differs by the fewest letters, if these are few. */
function nearest(key: string, keys: ReadonlySet<string>): string | null {
  let best: string | null = null;
  let least = Math.max(1, Math.floor(key.length / 4)) + 1;
  for (const other of keys) {
    const distance = editDistance(key, other, least);
    if (distance < least) [best, least] = [other, distance];
  }
  return best;
}

/** How many letters have to be put in, taken out or changed (Levenshtein); `limit` where it is that many or more. */
function editDistance(one: string, other: string, limit: number): number {
  if (Math.abs(one.length - other.length) >= limit) return limit;
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let at = 1; at <= one.length; at += 1) {
    const next = [at];
    for (let to = 1; to <= other.length; to += 1) {
      const change = (row[to - 1] ?? 0) + (one[at - 1] === other[to - 1] ? 0 : 1);
      next.push(Math.min(change, (row[to] ?? 0) + 1, (next[to - 1] ?? 0) + 1));
    }
    if (Math.min(...next) >= limit) return limit;
    row = next;
  }
  return row[other.length] ?? limit;
}
