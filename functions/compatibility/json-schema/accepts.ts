import { type Alternative, type ArrayFacts, type Node, type ObjectFacts, typeOf } from './alternatives.ts';
import { canonical, isObject } from './document.ts';
import { matches, type Nodes } from './nodes.ts';
import { formatAccepts } from './validator.ts';

/** `unknown`: it depends on a keyword that is not compared. */
export type Answer = true | false | 'unknown';

/** Whether a value is valid at a node. */
export function accepts(nodes: Nodes, node: Node, value: unknown): Answer {
  let answer: Answer = false;
  for (const alternative of node.alternatives()) {
    const one = fits(nodes, alternative, value);
    if (one === true) return true;
    if (one === 'unknown') answer = one;
  }
  return answer;
}

/** Whether a value is valid in this one way. */
export function fits(nodes: Nodes, { facts, literals, opaque }: Alternative, value: unknown): Answer {
  if (facts.type !== typeOf(value)) return false;
  if (literals) {
    const text = canonical(value);
    if (!literals.some((one) => canonical(one) === text)) return false;
  }
  const answers = [...opaque.map((): Answer => 'unknown'), factsAccept(nodes, facts, value)];
  return all(answers);
}

function factsAccept(nodes: Nodes, facts: Alternative['facts'], value: unknown): Answer {
  if (facts.type === 'number' && typeof value === 'number') {
    const { min, max, multiples, integer } = facts;
    return (
      (!integer || Number.isInteger(value)) &&
      (min.exclusive ? value > min.value : value >= min.value) &&
      (max.exclusive ? value < max.value : value <= max.value) &&
      multiples.every((one) => Number.isInteger(value / one))
    );
  }
  if (facts.type === 'string' && typeof value === 'string') {
    const length = [...value].length;
    if (length < facts.min || length > facts.max) return false;
    if (!facts.patterns.every((pattern) => matches(pattern, value))) return false;
    return all(facts.formats.map((format) => formatAccepts(format, value)));
  }
  if (facts.type === 'array' && Array.isArray(value)) return arrayAccepts(nodes, facts, value);
  if (facts.type === 'object' && isObject(value)) return objectAccepts(nodes, facts, value);
  return true;
}

function arrayAccepts(nodes: Nodes, facts: ArrayFacts, value: readonly unknown[]): Answer {
  if (value.length < facts.min || value.length > facts.max) return false;
  if (facts.unique && new Set(value.map(canonical)).size < value.length) return false;
  return all(value.map((item, index) => accepts(nodes, nodes.item(facts, index), item)));
}

function objectAccepts(nodes: Nodes, facts: ObjectFacts, value: Record<string, unknown>): Answer {
  const names = Object.keys(value);
  const has = (name: string) => Object.hasOwn(value, name);
  if (names.length < facts.min || names.length > facts.max || !facts.required.every(has)) return false;
  if (facts.dependents.some(([one, needed]) => has(one) && !has(needed))) return false;
  return all([
    ...names.map((name) => accepts(nodes, nodes.names(facts), name)),
    ...names.map((name) => accepts(nodes, nodes.property(facts, name), value[name])),
  ]);
}

const all = (answers: readonly Answer[]): Answer => {
  if (answers.includes(false)) return false;
  return answers.includes('unknown') ? 'unknown' : true;
};
