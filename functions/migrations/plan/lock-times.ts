import type { Range } from './duration.ts';

/** A transaction of catalogue changes holds its locks for about this long, ms. */
export const lockHeld: Range = { low: 1, high: 50 };
/** Rows of one chunk are locked for about this long, ms. */
export const chunkHeld: Range = { low: 1, high: 100 };
/** A lock is asked for again and again for this long, ms. */
export const lockTriesMs = 60_000;
