import { z } from 'zod';

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

/** What a flag that is written may be at most; a whole document has limits of its own. */
const mostLevels = 60;
const mostParts = 20_000;

/** Names that every object of JavaScript has: as keys of data they would be found where nobody put them. */
export const isPrototypeName = (name: string): boolean => name in Object.prototype;

const escaped = (step: string | number) => String(step).replaceAll('~', '~0').replaceAll('/', '~1');

interface Part {
  value: unknown;
  path: (string | number)[];
}

/** What keeps a value from being read: that it is too deep, too large, or has a name of the prototype as a key. */
function misfit(value: unknown): { path: (string | number)[]; message: string } | undefined {
  const open: Part[] = [{ value, path: [] }];
  for (let seen = 0; open.length > 0; seen += 1) {
    const part = open.pop();
    if (part === undefined) break;
    if (seen > mostParts)
      return {
        path: [],
        message: `Expected at most ${mostParts} parts, found more: name a list once, by attribute`,
      };
    if (typeof part.value !== 'object' || part.value === null) continue;
    if (part.path.length >= mostLevels) {
      return {
        path: part.path.slice(0, 8),
        message: `Expected at most ${mostLevels} levels of objects and lists inside each other, found more`,
      };
    }
    for (const [name, inner] of Object.entries(part.value)) {
      const path = [...part.path, Array.isArray(part.value) ? Number(name) : name];
      if (!Array.isArray(part.value) && isPrototypeName(name))
        return { path, message: `${escaped(name)} is a name of every object: expected another name` };
      open.push({ value: inner, path });
    }
  }
  return undefined;
}

/** Reads `schema` of what is neither too deep nor too large, so that nothing that follows ends in the middle. */
export const bounded = <S extends z.ZodType>(schema: S) =>
  z.preprocess((value, context) => {
    const found = misfit(value);
    if (found === undefined) return value;
    context.issues.push({ code: 'custom', message: found.message, path: found.path, input: undefined });
    return z.NEVER;
  }, schema);

/** JSON of any form; its bounds are those of what it stands in. */
// What came over the wire was parsed from JSON: it can be nothing else.
export const Json = z.custom<Json>((value) => value !== undefined, 'Expected a value of JSON');
export const JsonObject = z.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'Expected an object',
);
