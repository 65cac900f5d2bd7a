import { LineCounter, parseDocument } from 'yaml';
import { InvalidInput } from '#platform/errors.ts';
import { isObject, pointerTo } from './json-schema/document.ts';

/** What a description may be at most. */
export const sourceLimits = {
  /** UTF-8 bytes of the text. */
  bytes: 20_000_000,
  /** Levels of objects and lists, one inside another. */
  depth: 200,
  /** Aliases that YAML may follow: more are taken for a bomb. */
  aliases: 10_000,
} as const;

/** The text of a description, and its value where it is JSON or YAML. */
export interface Source {
  text: string;
  /** As it was given, to tell kinds apart and to name it in messages. */
  fileName: string | undefined;
  /** An object when the text is JSON or YAML of one; undefined for GraphQL, for example. */
  value: Record<string, unknown> | undefined;
  /** Why there is no value. */
  problem: string | undefined;
}

/**
 * Reads a text as JSON, or as YAML 1.2 where it is none.
 * @throws InvalidInput for a text of more than 20 MB or a value of more than 200 levels.
 */
export function readSource(text: string, fileName?: string): Source {
  const bytes = Buffer.byteLength(text);
  if (bytes > sourceLimits.bytes) {
    throw refused(fileName, {
      pointer: '',
      detail: `Expected at most ${sourceLimits.bytes} bytes, found ${bytes}`,
    });
  }
  const { value, problem } = parsed(text, fileName);
  const deep = value === undefined ? undefined : tooDeep(value);
  if (deep !== undefined) {
    const detail = `Expected at most ${sourceLimits.depth} levels, found more`;
    throw refused(fileName, { pointer: deep, detail });
  }
  return { text, fileName, value: isObject(value) ? value : undefined, problem };
}

/** What a description is refused with; `problems` are at most 50. */
export function refused(
  fileName: string | undefined,
  ...problems: { pointer: string; detail: string }[]
): InvalidInput {
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  const where = first?.pointer ? ` at ${first.pointer}` : '';
  return new InvalidInput(
    `${fileName ?? 'The description'} cannot be read: ${first?.detail}${where}${more}`,
    {
      problems: problems.slice(0, 50),
      action: 'Mend what is named and give the description again.',
    },
  );
}

function parsed(text: string, fileName: string | undefined): { value: unknown; problem: string | undefined } {
  if (/\.(graphqls?|gql)$/i.test(fileName ?? '')) return { value: undefined, problem: 'it is GraphQL' };
  if (/^\s*[{[]/.test(text)) {
    try {
      return { value: JSON.parse(text), problem: undefined };
    } catch (error) {
      // Flow mappings of YAML begin like JSON. What is large is JSON, and to read it twice would take long.
      if (/\.json$/i.test(fileName ?? '') || text.length > 1_000_000)
        return { value: undefined, problem: `It is no JSON: ${reason(error)}` };
    }
  }
  try {
    const lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines, merge: true, logLevel: 'silent' });
    const [error] = document.errors;
    if (error) return { value: undefined, problem: `It is neither JSON nor YAML: ${reason(error)}` };
    const value: unknown = document.toJS({ maxAliasCount: sourceLimits.aliases });
    return isObject(value)
      ? { value, problem: undefined }
      : { value: undefined, problem: 'It is no object of JSON or YAML' };
  } catch (error) {
    return { value: undefined, problem: `It is neither JSON nor YAML: ${reason(error)}` };
  }
}

function reason(error: unknown): string {
  if (error instanceof RangeError) return `more than ${sourceLimits.depth} levels`;
  const [first = ''] = error instanceof Error ? error.message.split('\n') : [];
  return first.replace(/:$/, '').slice(0, 200);
}

/** Where a value of more levels than are allowed begins: no deeper than they are it is looked. */
function tooDeep(value: unknown, depth = 0): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > sourceLimits.depth) return '';
  for (const key of Object.keys(value)) {
    const below: unknown = Reflect.get(value, key);
    if (typeof below !== 'object' || below === null) continue;
    const found = tooDeep(below, depth + 1);
    if (found !== undefined) return depth < SHOWN ? pointerTo('', key) + found : '';
  }
  return undefined;
}

/** So many steps are told of where it is too deep. */
const SHOWN = 10;
