/** `numeric(10,2)` → `numeric`: the type without its limits, so that a value that is too long is refused, not cut. */
export function unlimited(type: string): string {
  const bare = type.replace(/\s*\(\s*-?\d+(\s*,\s*-?\d+)?\s*\)/, '');
  // Without a length these two names mean a length of one.
  if (/^character(\[\])*$/.test(bare)) return bare.replace('character', 'bpchar');
  if (/^bit(\[\])*$/.test(bare)) return bare.replace('bit', '"bit"');
  return bare;
}

/** Whether values of the type sort by a collation. */
export const isCollated = (type: string): boolean => /^(text|character|bpchar|"?char|name|citext)/.test(type);

/** Whether a JSON number may not hold every value of the type. */
export const isWide = (type: string): boolean => /^(bigint|numeric)/.test(type) && !type.endsWith('[]');

/** How a watermark of the type is moved back: by an interval or by a number; null: it cannot serve as one. */
export function overlapType(type: string): 'interval' | 'bigint' | 'numeric' | null {
  if (/^(timestamp|date)/.test(type)) return 'interval';
  if (/^(bigint|integer|smallint)$/.test(type)) return 'bigint';
  return /^numeric/.test(type) ? 'numeric' : null;
}
