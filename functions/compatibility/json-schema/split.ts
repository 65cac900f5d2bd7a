import type { Alternative, Node, ObjectFacts } from './alternatives.ts';
import { type Nodes, nothing, onlyOf } from './nodes.ts';
import { namesOf } from './objects.ts';

/**
 * Cuts objects into pieces by what one of their properties may be: each of its values and ways, and its absence. Pieces may
 * fit where the whole does not: an object with `kind: a | b` is either one of kind `a` or one of kind `b`. Returns
 * undefined when there is no property left to cut by; `cut` has those that were used.
 */
export function split(
  a: Nodes,
  b: Nodes,
  pieces: readonly Alternative[],
  ways: readonly Alternative[],
  cut: Set<string>,
): Alternative[] | undefined {
  const objects = ways.flatMap(({ facts }) => (facts.type === 'object' ? [facts] : []));
  const [first] = pieces;
  if (first?.facts.type !== 'object' || objects.length < ways.length) return undefined;
  const facts = first.facts;
  const name = namesOf(facts).find((one) => !cut.has(one) && tellsApart(a, b, facts, objects, one));
  if (name === undefined) return undefined;
  cut.add(name);
  return pieces.flatMap((piece) =>
    piece.facts.type === 'object' ? byProperty(a, piece, piece.facts, name) : [piece],
  );
}

/** Whether the property may be several things, and the other side's ways say different things of it. */
function tellsApart(
  a: Nodes,
  b: Nodes,
  facts: ObjectFacts,
  ways: readonly ObjectFacts[],
  name: string,
): boolean {
  const own = a.property(facts, name).alternatives();
  const several = own.length > 1 || (own[0]?.literals?.length ?? 0) > 1 || !facts.required.includes(name);
  const said = new Set(ways.map((way) => `${b.property(way, name).key} ${way.required.includes(name)}`));
  return several && said.size > 1;
}

function byProperty(a: Nodes, piece: Alternative, facts: ObjectFacts, name: string): Alternative[] {
  const node = a.property(facts, name);
  const fixed = (one: Node, required: readonly string[]): Alternative => ({
    ...piece,
    facts: { ...facts, required, fixed: new Map([...facts.fixed, [name, one]]) },
  });
  const present = [...new Set([...facts.required, name])];
  const single = node
    .alternatives()
    .flatMap((way) => (way.literals ? way.literals.map((value) => ({ ...way, literals: [value] })) : [way]));
  const pieces = single.map((way) => fixed(onlyOf(node, way), present));
  return facts.required.includes(name) ? pieces : [...pieces, fixed(nothing, facts.required)];
}
