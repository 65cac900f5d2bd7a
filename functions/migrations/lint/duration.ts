import type { Table } from '../plan/snapshot.ts';

/** What is done while a lock is held. */
export type Work = 'catalogue' | 'scan' | 'rewrite' | 'index' | 'rows';

/** Bytes a second that one backend gets through on ordinary cloud storage: an order of magnitude, not a promise. */
const bytesPerSecond: Record<Exclude<Work, 'catalogue'>, number> = {
  scan: 300_000_000,
  index: 60_000_000,
  rewrite: 60_000_000,
  rows: 20_000_000,
};

const words: Record<Exclude<Work, 'catalogue'>, string> = {
  scan: 'while every row is read',
  index: 'while the index is built',
  rewrite: 'while the table and all its indexes are written anew',
  rows: 'while the rows are written',
};

/** How long a lock is held: by the table's size when it is known, else how it grows. */
export function durationOf(work: Work, table: Table | null): string {
  if (work === 'catalogue')
    return 'short once it is granted; until then it waits for every running transaction on the table, and all later ones wait behind it';
  if (table === null) return `${words[work]}: grows with the table`;
  const seconds = table.bytes / bytesPerSecond[work];
  const size = `${Math.max(0, table.estimatedRows).toLocaleString('en-US')} rows, ${megabytes(table.bytes)}`;
  return `${words[work]}: roughly ${roughly(seconds)} for about ${size}`;
}

const megabytes = (bytes: number) =>
  bytes < 1_000_000
    ? `${Math.ceil(bytes / 1_000)} kB`
    : `${(bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0)} MB`;

function roughly(seconds: number): string {
  if (seconds < 1) return 'less than a second';
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3_600).toFixed(1)} h`;
}
