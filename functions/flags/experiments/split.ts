/** Shares of variants in a random split, by the order of their names; they add up to 1. */
export type Split = readonly { variant: string; share: number }[];

const mostDepth = 100;
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a targeting leads to: splits by chance, and variants that are given for sure. */
interface Leaves {
  splits: string[];
  fixed: Set<string>;
  understood: boolean;
}

/**
 * The one split by chance of a flag, by its compiled targeting; null where there is none, or several, or where one of its
 * variants is also given without chance: then the numbers of users say nothing about the split. Users of variants that
 * are only given without chance stand beside it.
 */
export function splitOf({
  targeting,
  defaultVariant,
}: {
  targeting?: unknown;
  defaultVariant?: unknown;
}): Split | null {
  const leaves: Leaves = { splits: [], fixed: new Set(), understood: true };
  collect(targeting, leaves, String(defaultVariant), 0);
  const [split, ...others] = new Set(leaves.splits);
  if (split === undefined || others.length > 0 || !leaves.understood) return null;
  const read = readSplit(split) ?? [];
  return read.length < 2 || read.some(({ variant }) => leaves.fixed.has(variant)) ? null : read;
}

function collect(logic: unknown, leaves: Leaves, fallback: string, depth: number): void {
  if (typeof logic === 'string' || typeof logic === 'boolean') leaves.fixed.add(String(logic));
  else if (logic === null) leaves.fixed.add(fallback);
  else if (!isRecord(logic) || depth > mostDepth) leaves.understood = false;
  else if (Array.isArray(logic.if)) {
    const parts: unknown[] = asksForKey(logic.if[0]) ? [true, logic.if[1], logic.if[1]] : logic.if;
    // Every second part is a result, and the last one where it is left over.
    const results = parts.filter((_, at) => at % 2 === 1 || at === parts.length - 1);
    for (const result of results) collect(result, leaves, fallback, depth + 1);
    if (parts.length % 2 === 0) leaves.fixed.add(fallback);
  } else if (Array.isArray(logic.fractional)) {
    const shares = sharesOf(logic.fractional);
    if (shares === undefined) leaves.understood = false;
    else leaves.splits.push(shares);
  } else leaves.understood = false;
}

/** Whether it is the condition that there is a targeting key: who is counted has one. */
const asksForKey = (condition: unknown): boolean =>
  JSON.stringify(condition) === '{"!==":[{"var":"targetingKey"},null]}';

/** Whether users are told apart by who they are: buckets of tenants hold many users, who come together. */
function isByUser(bucket: unknown): boolean {
  const names: unknown[] = [];
  JSON.stringify(bucket, (key, value) => {
    if (key === 'var') names.push(value);
    return value;
  });
  return (
    names.includes('targetingKey') &&
    names.every((name) => name === 'targetingKey' || name === '$flagd.flagKey')
  );
}

/** The shares of a fractional operation as a text; undefined where weights are computed, or users not told apart. */
function sharesOf(operands: readonly unknown[]): string | undefined {
  const weights = new Map<string, number>();
  // The first operand may be what is bucketed by.
  const parts = Array.isArray(operands[0]) ? operands : operands.slice(1);
  if (parts !== operands && !isByUser(operands[0])) return undefined;
  for (const part of parts) {
    if (!Array.isArray(part) || typeof part[0] !== 'string') return undefined;
    const weight: unknown = part.length > 1 ? part[1] : 1;
    if (typeof weight !== 'number' || weight < 0) return undefined;
    if (weight > 0) weights.set(part[0], (weights.get(part[0]) ?? 0) + weight);
  }
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return undefined;
  return writeSplit([...weights].map(([variant, weight]) => ({ variant, share: weight / total })));
}

/** A split as a text that is the same for the same shares. */
export const writeSplit = (split: Split): string =>
  JSON.stringify(
    split
      .toSorted((one, other) => (one.variant < other.variant ? -1 : 1))
      .map(({ variant, share }) => [variant, share]),
  );

/** Reads what writeSplit wrote; null for anything else. */
export function readSplit(text: string): Split | null {
  const pairs: unknown = JSON.parse(text);
  if (!Array.isArray(pairs)) return null;
  return pairs.flatMap((pair) =>
    Array.isArray(pair) && typeof pair[0] === 'string' && typeof pair[1] === 'number'
      ? [{ variant: pair[0], share: pair[1] }]
      : [],
  );
}
