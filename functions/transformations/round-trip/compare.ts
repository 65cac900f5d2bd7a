import { isFields } from '../edits.ts';
import { isWithin } from '../pointers.ts';

/** Something that does not come back, and that nobody promised: pointers as steps with `*`. */
export type Lost = readonly (readonly string[])[];

const DEEPEST = 1_000;

/**
 * The first place where `found` is not what was `expected`, as steps; undefined when all is the same but for what is lost.
 * With `more`, found may have fields that were not expected.
 */
export function firstDifference(
  expected: unknown,
  found: unknown,
  lost: Lost,
  more = false,
  place: readonly string[] = [],
): readonly string[] | undefined {
  if (Object.is(expected, found) || expected === found) return undefined;
  if (place.length > DEEPEST || lost.some((pattern) => isWithin(place, pattern))) return undefined;
  if (Array.isArray(expected) && Array.isArray(found)) {
    for (let index = 0; index < Math.max(expected.length, found.length); index++) {
      const inside = firstDifference(expected[index], found[index], lost, more, [...place, String(index)]);
      if (inside) return inside;
    }
    return undefined;
  }
  if (isFields(expected) && isFields(found)) {
    const names = new Set([...Object.keys(expected), ...(more ? [] : Object.keys(found))]);
    for (const name of names) {
      const [one, other] = [expected, found].map((fields) =>
        Object.hasOwn(fields, name) ? fields[name] : undefined,
      );
      const inside = firstDifference(one, other, lost, more, [...place, name]);
      if (inside) return inside;
    }
    return undefined;
  }
  return place;
}
