/** Milliseconds, or rows or bytes a second. */
export interface Range {
  low: number;
  high: number;
}

/** What a pace seen once is trusted for, and what it is trusted for after many times. */
export const spreadOf = (samples: number): number => 1.3 + 1.2 / samples;

export const addedRange = (ranges: Range[]): Range => ({
  low: ranges.reduce((sum, { low }) => sum + low, 0),
  high: ranges.reduce((sum, { high }) => sum + high, 0),
});
