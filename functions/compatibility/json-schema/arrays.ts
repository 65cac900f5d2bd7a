import type { Alternative, ArrayFacts } from './alternatives.ts';
import type { Comparison, Difference, Found } from './differences.ts';
import { sizeDifferences } from './scalars.ts';

/** What lists of `one` may be and those of the facts `y` may not. */
export function arrayDifferences(
  comparison: Comparison,
  one: Alternative,
  x: ArrayFacts,
  y: ArrayFacts,
): (Found | Difference)[] {
  const lists = (size: number) => comparison.samples.ofAlternative(one, { size });
  const longer = Number.isFinite(y.max) ? y.max + 1 : 0;
  const found: (Found | Difference)[] = sizeDifferences(x, y, 'items', 'items').map((difference) => ({
    ...difference,
    values: () => [...lists(0), ...lists(longer)],
  }));
  if (y.unique && !x.unique && x.max > 1) {
    const twice = () =>
      comparison.samples
        .of(comparison.a.item(x, 0))
        .flatMap((value) => comparison.samples.ofAlternative(one, { items: { 0: value, 1: value } }));
    found.push({
      kind: 'unique-items',
      inA: 'items may be equal',
      inB: 'items have to differ',
      values: twice,
    });
  }
  return [...found, ...items(comparison, one, x, y)];
}

/** Each place that either side speaks of, and one for all places after. */
function items(
  comparison: Comparison,
  one: Alternative,
  x: ArrayFacts,
  y: ArrayFacts,
): (Found | Difference)[] {
  const spokenOf = Math.max(0, ...[...x.layers, ...y.layers].map(({ prefix }) => prefix.length));
  const found: (Found | Difference)[] = [];
  for (let index = 0; index <= spokenOf && index < x.max; index++) {
    const [a, b] = [comparison.a.item(x, index), comparison.b.item(y, index)];
    // Where no item can be, none can come after it.
    if (a.alternatives().length === 0) break;
    if (b.alternatives().length === 0) {
      if (y.max <= index) break;
      const values = () => comparison.samples.ofAlternative(one, { size: index + 1 });
      found.push({
        kind: 'max-items',
        inA: `more than ${index} items`,
        inB: `at most ${index} items`,
        values,
      });
      break;
    }
    const field = index === spokenOf ? '*' : String(index);
    found.push(...comparison.under({ alternative: one, item: index, field }, a, b));
  }
  return found;
}
