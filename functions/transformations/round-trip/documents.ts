import fc from 'fast-check';
import type {
  Alternative,
  ArrayFacts,
  Node,
  NumberFacts,
  ObjectFacts,
  StringFacts,
} from '#compatibility/json-schema/alternatives.ts';
import { canonical } from '#compatibility/json-schema/document.ts';
import { Nodes } from '#compatibility/json-schema/nodes.ts';
import { texts } from '#compatibility/json-schema/sample.ts';
import type { SchemaSide } from '#compatibility/json-schema/validator.ts';
import { define } from '../edits.ts';

type Documents = fc.Arbitrary<unknown>;

/** Deeper than this only what has to be there is made. */
const DEEP = 5;
const DEEPEST = 12;
/** So many more items, characters or properties than have to be there. */
const MORE = 4;
const ABSENT = Symbol('absent');

/**
 * Documents of a schema, nearly all of which are valid: keywords that compatibility does not compare are not looked at.
 * Undefined when none is known.
 */
export function documentsOf({ root, dialect }: SchemaSide): Documents | undefined {
  const nodes = new Nodes(dialect);
  return new Maker(nodes).of(nodes.of([{ schema: root.schema, pointer: root.pointer, root }]), 0);
}

class Maker {
  readonly #nodes: Nodes;
  readonly #known = new Map<string, Documents | undefined>();

  constructor(nodes: Nodes) {
    this.#nodes = nodes;
  }

  of(node: Node, depth: number): Documents | undefined {
    if (depth > DEEPEST) return undefined;
    const key = `${depth} ${node.key}`;
    if (this.#known.has(key)) return this.#known.get(key);
    const made = this.#made(node, depth);
    this.#known.set(key, made);
    return made;
  }

  #made(node: Node, depth: number): Documents | undefined {
    if (node.parts.length === 0 && node.alternatives().length > 1)
      return fc.constantFrom<unknown>('any', 1, true, null);
    const ways = node.alternatives().flatMap((one) => this.#way(one, depth) ?? []);
    return ways.length === 0 ? undefined : fc.oneof(...ways);
  }

  #way({ facts, literals }: Alternative, depth: number): Documents | undefined {
    if (literals) return literals.length === 0 ? undefined : fc.constantFrom(...literals);
    if (facts.type === 'number') return numbers(facts);
    if (facts.type === 'string') return strings(facts);
    if (facts.type === 'array') return this.#list(facts, depth);
    if (facts.type === 'object') return this.#object(facts, depth);
    return facts.type === 'null' ? fc.constant(null) : fc.boolean();
  }

  #list(facts: ArrayFacts, depth: number): Documents | undefined {
    const fixed = Math.max(0, ...facts.layers.map(({ prefix }) => prefix.length));
    const first = Array.from({ length: Math.min(fixed, facts.max) }, (_, index) =>
      this.of(this.#nodes.item(facts, index), depth + 1),
    );
    const most = Math.min(facts.max, Math.max(facts.min, fixed) + (depth >= DEEP ? 0 : MORE));
    const rest = most > fixed ? this.of(this.#nodes.item(facts, fixed), depth + 1) : undefined;
    if (first.includes(undefined)) return facts.min === 0 ? fc.constant([]) : undefined;
    const known = first.flatMap((one) => one ?? []);
    const least = Math.max(0, facts.min - fixed);
    if (!rest) return least > 0 ? undefined : fc.tuple(...known);
    const sizes = { minLength: least, maxLength: most - fixed };
    const others = facts.unique
      ? fc.uniqueArray(rest, { ...sizes, selector: canonical })
      : fc.array(rest, sizes);
    return fc.tuple(fc.tuple(...known), others).map(([head, tail]) => [...head, ...tail]);
  }

  #object(facts: ObjectFacts, depth: number): Documents | undefined {
    const named = new Set([
      ...facts.required,
      ...facts.layers.flatMap(({ properties }) => [...properties.keys()]),
    ]);
    const fields: fc.Arbitrary<[string, unknown]>[] = [];
    for (const name of named) {
      const required = facts.required.includes(name);
      if (!required && depth >= DEEP) continue;
      const values = this.of(this.#nodes.property(facts, name), depth + 1);
      if (!values && required) return undefined;
      if (!values) continue;
      const present = required ? values : fc.option(values, { nil: ABSENT });
      fields.push(present.map((value) => [name, value]));
    }
    return fc.tuple(fc.tuple(...fields), this.#others(facts, named, depth)).map(([known, others]) => {
      const document: Record<string, unknown> = {};
      for (const [name, value] of [...known, ...others]) if (value !== ABSENT) define(document, name, value);
      return document;
    });
  }

  /** Properties that nothing names, where something is said of them: a map. */
  #others(facts: ObjectFacts, named: ReadonlySet<string>, depth: number): fc.Arbitrary<[string, unknown][]> {
    const isMap = facts.layers.some(({ rest }) => typeof rest?.schema === 'object');
    const values = isMap && depth < DEEP ? this.of(this.#nodes.otherProperty(facts), depth + 1) : undefined;
    if (!values) return fc.constant([]);
    const names = ['one', 'two', 'a/b', '3'].filter((name) => !named.has(name));
    const entries = fc.tuple(fc.constantFrom(...names), values);
    return fc.uniqueArray(entries, { maxLength: 3, selector: ([name]) => name });
  }
}

const FAR = 1_000_000;

function numbers({ integer, min, max, multiples }: NumberFacts): Documents {
  const [step] = multiples;
  const low = Math.max(min.value, Math.min(-FAR, max.value));
  const high = Math.min(max.value, Math.max(FAR, min.value));
  if (step !== undefined) {
    const [from, to] = [Math.ceil(low / step), Math.floor(high / step)];
    return fc.integer({ min: Math.min(from, to), max: to }).map((times) => times * step);
  }
  const whole = { min: Math.ceil(low), max: Math.floor(high) };
  const integers = whole.min <= whole.max ? fc.integer(whole) : undefined;
  if (integer && integers) return integers;
  // -0 does not come back from a text.
  const any = fc
    .double({ min: low, max: high, noNaN: true, noDefaultInfinity: true })
    .map((one) => (one === 0 ? 0 : one));
  return integers ? fc.oneof(integers, any) : any;
}

function strings(facts: StringFacts): Documents {
  const [pattern] = facts.patterns;
  if (pattern !== undefined) {
    try {
      return fc.oneof(fc.stringMatching(new RegExp(pattern, 'u')), fc.constantFrom(...texts(facts)));
    } catch {
      // It looks around, for example.
      return fc.constantFrom(...texts(facts));
    }
  }
  if (facts.formats.length > 0) return fc.constantFrom(...texts(facts));
  return fc.string({ minLength: facts.min, maxLength: Math.min(facts.max, facts.min + 12) });
}
