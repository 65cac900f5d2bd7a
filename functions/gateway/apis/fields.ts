import { isObject, pointerTo, stepsOf } from '#compatibility/json-schema/document.ts';

/** So many fields are told of one document; one with more is one whose fields nobody knows. */
export const mostFields = 200;
const mostValues = 10_000;
const mostItems = 100;
const deepest = 64;

/**
 * The fields of a document as RFC 6901 pointers, `*` for items; only the innermost, and of long lists those of the first
 * 100 items. Undefined when there are more than 200, or the document is deeper than 64 or has more than 10,000 values.
 */
export function fieldsOf(document: unknown): Set<string> | undefined {
  const found = new Set<string>();
  let values = 0;
  const visit = (value: unknown, pointer: string, depth: number): boolean => {
    values += 1;
    if (values > mostValues || depth > deepest) return false;
    if (Array.isArray(value) && value.length > 0) {
      const items = `${pointer}/*`;
      return value.slice(0, mostItems).every((item) => visit(item, items, depth + 1));
    }
    if (isObject(value)) {
      const names = Object.keys(value);
      if (names.length > 0)
        return names.every((name) => visit(value[name], pointerTo(pointer, name), depth + 1));
    }
    found.add(pointer);
    return found.size <= mostFields;
  };
  return visit(document, '', 0) ? found : undefined;
}

/** Whether a document has a field, at any of the items that `*` stands for. */
export function hasField(document: unknown, pointer: string): boolean {
  let left = mostValues;
  const visit = (value: unknown, [step, ...rest]: readonly string[]): boolean => {
    left -= 1;
    if (left < 0) return false;
    if (step === undefined) return true;
    if (Array.isArray(value)) return step === '*' && value.some((item) => visit(item, rest));
    if (!isObject(value)) return false;
    if (step === '*') return Object.values(value).some((item) => visit(item, rest));
    return Object.hasOwn(value, step) && visit(value[step], rest);
  };
  return visit(document, stepsOf(pointer));
}
