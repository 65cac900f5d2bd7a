import type { z } from 'zod';
import { isObject, pointerTo } from '#compatibility/json-schema/document.ts';

export type JsonValue = z.infer<ReturnType<typeof z.json>>;

/** One place at which two values differ; a side that has nothing there is left out. */
export interface Difference {
  /** RFC 6901. */
  pointer: string;
  before?: JsonValue;
  after?: JsonValue;
}

/** At most this many differences are told of two values. */
export const mostDifferences = 100;

const own = (value: JsonValue | undefined, name: string): JsonValue | undefined =>
  isObject(value) && Object.hasOwn(value, name) ? (value[name] as JsonValue) : undefined;

/** Where two values differ, at most 100 places; undefined is where there is no value. Lists differ as a whole when their lengths do. */
export function differencesOf(before: JsonValue | undefined, after: JsonValue | undefined): Difference[] {
  const found: Difference[] = [];
  const compare = (pointer: string, one: JsonValue | undefined, other: JsonValue | undefined): void => {
    if (found.length >= mostDifferences) return;
    if (Array.isArray(one) && Array.isArray(other) && one.length === other.length) {
      for (const [at, each] of one.entries()) compare(pointerTo(pointer, at), each, other[at]);
      return;
    }
    if (isObject(one) && isObject(other)) {
      for (const name of new Set([...Object.keys(one), ...Object.keys(other)]))
        compare(pointerTo(pointer, name), own(one, name), own(other, name));
      return;
    }
    if (same(one, other)) return;
    found.push({
      pointer,
      ...(one === undefined ? {} : { before: one }),
      ...(other === undefined ? {} : { after: other }),
    });
  };
  compare('', before, after);
  return found;
}

/** Of two that are not both objects, nor both lists of one length. */
const same = (one: JsonValue | undefined, other: JsonValue | undefined): boolean =>
  typeof one === 'object' && one !== null ? false : one === other;
