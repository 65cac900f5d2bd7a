import type { Description } from '#compatibility/descriptions.ts';
import { isObject, type JsonSchema } from '#compatibility/json-schema/document.ts';

type OpenApi = Extract<Description, { kind: 'openapi' }>;

/** What stands at a reference inside the document, with `~1` and `%7B` read; undefined when nothing does. */
function at(document: unknown, reference: string): unknown {
  let here = document;
  for (const step of reference.slice(2).split('/')) {
    const name = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    if (!(isObject(here) || Array.isArray(here)) || !Object.hasOwn(here, name)) return undefined;
    here = Reflect.get(here, name);
  }
  return here;
}

const nameIn = (reference: string): string => reference.slice(2).replaceAll(/[^A-Za-z0-9_.-]/g, '_');

/** A copy of a schema whose references lead to `definitions`, which it fills with what they lead to. */
function detached(document: unknown, value: unknown, definitions: Map<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((one) => detached(document, one, definitions));
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, below]): [string, unknown] => {
    if (key !== '$ref' || typeof below !== 'string' || !below.startsWith('#/'))
      return [key, detached(document, below, definitions)];
    const name = nameIn(below);
    if (!definitions.has(name)) {
      // First, so that a circle ends here.
      definitions.set(name, true);
      definitions.set(name, detached(document, at(document, below), definitions) ?? true);
    }
    return [key, `#/definitions/${name}`];
  });
  return Object.fromEntries(entries);
}

/** JSON Schemas of the JSON bodies of an API's requests, by endpoint, each with all that it refers to. */
export function requestSchemasOf(description: OpenApi): Record<string, JsonSchema> {
  const schemas: [string, JsonSchema][] = [];
  for (const [key, { body }] of description.endpoints) {
    const schema = body?.content.get('application/json')?.schema?.schema;
    if (!isObject(schema)) continue;
    const definitions = new Map<string, unknown>();
    const own = detached(description.document, schema, definitions);
    if (!isObject(own)) continue;
    schemas.push([
      key,
      definitions.size === 0 ? own : { ...own, definitions: Object.fromEntries(definitions) },
    ]);
  }
  return Object.fromEntries(schemas);
}
