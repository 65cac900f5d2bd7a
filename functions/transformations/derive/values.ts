import type { Operation } from '../schemas.ts';
import type { Finding } from './finding.ts';
import { likeness, pairsByLikeness } from './names.ts';
import { type Shape, shapeOf } from './shapes.ts';

type Scalar = string | number | boolean | null;
type MapOperation = Extract<Operation, { op: 'map' }>;

const isScalar = (value: unknown): value is Scalar =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value);

/** Values of an enumeration that became others, and those of which nobody knows what they became. */
export function mappedValues(
  older: readonly unknown[],
  newer: readonly unknown[],
): { pairs: [Scalar, Scalar][]; sure: Finding['sure']; why: string; gone: Scalar[]; came: Scalar[] } {
  const gone = older.filter(isScalar).filter((value) => !newer.includes(value));
  const came = newer.filter(isScalar).filter((value) => !older.includes(value));
  const alike = pairsByLikeness(gone, came, (one, other) => likeness(String(one), String(other)));
  const pairs: [Scalar, Scalar][] = alike.map(({ one, other }) => [one, other]);
  let sure: Finding['sure'] = alike.every(({ score }) => score === 1) ? 'certain' : 'likely';
  let why = 'their values are written alike';
  const left = gone.filter((value) => !pairs.some(([one]) => one === value));
  const free = came.filter((value) => !pairs.some(([, other]) => other === value));
  const [only] = left;
  const [replacement] = free;
  // Only one value of a list changed, and what stands in its place is as new.
  if (
    only !== undefined &&
    replacement !== undefined &&
    left.length === 1 &&
    free.length === 1 &&
    older.length === newer.length &&
    older.indexOf(only) === newer.indexOf(replacement)
  ) {
    pairs.push([only, replacement]);
    left.pop();
    free.pop();
    sure = 'guess';
    why = `${JSON.stringify(replacement)} stands where ${JSON.stringify(only)} stood`;
  }
  return { pairs, sure, why, gone: left, came: free };
}

export const mapOf = (at: string, part: MapOperation['in'], values: [Scalar, Scalar][]): Operation => ({
  op: 'map',
  in: part,
  at,
  values,
});

/** The property of an object that is what a value was, where the others can be given: a value that was wrapped. */
export function wrapping(
  inner: Shape,
  object: Shape,
): { property: string; with?: Record<string, unknown> } | undefined {
  const candidates = [...object.properties].filter(([, written]) => shapeOf(written).text === inner.text);
  const [only] = candidates;
  if (!only || candidates.length > 1) return undefined;
  const others: Record<string, unknown> = {};
  for (const name of object.required) {
    if (name === only[0]) continue;
    const written = object.properties.get(name);
    const given = written && defaultOf(shapeOf(written));
    if (given === undefined) return undefined;
    others[name] = given;
  }
  return { property: only[0], ...(Object.keys(others).length > 0 && { with: others }) };
}

/** What a schema itself gives in place of nothing: its default, or the only value that it allows. */
export function defaultOf(shape: Shape): unknown {
  if (shape.default !== undefined) return shape.default;
  return shape.enum?.length === 1 ? shape.enum[0] : undefined;
}

const CONVERTIBLE: Record<string, string> = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
};

/** The types between which a value is converted; undefined where one is no scalar. */
export function conversion(older: Shape, newer: Shape): { from: Basic; to: Basic } | undefined {
  const [from, to] = [older, newer].map(({ types, enum: values }) =>
    types.length === 1 && !values ? CONVERTIBLE[types[0] ?? ''] : undefined,
  );
  return isBasic(from) && isBasic(to) && from !== to ? { from, to } : undefined;
}

type Basic = 'string' | 'number' | 'boolean';
const isBasic = (type: string | undefined): type is Basic => type !== undefined;

const UPPER = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'];
const LOWER = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'];

/** What `to` refuses of what `from` allows, as keywords; by the words of the schemas only. */
export function narrowed(from: Shape, to: Shape): string[] {
  const [before, after] = [from.limits, to.limits];
  const tighter = Object.keys(after).filter((key) => {
    const [one, other] = [before[key], after[key]];
    if (typeof one === 'number' && typeof other === 'number') {
      if (UPPER.includes(key)) return other < one;
      if (LOWER.includes(key)) return other > one;
    }
    return one !== other;
  });
  const types = to.types.length > 0 && from.types.some((type) => !allows(to, type)) ? ['type'] : [];
  const values =
    to.enum && (!from.enum || from.enum.some((value) => !to.enum?.includes(value))) ? ['enum'] : [];
  const forms = (from.forms || to.forms) && from.text !== to.text ? ['anyOf or oneOf'] : [];
  return [...types, ...tighter, ...values, ...forms];
}

const allows = ({ types }: Shape, type: string) =>
  types.includes(type) || (type === 'integer' && types.includes('number'));
