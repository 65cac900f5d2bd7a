import { fits } from './accepts.ts';
import { type Alternative, type Node, neverEqual, type Opaque } from './alternatives.ts';
import { arrayDifferences } from './arrays.ts';
import {
  below,
  type Comparison,
  type Difference,
  type Found,
  isLenient,
  MOST,
  type Step,
  told,
} from './differences.ts';
import type { Nodes } from './nodes.ts';
import { objectDifferences } from './objects.ts';
import type { Sameness } from './sameness.ts';
import { mentionedIn, Samples, texts } from './sample.ts';
import { numberDifferences, numbersAround, stringDifferences, textsAround } from './scalars.ts';
import { split } from './split.ts';

/** So many pairs are compared; more are told as not compared. */
const MOST_PAIRS = 20_000;
/** More nodes than there can be, so that two numbers make one. */
const MOST_NODES = 2 ** 26;
/** Into so many pieces a way is cut that fits no single one of the other side. */
const MOST_PIECES = 64;

/**
 * Finds what documents of one side may be and those of the other may not. Schemas that refer back to themselves are taken
 * to fit where they are met again: whatever does not fit is found where they are met first.
 */
export class Subset implements Comparison {
  readonly a: Nodes;
  readonly b: Nodes;
  readonly samples: Samples;
  readonly #sameness: Sameness | undefined;
  readonly #known = new Map<number, Difference[]>();
  readonly #open = new Map<number, number>();
  readonly #ids = new WeakMap<Node, number>();
  readonly #idsByKey = new Map<string, number>();
  #pairs = 0;
  /** The outermost pair that was taken to fit since: what rests on it is not kept. */
  #restsOn = Number.POSITIVE_INFINITY;

  constructor(a: Nodes, b: Nodes, sameness?: Sameness) {
    this.a = a;
    this.b = b;
    this.#sameness = sameness;
    this.samples = new Samples(a);
  }

  /** All differences between two schemas, with limits of its own for each two. */
  begin(a: Node, b: Node): Difference[] {
    this.#pairs = 0;
    this.a.begin();
    this.b.begin();
    this.samples.begin();
    return this.#differences(a, b);
  }

  #differences(a: Node, b: Node): Difference[] {
    if (b.parts.length === 0 && b.alternatives().length > 0) return [];
    const key = this.#idOf(a) * MOST_NODES + this.#idOf(b);
    const known = this.#known.get(key);
    if (known) return known;
    if (this.same(a, b)) return [];
    const above = this.#open.get(key);
    if (above !== undefined) {
      this.#restsOn = Math.min(this.#restsOn, above);
      return [];
    }
    if (++this.#pairs > MOST_PAIRS) return [this.#tooLarge(a, b)];
    const depth = this.#open.size;
    const restedOn = this.#restsOn;
    this.#restsOn = Number.POSITIVE_INFINITY;
    this.#open.set(key, depth);
    const found = this.#compare(a, b).slice(0, MOST);
    this.#open.delete(key);
    if (this.#restsOn >= depth) {
      this.#known.set(key, found);
      this.#restsOn = Number.POSITIVE_INFINITY;
    }
    this.#restsOn = Math.min(this.#restsOn, restedOn);
    return found;
  }

  same(a: Node, b: Node): boolean {
    const sameness = this.#sameness;
    return (
      sameness !== undefined &&
      a.parts.length === b.parts.length &&
      a.parts.every((part, at) => {
        const other = b.parts[at];
        return other !== undefined && sameness.same(part, other);
      })
    );
  }

  /** A number for each key: those of both sides make one that is found faster than a text of both. */
  #idOf(node: Node): number {
    const known = this.#ids.get(node);
    if (known !== undefined) return known;
    const id = this.#idsByKey.get(node.key) ?? this.#idsByKey.size;
    this.#idsByKey.set(node.key, id);
    this.#ids.set(node, id);
    return id;
  }

  /** Differences at a place below, on the way that `step` says. */
  under(step: Step, a: Node, b: Node): Difference[] {
    return below(step, this.#differences(a, b));
  }

  #compare(a: Node, b: Node): Difference[] {
    const ways = b.alternatives();
    const missing = a.alternatives().filter((one) => !ways.some((way) => way.facts.type === one.facts.type));
    const found = this.#missingTypes(a, b, missing);
    for (const one of a.alternatives()) if (!missing.includes(one)) found.push(...this.#way(a, b, one));
    return found;
  }

  #missingTypes(a: Node, b: Node, missing: readonly Alternative[]): Difference[] {
    if (missing.length === 0) return [];
    const values = () => missing.flatMap((one) => this.samples.ofAlternative(one).slice(0, 2));
    const onlyNull =
      missing.every((one) => one.facts.type === 'null') && a.alternatives().length > missing.length;
    return [
      this.#placed(a, b, { kind: onlyNull ? 'null' : 'type', inA: typesText(a), inB: typesText(b), values }),
    ];
  }

  /** Whether one way of `a` fits one of `b`, or the ways of `b` together when it is cut into pieces. */
  #way(a: Node, b: Node, one: Alternative): Difference[] {
    const ways = b.alternatives().filter(({ facts }) => facts.type === one.facts.type);
    const literals = one.literals?.filter((value) => fits(this.a, one, value) !== false);
    if (literals) return literals.flatMap((value) => this.#value(a, b, one, ways, value));
    const fitting = this.#fitting(a, b, one, ways);
    if (fitting) return fitting;
    if (ways.length > 1) {
      const lenient = this.#pieces(a, b, one, ways);
      if (lenient) return lenient;
    }
    const [best] = ways.map((way) => this.#pair(a, b, one, way)).sort((x, y) => weight(x) - weight(y));
    if (best && (ways.length === 1 || weight(best) < OTHER_FORM)) return best;
    const values = () => this.samples.ofAlternative(one);
    const [inA, inB] = ['one form', `${ways.length} other forms, none of which takes it whole`];
    return [this.#placed(a, b, { kind: 'alternative', inA, inB, values })];
  }

  /** What is lenient about the way of `b` that takes all of `one`; undefined when none does. */
  #fitting(a: Node, b: Node, one: Alternative, ways: readonly Alternative[]): Difference[] | undefined {
    const [least] = ways
      .map((way) => this.#pair(a, b, one, way))
      .filter((found) => found.every(isLenient))
      .sort((x, y) => x.length - y.length);
    return least;
  }

  /** What is lenient about the pieces, when each of them fits; undefined when one does not. */
  #pieces(a: Node, b: Node, one: Alternative, ways: readonly Alternative[]): Difference[] | undefined {
    let pieces = [one];
    const cut = new Set<string>();
    const lenient: Difference[] = [];
    for (;;) {
      const tries = pieces.map((piece) => ({ piece, found: this.#fitting(a, b, piece, ways) }));
      lenient.push(...tries.flatMap(({ found }) => found ?? []));
      const left = tries.flatMap(({ piece, found }) => (found ? [] : [piece]));
      if (left.length === 0) return lenient;
      const next = split(this.a, this.b, left, ways, cut);
      if (!next || next.length > MOST_PIECES) return undefined;
      pieces = next;
    }
  }

  #value(a: Node, b: Node, one: Alternative, ways: readonly Alternative[], value: unknown): Difference[] {
    const answers = ways.map((way) => fits(this.b, way, value));
    if (answers.includes(true)) return [];
    const values = () => [value];
    if (answers.includes('unknown')) {
      const held = (way: Alternative) => this.#opaqueDifferences(one, way).length === 0;
      if (ways.some((way) => held(way) && fits(this.b, { ...way, opaque: [] }, value) === true)) return [];
      return [
        this.#placed(a, b, {
          kind: 'not-compared',
          subject: told(value),
          inA: `${told(value)} is allowed`,
          inB: 'what is not compared',
          values,
        }),
      ];
    }
    return [
      this.#placed(a, b, {
        kind: 'enum-value',
        subject: told(value),
        inA: `${told(value)} is allowed`,
        inB: waysText(ways),
        values,
      }),
    ];
  }

  /** What one way of `a` may be and one way of `b` of the same type may not. */
  #pair(a: Node, b: Node, one: Alternative, way: Alternative): Difference[] {
    if (++this.#pairs > MOST_PAIRS) return [this.#tooLarge(a, b)];
    const values = () => this.#between(one, way);
    const found: (Found | Difference)[] = this.#opaqueDifferences(one, way).map(({ keyword, text }) => ({
      kind: 'not-compared',
      subject: keyword,
      inA: `${keyword} says something else or nothing`,
      inB: `${keyword} says ${told(text)}`,
      values: () => this.samples.ofAlternative(one, { mentioned: mentionedIn(text) }),
    }));
    if (way.literals) {
      found.push({ kind: 'enum', inA: 'any value', inB: waysText([way]), values });
    } else found.push(...this.#factDifferences(one, way, values));
    return found
      .slice(0, MOST)
      .map((difference) => ('trail' in difference ? difference : this.#placed(a, b, difference)));
  }

  #factDifferences(one: Alternative, way: Alternative, values: () => unknown[]): (Found | Difference)[] {
    const [x, y] = [one.facts, way.facts];
    if (x.type === 'number' && y.type === 'number')
      return numberDifferences(x, y).map((found) => ({ ...found, values }));
    if (x.type === 'string' && y.type === 'string')
      return stringDifferences(x, y).map((found) => ({ ...found, values }));
    if (x.type === 'array' && y.type === 'array') return arrayDifferences(this, one, x, y);
    if (x.type === 'object' && y.type === 'object') return objectDifferences(this, one, x, y);
    return [];
  }

  #opaqueDifferences(one: Alternative, way: Alternative): Opaque[] {
    const held = new Set(one.opaque.map(({ keyword, text }) => keyword + text));
    return way.opaque.filter(({ keyword, text }) => keyword === neverEqual || !held.has(keyword + text));
  }

  /** Values of `one` that `way` does not take. */
  #between(one: Alternative, way: Alternative): unknown[] {
    const [x, y] = [one.facts, way.facts];
    const tried: unknown[] = this.samples.ofAlternative(one);
    if (x.type === 'number' && y.type === 'number') tried.push(...numbersAround(x, y));
    if (x.type === 'string' && y.type === 'string') tried.push(...textsAround(x, y), ...texts(x));
    return tried.filter((value) => fits(this.a, one, value) !== false && fits(this.b, way, value) !== true);
  }

  #tooLarge(a: Node, b: Node): Difference {
    const [inA, inB] = ['schemas of a size that can be compared', 'larger ones'];
    return this.#placed(a, b, { kind: 'not-compared', inA, inB, values: () => [] });
  }

  #placed(a: Node, b: Node, found: Found): Difference {
    return { subject: '', ...found, trail: [], a, b };
  }
}

/** Ways as far apart as this are two forms, and not one that changed: a value that tells them apart is another. */
const OTHER_FORM = 100;
const weight = (found: readonly Difference[]) =>
  found.reduce(
    (sum, { kind, trail }) =>
      sum + (kind === 'enum-value' && trail.length === 1 ? OTHER_FORM : isLenient({ kind }) ? 0.1 : 1),
    0,
  );

const typesText = (node: Node) => {
  const types = new Set(
    node
      .alternatives()
      .map(({ facts }) => (facts.type === 'number' && facts.integer ? 'integer' : facts.type)),
  );
  return types.size === 0 ? 'nothing' : types.size === 6 ? 'anything' : [...types].join(' or ');
};

const waysText = (ways: readonly Alternative[]) => {
  const values = ways.flatMap(({ literals }) => literals ?? []);
  return values.length > 0 ? `one of ${values.map(told).join(', ').slice(0, 200)}` : 'other values';
};
