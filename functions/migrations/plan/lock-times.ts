import { z } from 'zod';
import { type Range, spreadOf } from './range.ts';

/** What takes locks: the transactions of a phase, or the chunks of one. */
export const LockKind = z.enum(['expand', 'constrain', 'contract', 'removal', 'backfill', 'load']);
export type LockKind = z.infer<typeof LockKind>;

/** Ms, the newest last, of the last times that locks of a kind were held and, together with all tries, waited for. */
const SeenLocks = z.object({ heldMs: z.array(z.number()), waitedMs: z.array(z.number()) });

/** What finished migrations have shown of one database. */
export const MeasuredLocks = z.partialRecord(LockKind, SeenLocks);
export type MeasuredLocks = z.infer<typeof MeasuredLocks>;

export interface LockObservation {
  kind: LockKind;
  heldMs: number;
  waitedMs: number;
}

/** As many are kept: a lock that was waited for once in a bad hour is not forecast for ever. */
const kept = 20;

/** What is known after one more migration. */
export function learntLocks(before: MeasuredLocks, seen: LockObservation[]): MeasuredLocks {
  const after = { ...before };
  for (const { kind, heldMs, waitedMs } of seen) {
    const known = after[kind];
    after[kind] = {
      heldMs: [...(known?.heldMs ?? []), heldMs].slice(-kept),
      waitedMs: [...(known?.waitedMs ?? []), waitedMs].slice(-kept),
    };
  }
  return after;
}

const isChunk = (kind: LockKind): boolean => kind === 'backfill' || kind === 'load';
/** Where nothing was measured: catalogue changes are quick, a chunk is about this long. */
const held = { transaction: { low: 1, high: 50 }, chunk: { low: 1, high: 100 } };
/** A transaction asks again and again for this long; a chunk gives up and begins anew after this. */
const waited = { transaction: { low: 0, high: 60_000 }, chunk: { low: 0, high: 200 } };

export interface LockTimes {
  heldMs: Range;
  /** In all, with every try. */
  waitMs: Range;
  basis: 'measured' | 'default';
}

/** How long locks of a kind are held at a time, and waited for before: between the least and the most that was seen. */
export function lockTimes(kind: LockKind, measured: MeasuredLocks): LockTimes {
  const seen = measured[kind];
  const what = isChunk(kind) ? 'chunk' : 'transaction';
  if (seen === undefined || seen.heldMs.length === 0)
    return { heldMs: held[what], waitMs: waited[what], basis: 'default' };
  return {
    heldMs: seenRange(seen.heldMs),
    // How long a chunk waits is not seen: only that it gave up.
    waitMs: isChunk(kind) ? waited.chunk : seenRange(seen.waitedMs),
    basis: 'measured',
  };
}

function seenRange(values: number[]): Range {
  const spread = spreadOf(values.length);
  return {
    low: Math.floor(Math.min(...values) / spread),
    high: Math.ceil(Math.max(...values) * spread),
  };
}
