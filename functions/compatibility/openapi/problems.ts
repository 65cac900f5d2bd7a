import { pointerTo } from '../json-schema/document.ts';
import { isExternal, target } from './resolve.ts';

export interface Problem {
  pointer: string;
  detail: string;
}

/** More are not looked for: a person mends the first ones first. */
export const MOST_PROBLEMS = 50;

/** Below these stand values of users, in which `$ref` is a name like any other. */
const literals = new Set(['example', 'examples', 'default', 'enum', 'const', 'x-examples', 'mapping']);

/** References that lead nowhere, or to other files, which have to be bundled first. */
export function referenceProblems(document: Readonly<Record<string, unknown>>): Problem[] {
  const problems: Problem[] = [];
  const known = new Map<string, boolean>();
  const exists = (reference: string): boolean => {
    const answer = known.get(reference) ?? target(document, reference) !== undefined;
    known.set(reference, answer);
    return answer;
  };
  /** `named`: the keys of this object are names that users chose, and not words of the specification. */
  const walk = (value: object, named: boolean): void => {
    for (const key of Object.keys(value)) {
      const one: unknown = Reflect.get(value, key);
      if (typeof one === 'object' && one !== null) {
        if (!named && (literals.has(key) || key.startsWith('x-'))) continue;
        path.push(key);
        walk(one, !named && !Array.isArray(value) && names.has(key));
        path.pop();
      } else if (key === '$ref' && !named && typeof one === 'string' && problems.length < MOST_PROBLEMS) {
        const detail = referenceProblem(one, exists);
        if (detail) problems.push({ pointer: pointerTo('', ...path, key), detail });
      }
    }
  };
  const path: string[] = [];
  walk(document, false);
  return problems;
}

/** Below these stand names. `examples` and `mapping` hold no references to what is compared. */
const names = new Set([
  ...['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas', 'schemas'],
  ...['responses', 'parameters', 'requestBodies', 'headers', 'securitySchemes', 'links', 'callbacks'],
  ...['pathItems', 'paths', 'webhooks', 'content', 'encoding', 'variables'],
]);

function referenceProblem(reference: string, exists: (reference: string) => boolean): string | undefined {
  if (/^https?:/i.test(reference)) return undefined;
  if (isExternal(reference))
    return `Expected references inside the document, found ${quoted(reference)}: bundle its files into one first`;
  // Anchors are told as not compared where they matter.
  if (reference !== '#' && !reference.startsWith('#/')) return undefined;
  return exists(reference) ? undefined : `Expected something at ${quoted(reference)}, found nothing there`;
}

const quoted = (text: string) => JSON.stringify(text.length > 200 ? `${text.slice(0, 197)}...` : text);
