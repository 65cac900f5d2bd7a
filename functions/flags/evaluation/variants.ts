import type { Expression } from './expression.ts';
import { type JsonValue, quoted, shown } from './json.ts';
import type { Problems } from './problems.ts';

/** Adds a problem for each variant that a targeting may give by name and that the flag does not have. */
export function checkVariants(
  targeting: Expression,
  variants: ReadonlySet<string>,
  problems: Problems,
): void {
  for (const { value, place } of givenBy(targeting)) {
    if (value === null) continue;
    if (typeof value !== 'object' && variants.has(String(value))) continue;
    const names = [...variants].slice(0, 10).map(quoted).join(', ');
    problems.add(place, `one of the variants ${names}${variants.size > 10 ? ', …' : ''}`, shown(value));
  }
}

/** The literals that a targeting may end in. What is computed is looked at when it is. */
function* givenBy(expression: Expression): Generator<Expression & { kind: 'literal'; value: JsonValue }> {
  if (expression.kind === 'literal') yield expression;
  if (expression.kind === 'fractional') for (const { variant } of expression.buckets) yield* givenBy(variant);
  if (expression.kind !== 'lazy') return;
  const { operator, arguments: parts } = expression;
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    // A false operand of `or` is passed over unless it is the last; of `and`, a true one.
    if (operator === 'if' && (isLast ? true : index % 2 === 1)) yield* givenBy(part);
    if (operator === 'and' && isLast) yield* givenBy(part);
    if (operator === 'or' && (isLast || (part.kind === 'literal' && part.value))) yield* givenBy(part);
  }
}
