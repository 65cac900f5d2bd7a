import { fits } from './accepts.ts';
import type { Alternative, ArrayFacts, Node, ObjectFacts, StringFacts } from './alternatives.ts';
import { matches, type Nodes } from './nodes.ts';
import { samplesOf } from './strings.ts';

/** What a sample is to have in it, whatever else: values of some properties or items, and properties left out. */
export interface Wish {
  properties?: Readonly<Record<string, unknown>>;
  items?: Readonly<Record<number, unknown>>;
  without?: string;
  with?: string;
  /** Values to try where they fit, and with objects all that they declare: for what is read by nobody but a validator. */
  mentioned?: readonly unknown[];
  /** At least so many properties or items. */
  size?: number;
}

const DEEPEST = 16;
const LONGEST = 2_000;
/** So many values are made for one comparison. */
const MOST = 20_000;

/** Makes documents that are valid in a given way: the smallest it finds. What keywords that are not compared say is left out. */
export class Samples {
  readonly #nodes: Nodes;
  #left = MOST;

  constructor(nodes: Nodes) {
    this.#nodes = nodes;
  }

  /** As many samples may be made again. */
  begin(): void {
    this.#left = MOST;
  }

  /** Some values of a node, at most `most`; none when none was found. */
  of(node: Node, most = 4, depth = 0): unknown[] {
    if (depth > DEEPEST || this.#left-- < 0) return [];
    if (node.parts.length === 0 && node.alternatives().length > 1) return ['a', 1, true, null].slice(0, most);
    const found: unknown[] = [];
    for (const alternative of node.alternatives()) {
      found.push(...this.ofAlternative(alternative, {}, depth).slice(0, 2));
      if (found.length >= most) break;
    }
    return found.slice(0, most);
  }

  ofAlternative(alternative: Alternative, wish: Wish = {}, depth = 0): unknown[] {
    const { facts, literals } = alternative;
    const fitting = (values: readonly unknown[]) =>
      values.filter((value) => fits(this.#nodes, alternative, value) !== false);
    if (literals) return fitting(literals);
    if (wish.mentioned) {
      const { mentioned, ...rest } = wish;
      const full =
        facts.type === 'object'
          ? this.ofAlternative(alternative, { ...rest, size: declared(facts) }, depth)
          : [];
      const twice =
        facts.type === 'array' ? this.ofAlternative(alternative, { ...rest, size: 2 }, depth) : [];
      return [...this.ofAlternative(alternative, rest, depth), ...full, ...twice, ...fitting(mentioned)];
    }
    if (facts.type === 'object') return this.#object(facts, wish, depth);
    if (facts.type === 'array') return this.#array(facts, wish, depth);
    if (facts.type === 'number') {
      const { min, max, multiples } = facts;
      const near = [
        0,
        1,
        min.value,
        min.value + 1,
        max.value,
        max.value - 1,
        (min.value + max.value) / 2,
        0.5,
      ];
      const steps = multiples.flatMap((one) => [
        one,
        Math.ceil(min.value / one) * one,
        Math.floor(max.value / one) * one,
      ]);
      return fitting([...near, ...steps].filter(Number.isFinite));
    }
    return facts.type === 'string' ? fitting(texts(facts)) : [];
  }

  #object(facts: ObjectFacts, wish: Wish, depth: number): Record<string, unknown>[] {
    const value: Record<string, unknown> = { ...wish.properties };
    const add = (name: string): boolean => {
      if (Object.hasOwn(value, name)) return true;
      if (name === wish.without) return false;
      const [one] = this.of(this.#nodes.property(facts, name), 1, depth + 1);
      if (one === undefined) return false;
      // An assignment to __proto__ would not make a property.
      Object.defineProperty(value, name, {
        value: one,
        enumerable: true,
        writable: true,
        configurable: true,
      });
      return true;
    };
    if (!facts.required.every(add) || (wish.with !== undefined && !add(wish.with))) return [];
    for (let changed = true; changed; ) {
      const missing = facts.dependents.find(
        ([one, other]) => Object.hasOwn(value, one) && !Object.hasOwn(value, other),
      );
      changed = missing !== undefined;
      if (missing && !add(missing[1])) return [];
    }
    const least = Math.max(facts.min, wish.size ?? 0);
    for (const name of this.#names(facts, least)) {
      if (Object.keys(value).length >= least) break;
      add(name);
    }
    const size = Object.keys(value).length;
    return size < least || size > facts.max ? [] : [value];
  }

  /** Names to fill an object with: those it declares, those its patterns allow, and others. */
  *#names(facts: ObjectFacts, least: number): Generator<string> {
    for (const { properties } of facts.layers) yield* properties.keys();
    for (const { patterns } of facts.layers) for (const { pattern } of patterns) yield* samplesOf(pattern);
    if (least > 0) yield* this.of(this.#nodes.names(facts)).filter((name) => typeof name === 'string');
    for (let number = 1; number <= Math.min(least, LONGEST); number++) yield `extra${number}`;
  }

  #array(facts: ArrayFacts, wish: Wish, depth: number): unknown[][] {
    const wished = Object.keys(wish.items ?? {}).map((index) => Number(index) + 1);
    const length = Math.max(facts.min, wish.size ?? 0, ...wished);
    if (length > Math.min(facts.max, LONGEST)) return [];
    const items: unknown[] = [];
    for (let index = 0; index < length; index++) {
      const own = wish.items?.[index];
      const found =
        own === undefined ? this.of(this.#nodes.item(facts, index), facts.unique ? 20 : 1, depth + 1) : [own];
      const one = facts.unique ? found.find((value) => !items.includes(value)) : found[0];
      if (one === undefined) return [];
      items.push(one);
    }
    return [items];
  }
}

const declared = ({ layers }: ObjectFacts) =>
  new Set(layers.flatMap(({ properties }) => [...properties.keys()])).size;

/** The values that a keyword's text speaks of: what is `const` in it, or listed in `enum`. */
export function mentionedIn(text: string): unknown[] {
  const found: unknown[] = [];
  try {
    JSON.parse(text, (key, value: unknown) => {
      if (key === 'const') found.push(value);
      if (key === 'enum' && Array.isArray(value)) found.push(...value);
      return value;
    });
  } catch {
    // Of what could not be read the text is a pointer, and mentions nothing.
  }
  return found;
}

const formatSamples: Record<string, string> = {
  date: '2026-01-31',
  'date-time': '2026-01-31T12:00:00Z',
  duration: 'P1D',
  email: 'a@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  'json-pointer': '/a',
  regex: '^a$',
  time: '12:00:00Z',
  uri: 'https://example.com/a',
  'uri-reference': '/a',
  'uri-template': '/a/{b}',
  uuid: '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
};

/** Texts to try, of the lengths and forms that are spoken of. */
export function texts(facts: StringFacts): string[] {
  const lengths = [facts.min, facts.min + 1, facts.max].filter((length) => length <= 100_000);
  const sampled = facts.patterns.flatMap(samplesOf);
  // Expressions may take for ever on long texts: where there are some, only short ones are tried.
  const filled = (facts.patterns.length > 0 ? lengths.filter((length) => length <= 24) : lengths).flatMap(
    (length) => ['a'.repeat(length), '0'.repeat(length)],
  );
  const formatted = facts.formats.flatMap((format) => formatSamples[format] ?? []);
  return [
    ...new Set([
      ...formatted,
      ...sampled,
      'a',
      ...filled,
      '',
      'A',
      '0',
      'a b',
      '-',
      ...Object.values(formatSamples),
    ]),
  ];
}

/** A name that neither side declares or matches. */
export function freshName(facts: readonly ObjectFacts[]): string {
  const taken = (name: string) =>
    facts.some(({ layers }) =>
      layers.some(
        ({ properties, patterns }) =>
          properties.has(name) || patterns.some(({ pattern }) => matches(pattern, name)),
      ),
    );
  const names = ['extra', 'another', 'Extra1', '_extra', '~', 'extra-2', '0'];
  return names.find((name) => !taken(name)) ?? 'extra';
}
