import {
  type Alternative,
  type ArrayFacts,
  allTypes,
  anyOf,
  meet,
  type Node,
  neverEqual,
  type ObjectFacts,
} from './alternatives.ts';
import { annotations, type Dialect, type JsonSchema } from './document.ts';
import { ownAlternatives } from './facts.ts';
import { fingerprint } from './fingerprint.ts';
import { isLocal, type Located, resolve } from './references.ts';

/** More ways than these are not looked at one by one. */
const MOST = 64;
/** So many schemas are read for one comparison, combinations counted as often as they are met. */
const MOST_STEPS = 200_000;

/** Makes the nodes of one schema and keeps them. */
export class Nodes {
  readonly #dialect: Dialect;
  readonly #known = new Map<string, Node>();
  #steps = 0;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** Another schema may be read up to the limit again. */
  begin(): void {
    this.#steps = 0;
  }

  /** The node of a document that is valid under each of `parts`. */
  of(parts: readonly Located[]): Node {
    const [first] = parts;
    const single = parts.length === 1 && first ? this.#known.get(keyOf(first)) : undefined;
    if (single) return single;
    const led = parts.map(target).filter(saysAnything);
    const saying = [...new Map(led.map((part) => [part.pointer, part])).values()];
    saying.sort((a, b) => (a.pointer < b.pointer ? -1 : 1));
    const key = saying.map(keyOf).join(' & ');
    const node = this.#known.get(key) ?? this.#made(key, saying);
    this.#known.set(key, node);
    if (parts.length === 1 && first) this.#known.set(keyOf(first), node);
    return node;
  }

  #made(key: string, saying: readonly Located[]): Node {
    let found: Alternative[] | 'looking' | undefined;
    return {
      key,
      parts: saying,
      alternatives: () => {
        // Who asks while it is being found out asks whether there are any: that may be.
        if (found === 'looking') return anything();
        if (found === undefined) {
          found = 'looking';
          const [only, ...others] = saying;
          const all = others.reduce(
            (before, part) => capped(before, this.#ofSchema(part, new Set()), part, 'allOf'),
            only ? this.#ofSchema(only, new Set()) : anything(),
          );
          found = all.filter((one) => !this.isEmpty(one));
        }
        return found;
      },
    };
  }

  /** The property of that name in objects of these facts. */
  property(facts: ObjectFacts, name: string): Node {
    const fixed = facts.fixed.get(name);
    if (fixed) return fixed;
    const parts = facts.layers.flatMap(({ properties, patterns, rest }) => {
      const own = properties.get(name);
      const matching = patterns.filter(({ pattern }) => matches(pattern, name)).map(({ schema }) => schema);
      const named = own ? [own, ...matching] : matching;
      return named.length > 0 ? named : rest ? [rest] : [];
    });
    return this.of(parts);
  }

  /** Properties that nothing names. */
  otherProperty(facts: ObjectFacts): Node {
    return this.of(facts.layers.flatMap(({ rest }) => rest ?? []));
  }

  /** Properties whose names match `pattern` and nothing else. */
  matchingProperty(facts: ObjectFacts, wanted: string): Node {
    return this.of(
      facts.layers.flatMap(({ patterns, rest }) => {
        const own = patterns.filter(({ pattern }) => pattern === wanted).map(({ schema }) => schema);
        return own.length > 0 ? own : (rest ?? []);
      }),
    );
  }

  names(facts: ObjectFacts): Node {
    return this.of(facts.names);
  }

  /** The item at `index`; of arrays of which nothing is said so far on, whatever comes. */
  item(facts: ArrayFacts, index: number): Node {
    return this.of(facts.layers.flatMap(({ prefix, rest }) => prefix[index] ?? rest ?? []));
  }

  /** Whether it is certain that no document is this: a property or an item that has to be there cannot be anything. */
  isEmpty({ facts, literals }: Alternative): boolean {
    if (literals) return false;
    if (facts.type === 'object') {
      return facts.required.some((name) => this.property(facts, name).alternatives().length === 0);
    }
    if (facts.type !== 'array') return false;
    const lengths = Array.from({ length: Math.min(facts.min, 16) }, (_, index) => index);
    return lengths.some((index) => this.item(facts, index).alternatives().length === 0);
  }

  #ofSchema(part: Located, above: ReadonlySet<string>): Alternative[] {
    const { schema, root, pointer } = part;
    if (typeof schema === 'boolean') return schema ? anything() : [];
    let all = ownAlternatives(schema, part, this.#dialect);
    if (++this.#steps > MOST_STEPS) return withOpaque(all, neverEqual, pointer);
    const inside = new Set(above).add(pointer);
    const below = (key: string, one: JsonSchema, index: number) =>
      this.#ofSchema({ schema: one, root, pointer: `${pointer}/${key}/${index}` }, inside);
    if (typeof schema.$ref === 'string') {
      const target = isLocal(schema.$ref) ? resolve(schema.$ref, root) : undefined;
      if (!target) all = withOpaque(all, '$ref', schema.$ref);
      else if (inside.has(target.pointer)) all = withOpaque(all, neverEqual, pointer);
      else all = capped(all, this.#ofSchema(target, inside), target, '$ref');
    }
    for (const [index, one] of schemasAt(schema, 'allOf').entries()) {
      all = capped(all, below('allOf', one, index), { schema: one, root }, 'allOf');
    }
    for (const key of ['anyOf', 'oneOf']) {
      const listed = schemasAt(schema, key);
      if (listed.length === 0) continue;
      const ways = listed.map((one, index) => below(key, one, index));
      const whole = { schema: { [key]: listed }, root };
      all = capped(all, ways.flat(), whole, key);
      if (key === 'oneOf' && !this.#disjoint(ways))
        all = withOpaque(all, key, fingerprint(whole.schema, root));
    }
    return all;
  }

  /** Whether it is certain that no document is in two of the lists. */
  #disjoint(lists: readonly (readonly Alternative[])[]): boolean {
    return lists.every((one, at) =>
      lists.slice(at + 1).every((other) =>
        one.every((a) =>
          other.every((b) => {
            const shared = meet(a, b);
            return !shared || this.isEmpty(shared);
          }),
        ),
      ),
    );
  }
}

/** Of the whole document, whose pointer is empty, it must not be that of no parts at all, which is anything. */
const keyOf = ({ pointer }: Located) => `#${pointer}`;

/** A node that is one of the ways of another. */
export const onlyOf = (node: Node, alternative: Alternative): Node => ({
  key: `${node.key} as ${identity(alternative)}`,
  parts: node.parts,
  alternatives: () => [alternative],
});

/** What cannot be: the node of a property that is absent. */
export const nothing: Node = { key: 'nothing', parts: [], alternatives: () => [] };

const anything = (): Alternative[] => allTypes.map(anyOf);

function both(one: readonly Alternative[], other: readonly Alternative[]): Alternative[] {
  const found = new Map<string, Alternative>();
  for (const a of one) {
    for (const b of other) {
      if (a.facts.type !== b.facts.type) continue;
      const shared = meet(a, b);
      if (shared) found.set(identity(shared), shared);
    }
  }
  return [...found.values()];
}

/** The ways to be both; where these are too many, those of `one` and that the other schema is not compared. */
function capped(
  one: Alternative[],
  other: readonly Alternative[],
  { schema, root }: Pick<Located, 'schema' | 'root'>,
  keyword: string,
): Alternative[] {
  if (one.length * other.length <= MOST * MOST) {
    const found = both(one, other);
    if (found.length <= MOST) return found;
  }
  return withOpaque(one, keyword, fingerprint(schema, root));
}

/** Equal for alternatives that say the same of the same places. */
function identity({ facts, literals, opaque }: Alternative): string {
  const shallow = (_: string, value: unknown) => {
    if (value instanceof Map) return [...value.values()];
    if (value === Number.POSITIVE_INFINITY) return 'no limit';
    if (typeof value === 'object' && value !== null && 'pointer' in value) return value.pointer;
    return value;
  };
  return JSON.stringify([facts, literals, opaque], shallow);
}

const withOpaque = (all: readonly Alternative[], keyword: string, text: string): Alternative[] =>
  all.map((one) => ({ ...one, opaque: [...one.opaque, { keyword, text }] }));

const schemasAt = (schema: Record<string, unknown>, key: string): JsonSchema[] => {
  const list = schema[key];
  return Array.isArray(list) ? list.filter((one) => typeof one === 'boolean' || typeof one === 'object') : [];
};

/** So many references that only lead to another are followed. */
const MOST_HOPS = 32;

/** What a schema that only refers to another one leads to: a definition is one place, wherever it is used. */
function target(part: Located): Located {
  let here = part;
  for (let hops = 0; hops < MOST_HOPS; hops++) {
    const { schema, root } = here;
    if (typeof schema === 'boolean' || typeof schema.$ref !== 'string' || !isLocal(schema.$ref)) return here;
    if (Object.keys(schema).some((key) => key !== '$ref' && !annotations.has(key))) return here;
    const next = resolve(schema.$ref, root);
    if (!next) return here;
    here = next;
  }
  return part;
}

function saysAnything({ schema }: Located): boolean {
  return typeof schema === 'boolean' ? !schema : Object.keys(schema).some((key) => !annotations.has(key));
}

const expressions = new Map<string, RegExp>();

/** Whether `text` matches a regular expression of ECMA-262, anywhere in it. What is no expression matches nothing. */
export function matches(pattern: string, text: string): boolean {
  const known = expressions.get(pattern) ?? expressionOf(pattern);
  if (expressions.size > 1_000) expressions.clear();
  expressions.set(pattern, known);
  return known.test(text);
}

/** Many are written without the flag u in mind, which refuses needless backslashes. */
function expressionOf(pattern: string): RegExp {
  for (const flags of ['u', '']) {
    try {
      return new RegExp(pattern, flags);
    } catch {
      // The next flags, then.
    }
  }
  return /(?!)/;
}
