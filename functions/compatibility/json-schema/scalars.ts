import type { Bound, NumberFacts, StringFacts } from './alternatives.ts';
import { type Found, told } from './differences.ts';

type Finding = Omit<Found, 'values'>;

/** What numbers of `a` may be and those of `b` may not. */
export function numberDifferences(a: NumberFacts, b: NumberFacts): Finding[] {
  const found: Finding[] = [];
  const whole = a.integer || a.multiples.some(Number.isInteger);
  if (b.integer && !whole) found.push({ kind: 'type', inA: 'a number', inB: 'an integer' });
  if (looser(a.min, b.min, 1)) {
    found.push({
      kind: 'minimum',
      inA: boundText('at least', 'more than', a.min),
      inB: boundText('at least', 'more than', b.min),
    });
  }
  if (looser(a.max, b.max, -1)) {
    found.push({
      kind: 'maximum',
      inA: boundText('at most', 'less than', a.max),
      inB: boundText('at most', 'less than', b.max),
    });
  }
  for (const one of b.multiples) {
    const held =
      a.multiples.some((other) => Number.isInteger(other / one)) || (whole && Number.isInteger(1 / one));
    if (held) continue;
    const inA = a.multiples.length > 0 ? `a multiple of ${a.multiples.join(' and ')}` : 'any number';
    found.push({ kind: 'multiple-of', subject: String(one), inA, inB: `a multiple of ${one}` });
  }
  return found;
}

function looser(a: Bound, b: Bound, sign: 1 | -1): boolean {
  if (a.value === b.value) return b.exclusive && !a.exclusive && Number.isFinite(b.value);
  return sign * a.value < sign * b.value;
}

const boundText = (inclusive: string, exclusive: string, { value, exclusive: open }: Bound) =>
  Number.isFinite(value) ? `${open ? exclusive : inclusive} ${value}` : 'no limit';

/** What texts of `a` may be and those of `b` may not. Patterns and formats are compared by their names. */
export function stringDifferences(a: StringFacts, b: StringFacts): Finding[] {
  const found: Finding[] = sizeDifferences(a, b, 'length', 'characters');
  for (const pattern of b.patterns.filter((one) => !a.patterns.includes(one))) {
    const inA = a.patterns.length > 0 ? `texts like ${a.patterns.map(told).join(' and ')}` : 'any text';
    found.push({ kind: 'pattern', subject: pattern, inA, inB: `texts like ${told(pattern)}` });
  }
  for (const format of b.formats.filter((one) => !a.formats.includes(one))) {
    const inA = a.formats.length > 0 ? `the format ${a.formats.join(' and ')}` : 'any text';
    found.push({ kind: 'format', subject: format, inA, inB: `the format ${format}` });
  }
  return found;
}

/** What may be shorter or longer in `a` than in `b`. */
export function sizeDifferences(
  a: { min: number; max: number },
  b: { min: number; max: number },
  of: 'length' | 'items' | 'properties',
  noun: string,
): Finding[] {
  const found: Finding[] = [];
  if (a.min < b.min)
    found.push({ kind: `min-${of}`, inA: `at least ${a.min} ${noun}`, inB: `at least ${b.min} ${noun}` });
  if (a.max > b.max) {
    const inA = Number.isFinite(a.max) ? `at most ${a.max} ${noun}` : `any number of ${noun}`;
    found.push({ kind: `max-${of}`, inA, inB: `at most ${b.max} ${noun}` });
  }
  return found;
}

/** Numbers around the bounds of both sides. */
export const numbersAround = (a: NumberFacts, b: NumberFacts): number[] =>
  [a.min, a.max, b.min, b.max]
    .map(({ value }) => value)
    .concat(0)
    .flatMap((value) => [value, value - 1, value + 1, value + 0.5, value - 0.5])
    .concat([...a.multiples, 1].flatMap((one) => [one, one * 2, one * 3, one * 5, one * 7]))
    .filter(Number.isFinite);

/** Texts as long as the bounds of both sides. */
export const textsAround = (a: StringFacts, b: StringFacts): string[] =>
  [b.min - 1, b.max + 1, a.min, a.max]
    .filter((length) => length >= 0 && length <= (a.patterns.length + b.patterns.length > 0 ? 24 : 100_000))
    .map((length) => 'a'.repeat(length));
