import { canonical } from './document.ts';
import type { Located } from './references.ts';

export type JsonType = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object';

export interface Bound {
  value: number;
  exclusive: boolean;
}

export interface NumberFacts {
  type: 'number';
  integer: boolean;
  min: Bound;
  max: Bound;
  multiples: readonly number[];
}

export interface StringFacts {
  type: 'string';
  min: number;
  max: number;
  patterns: readonly string[];
  formats: readonly string[];
}

/** What one schema says of items by their place: the first ones each, then all others. */
export interface ItemLayer {
  prefix: readonly Located[];
  rest: Located | undefined;
}

export interface ArrayFacts {
  type: 'array';
  min: number;
  max: number;
  unique: boolean;
  layers: readonly ItemLayer[];
}

/** What one schema says of properties by their name: those it names, those whose names match, and all others. */
export interface PropertyLayer {
  properties: ReadonlyMap<string, Located>;
  patterns: readonly { pattern: string; schema: Located }[];
  rest: Located | undefined;
}

export interface ObjectFacts {
  type: 'object';
  min: number;
  max: number;
  required: readonly string[];
  layers: readonly PropertyLayer[];
  /** What the names themselves must be. */
  names: readonly Located[];
  /** Whoever has the first has the second, too. */
  dependents: readonly (readonly [string, string])[];
  /** Properties of which one way was picked, whatever the layers say. */
  fixed: ReadonlyMap<string, Node>;
}

/**
 * What a document has to be at one place: valid under each of some schemas. A node is known by where they stand, so that
 * there are finitely many however often schemas refer back to themselves.
 */
export interface Node {
  key: string;
  parts: readonly Located[];
  /** The ways to be valid; none when nothing is. */
  alternatives: () => readonly Alternative[];
}

/** A keyword whose meaning is not compared: equal texts mean equal things, and that is all that is known. */
export interface Opaque {
  keyword: string;
  text: string;
}

/** The keyword of what could not even be read as a text: it differs from everything. */
export const neverEqual = 'unreadable';

/** One of the ways in which a document can be valid: it is of one type, and each of these facts holds. */
export interface Alternative {
  facts: { type: 'null' } | { type: 'boolean' } | NumberFacts | StringFacts | ArrayFacts | ObjectFacts;
  /** Only these values; undefined: whatever the facts allow. */
  literals: readonly unknown[] | undefined;
  opaque: readonly Opaque[];
}

/** What both demand; undefined when no document can be both. */
export function meet(a: Alternative, b: Alternative): Alternative | undefined {
  const facts = meetFacts(a.facts, b.facts);
  if (!facts) return undefined;
  const literals = meetLiterals(a.literals, b.literals);
  if (literals?.length === 0) return undefined;
  return { facts, literals, opaque: distinct([...a.opaque, ...b.opaque], (one) => one.keyword + one.text) };
}

function meetFacts(a: Alternative['facts'], b: Alternative['facts']): Alternative['facts'] | undefined {
  if (a.type === 'number' && b.type === 'number') return meetNumbers(a, b);
  if (a.type === 'string' && b.type === 'string') {
    return within<StringFacts>({
      ...sizes(a, b),
      type: 'string',
      patterns: distinct([...a.patterns, ...b.patterns]),
      formats: distinct([...a.formats, ...b.formats]),
    });
  }
  if (a.type === 'array' && b.type === 'array') {
    const unique = a.unique || b.unique;
    const layers = distinct([...a.layers, ...b.layers]);
    return within<ArrayFacts>({ ...sizes(a, b), type: 'array', unique, layers });
  }
  if (a.type === 'object' && b.type === 'object') {
    return within<ObjectFacts>({
      ...sizes(a, b),
      type: 'object',
      required: distinct([...a.required, ...b.required]),
      layers: distinct([...a.layers, ...b.layers]),
      names: distinct([...a.names, ...b.names], (one) => one.pointer),
      dependents: distinct([...a.dependents, ...b.dependents], canonical),
      fixed: new Map([...a.fixed, ...b.fixed]),
    });
  }
  return a.type === b.type ? a : undefined;
}

function meetNumbers(a: NumberFacts, b: NumberFacts): NumberFacts | undefined {
  const integer = a.integer || b.integer;
  const whole = (bound: Bound, sign: 1 | -1) => (integer ? wholeBound(bound, sign) : bound);
  const min = whole(tighter(a.min, b.min, 1), 1);
  const max = whole(tighter(a.max, b.max, -1), -1);
  if (min.value > max.value || (min.value === max.value && (min.exclusive || max.exclusive)))
    return undefined;
  return { type: 'number', integer, min, max, multiples: distinct([...a.multiples, ...b.multiples]) };
}

/** The bound that lets fewer numbers pass; `sign` is 1 for lower bounds and -1 for upper ones. */
function tighter(a: Bound, b: Bound, sign: 1 | -1): Bound {
  if (a.value === b.value) return a.exclusive ? a : b;
  return sign * a.value > sign * b.value ? a : b;
}

/** The nearest whole number that a bound lets pass. */
function wholeBound({ value, exclusive }: Bound, sign: 1 | -1): Bound {
  const whole = sign === 1 ? Math.ceil(value) : Math.floor(value);
  return {
    value: exclusive && whole === value && Number.isFinite(value) ? value + sign : whole,
    exclusive: false,
  };
}

const sizes = (a: { min: number; max: number }, b: { min: number; max: number }) => ({
  min: Math.max(a.min, b.min),
  max: Math.min(a.max, b.max),
});

const within = <T extends { min: number; max: number }>(facts: T): T | undefined =>
  facts.min > facts.max ? undefined : facts;

function meetLiterals(a: Alternative['literals'], b: Alternative['literals']): Alternative['literals'] {
  if (!a || !b) return a ?? b;
  const known = new Set(b.map(canonical));
  return a.filter((value) => known.has(canonical(value)));
}

function distinct<T>(all: readonly T[], key: (one: T) => unknown = (one) => one): T[] {
  const seen = new Map(all.map((one) => [key(one), one]));
  return [...seen.values()];
}

const noBound = (value: number): Bound => ({ value, exclusive: false });

/** Whatever a type allows. */
export function anyOf(type: JsonType): Alternative {
  const [min, max] = [0, Number.POSITIVE_INFINITY];
  const facts = {
    null: { type: 'null' },
    boolean: { type: 'boolean' },
    number: { type: 'number', integer: false, min: noBound(-max), max: noBound(max), multiples: [] },
    string: { type: 'string', min, max, patterns: [], formats: [] },
    array: { type: 'array', min, max, unique: false, layers: [] },
    object: {
      type: 'object',
      min,
      max,
      required: [],
      layers: [],
      names: [],
      dependents: [],
      fixed: new Map(),
    },
  } satisfies { [T in JsonType]: Extract<Alternative['facts'], { type: T }> };
  const literals = type === 'null' ? [null] : type === 'boolean' ? [true, false] : undefined;
  return { facts: facts[type], literals, opaque: [] };
}

export const allTypes: readonly JsonType[] = ['null', 'boolean', 'number', 'string', 'array', 'object'];

export function typeOf(value: unknown): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  const type = typeof value;
  return type === 'boolean' || type === 'number' || type === 'string' ? type : 'object';
}
