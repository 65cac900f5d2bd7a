import type { JsonValue } from './json.ts';
import { own, ownAt } from './paths.ts';
import type { Run } from './run.ts';

/** Reads an attribute of the context, or of an element inside a list operator. */
export function compileRead(path: readonly string[], fallback: JsonValue): Run {
  const [name = '', ...more] = path;
  if (more.length > 0) return (data) => ownAt(data, path) ?? fallback;
  return (data) => {
    const found = own(data, name);
    return found === undefined ? fallback : found;
  };
}
