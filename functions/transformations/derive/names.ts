const plain = (name: string) => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');

/** How alike two names are, from 0 to 1: 1 for those that differ in the way they are written, such as orderId and order_id. */
export function likeness(one: string, other: string): number {
  const [a, b] = [plain(one), plain(other)];
  if (a === b) return 1;
  const [shorter, longer] = a.length < b.length ? [a, b] : [b, a];
  if (shorter.length >= 3 && longer.includes(shorter)) return 0.75;
  return shared(pairsOf(a), pairsOf(b));
}

/** Each two letters that stand side by side. */
const pairsOf = (text: string) =>
  Array.from({ length: Math.max(0, text.length - 1) }, (_, at) => text.slice(at, at + 2));

function shared(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return 0;
  const left = [...b];
  let found = 0;
  for (const pair of a) {
    const at = left.indexOf(pair);
    if (at < 0) continue;
    left.splice(at, 1);
    found++;
  }
  return (2 * found) / (a.length + b.length);
}

/** Likely the same thing. */
export const ALIKE = 0.6;
/** The next best has to be so much less like it. */
const AHEAD = 0.15;

/**
 * Pairs that are each other's best, and clearly so. `score` is from 0 to 1.
 */
export function pairsByLikeness<A, B>(
  all: readonly A[],
  others: readonly B[],
  score: (one: A, other: B) => number,
): { one: A; other: B; score: number }[] {
  const bestOf = <X, Y>(x: X, ys: readonly Y[], by: (x: X, y: Y) => number): Y | undefined => {
    const ranked = ys.map((y) => ({ y, score: by(x, y) })).sort((p, q) => q.score - p.score);
    const [first, second] = ranked;
    if (!first || first.score < ALIKE || (second && first.score - second.score < AHEAD)) return undefined;
    return first.y;
  };
  return all.flatMap((one) => {
    const other = bestOf(one, others, score);
    if (other === undefined || bestOf(other, all, (y, x) => score(x, y)) !== one) return [];
    return [{ one, other, score: score(one, other) }];
  });
}
