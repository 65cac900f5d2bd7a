import type { SemVer } from 'semver';
import compareVersions from 'semver/functions/compare.js';
import parse from 'semver/functions/parse.js';
import type { PlainOperator } from './expression.ts';
import type { Work } from './run.ts';
import { NotComputable, numberOf, truthy } from './values.ts';

/** Computes an operator from its arguments. Throws NotComputable where they do not fit. */
export type Operator = (values: readonly unknown[], work: Work) => unknown;

const LONGEST_LIST = 32_768;
const LONGEST_TEXT = 65_536;

export type Order = (a: string | number | null, b: string | number | null) => boolean;

/** Strings and null are compared as they are, everything else as numbers. */
export function loosely(order: Order, a: unknown, b: unknown): boolean {
  const isText = (value: unknown): value is string | null => typeof value === 'string' || value === null;
  return isText(a) && isText(b) ? order(a, b) : order(numberOf(a), numberOf(b));
}

// Null is compared with strings as JavaScript does it, where it is 0.
const asNumber = (
  order: (a: number, b: number) => boolean,
  words: (a: string, b: string) => boolean,
): Order => {
  return (a, b) =>
    typeof a === 'string' && typeof b === 'string' ? words(a, b) : order(Number(a), Number(b));
};

/** Those that compare two values loosely; `<` and its like also three, each with the next. */
export const ORDERS = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': asNumber(
    (a, b) => a < b,
    (a, b) => a < b,
  ), // prettier-ignore
  '<=': asNumber(
    (a, b) => a <= b,
    (a, b) => a <= b,
  ), // prettier-ignore
  '>': asNumber(
    (a, b) => a > b,
    (a, b) => a > b,
  ), // prettier-ignore
  '>=': asNumber(
    (a, b) => a >= b,
    (a, b) => a >= b,
  ), // prettier-ignore
} satisfies Partial<Record<PlainOperator, Order>>;

const checked = (value: number): number => {
  if (Number.isNaN(value)) throw new NotComputable('The result is not a number');
  return value;
};

/** Folds numbers from the left; `first` is what one alone is folded with, where one alone is not the result. */
const folded = (fold: (a: number, b: number) => number, first?: number): Operator => {
  return (values) => {
    let result = numberOf(values[0] ?? null);
    if (values.length === 1 && first !== undefined) return checked(fold(first, result));
    for (let index = 1; index < values.length; index++)
      result = fold(result, numberOf(values[index] ?? null));
    return checked(result);
  };
};

const outermost = (better: (a: number, b: number) => boolean): Operator => {
  return (values) => {
    let found: number | undefined;
    for (const value of values) {
      if (typeof value !== 'number') throw new NotComputable('Only numbers have a least and a greatest');
      if (found === undefined || better(value, found)) found = value;
    }
    if (found === undefined) throw new NotComputable('An empty list has no least and no greatest');
    return found;
  };
};

function divided(a: number, b: number): number {
  const result = a / b;
  if (!Number.isFinite(result)) throw new NotComputable('A division by 0, or of more than numbers hold');
  return result;
}

function isIn([item, inside]: readonly unknown[], work: Work): boolean {
  if (!inside) return false;
  if (typeof inside === 'string' || Array.isArray(inside)) work.spend(inside.length >> 5);
  if (typeof inside === 'string') return inside.includes(String(item));
  if (Array.isArray(inside)) return inside.includes(item);
  throw new NotComputable(`Only a string or a list holds something, and there is ${typeof inside}`);
}

function part([text, from, length]: readonly unknown[]): string {
  if (typeof text !== 'string') throw new NotComputable('Only a string has parts');
  const start = Number(from);
  const rest = text.slice(start < 0 ? Math.max(0, text.length + start) : start);
  if (length === undefined) return rest;
  const count = Number(length);
  return count < 0 ? rest.slice(0, Math.max(0, rest.length + count)) : rest.slice(0, count);
}

/** All values as one string; null is nothing. */
export function joined(values: readonly unknown[], work: Work): string {
  let text = '';
  for (const value of values) if (value !== null && value !== undefined) text += String(value);
  if (text.length > LONGEST_TEXT) throw new NotComputable(`A string of more than ${LONGEST_TEXT} characters`);
  work.spend(text.length >> 6);
  return text;
}

function merged(values: readonly unknown[], work: Work): unknown[] {
  const all = values.flat(1);
  work.spend(all.length);
  if (all.length > LONGEST_LIST) throw new NotComputable(`A list of more than ${LONGEST_LIST} elements`);
  return all;
}

/** A version, also one that begins with v, and 1 or 1.2 for 1.0.0 or 1.2.0; null for anything else. */
function versionOf(value: unknown): SemVer | null {
  const text = String(value).replace(/^[vV]/, '');
  if (/^\d+$/.test(text)) return parse(`${text}.0.0`);
  return parse(/^\d+\.\d+$/.test(text) ? `${text}.0` : text);
}

function versions([left, operator, right]: readonly unknown[]): boolean | null {
  const [a, b] = [versionOf(left), versionOf(right)];
  if (!a || !b) return null;
  if (operator === '^') return a.major === b.major;
  if (operator === '~') return a.major === b.major && a.minor === b.minor;
  const order = compareVersions(a, b);
  if (operator === '=') return order === 0;
  if (operator === '!=') return order !== 0;
  if (operator === '<') return order < 0;
  if (operator === '<=') return order <= 0;
  return operator === '>' ? order > 0 : order >= 0;
}

const ofTexts = (test: (a: string, b: string) => boolean): Operator => {
  return ([a, b]) => (typeof a === 'string' && typeof b === 'string' ? test(a, b) : null);
};

export const OPERATORS: Readonly<Record<Exclude<PlainOperator, keyof typeof ORDERS>, Operator>> = {
  '===': ([a, b]) => a === b,
  '!==': ([a, b]) => a !== b,
  '!': ([value]) => !truthy(value),
  '!!': ([value]) => truthy(value),
  '+': folded((a, b) => a + b),
  '*': folded((a, b) => a * b),
  '-': folded((a, b) => a - b, 0),
  '/': folded(divided),
  '%': folded((a, b) => a % b),
  min: outermost((a, b) => a < b),
  max: outermost((a, b) => a > b),
  in: isIn,
  cat: joined,
  substr: part,
  merge: merged,
  starts_with: ofTexts((a, b) => a.startsWith(b)),
  ends_with: ofTexts((a, b) => a.endsWith(b)),
  sem_ver: versions,
};
