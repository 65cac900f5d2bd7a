import { z } from 'zod';

/** A JSON Schema: `true` allows everything, `false` nothing. */
export const JsonSchema = z.union([z.boolean(), z.record(z.string(), z.unknown())]);
export type JsonSchema = z.infer<typeof JsonSchema>;

export const dialects = {
  '2020-12': 'https://json-schema.org/draft/2020-12/schema',
  'draft-07': 'http://json-schema.org/draft-07/schema#',
} as const;
export type Dialect = keyof typeof dialects;

/** The dialect that `$schema` names, a trailing `#` or none; undefined when it is none of the two. */
export function dialectOf($schema: unknown): Dialect | undefined {
  const bare = (uri: string) => uri.replace(/#$/, '').replace(/^https:/, 'http:');
  if (typeof $schema !== 'string') return undefined;
  if (bare($schema) === bare(dialects['2020-12'])) return '2020-12';
  return bare($schema) === bare(dialects['draft-07']) ? 'draft-07' : undefined;
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'boolean' || isObject(value);

/** One more step of an RFC 6901 pointer. */
export const pointerTo = (pointer: string, ...steps: (string | number)[]): string =>
  pointer + steps.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** The steps of an RFC 6901 pointer. */
export const stepsOf = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));

const ONE = [
  ...['additionalItems', 'additionalProperties', 'contains', 'contentSchema', 'else', 'if', 'items', 'not'],
  ...['propertyNames', 'then', 'unevaluatedItems', 'unevaluatedProperties'],
];
const LIST = ['allOf', 'anyOf', 'items', 'oneOf', 'prefixItems'];
/** Keywords whose value names schemas: their keys are names, and not keywords. */
const MAP = ['$defs', 'definitions', 'dependencies', 'dependentSchemas', 'patternProperties', 'properties'];

/** The schemas that stand directly in `schema`, with the steps that lead there. What stands in `enum` or `examples` is none. */
export function subschemas(schema: JsonSchema): { steps: (string | number)[]; schema: JsonSchema }[] {
  if (typeof schema === 'boolean') return [];
  const found: { steps: (string | number)[]; schema: JsonSchema }[] = [];
  const add = (value: unknown, ...steps: (string | number)[]) => {
    if (isSchema(value)) found.push({ steps, schema: value });
  };
  for (const key of ONE) add(schema[key], key);
  for (const key of LIST) {
    const list = schema[key];
    if (Array.isArray(list)) for (const [at, one] of list.entries()) add(one, key, at);
  }
  for (const key of MAP) {
    const map = schema[key];
    if (isObject(map)) for (const [name, one] of Object.entries(map)) add(one, key, name);
  }
  return found;
}

/** JSON with the keys of objects in order: equal values have equal texts. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? 'null';
  const entries = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${entries.join(',')}}`;
}

/** Keywords that say nothing of which documents are valid. Definitions are among them: only what refers to them says it. */
export const annotations: ReadonlySet<string> = new Set([
  ...[
    '$anchor',
    '$comment',
    '$defs',
    '$id',
    '$schema',
    'default',
    'definitions',
    'deprecated',
    'description',
  ],
  ...['example', 'examples', 'readOnly', 'summary', 'title', 'writeOnly'],
]);

const maps = new Set(MAP);
const values = new Set(['const', 'enum', 'required', 'dependentRequired']);

/**
 * What a schema says as a text, annotations left out and keys in order: names of properties are names, whatever they are,
 * and values of `enum` and `const` are values. `reference` gives the text of a schema with `$ref`, and of what stands beside it.
 */
export function schemaText(
  schema: unknown,
  reference: (to: string, beside: () => string) => string | undefined,
): string {
  if (Array.isArray(schema)) return `[${schema.map((one) => schemaText(one, reference)).join()}]`;
  if (!isObject(schema)) return JSON.stringify(schema) ?? 'null';
  const entries = (without?: string) =>
    Object.keys(schema)
      .filter((key) => key !== without && !annotations.has(key))
      .sort()
      .map((key) => `${JSON.stringify(key)}:${keywordText(key, schema[key], reference)}`)
      .join();
  const led = typeof schema.$ref === 'string' ? reference(schema.$ref, () => entries('$ref')) : undefined;
  return led ?? `{${entries()}}`;
}

function keywordText(key: string, value: unknown, reference: Parameters<typeof schemaText>[1]): string {
  if (values.has(key)) return canonical(value);
  if (!maps.has(key) || !isObject(value)) return schemaText(value, reference);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${schemaText(value[name], reference)}`).join()}}`;
}
