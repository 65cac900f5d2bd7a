import type { Description } from '#compatibility/descriptions.ts';
import type { JsonSchema } from '#compatibility/json-schema/document.ts';
import { Dialect } from '#compatibility/openapi/dialect.ts';

type OpenApi = Extract<Description, { kind: 'openapi' }>;

/** JSON Schemas (2020-12) of the JSON bodies of an API's requests, by endpoint, each with all that it refers to. */
export function requestSchemasOf({ document, format, endpoints }: OpenApi): Record<string, JsonSchema> {
  const schemas: [string, JsonSchema][] = [];
  for (const [key, { body }] of endpoints) {
    const found = body?.content.get('application/json')?.schema;
    if (found === undefined) continue;
    const dialect = new Dialect(document, format, 'sent');
    const own = dialect.translated(found.schema);
    // What allows everything, or nothing, needs no validator that says why.
    if (typeof own === 'boolean') continue;
    schemas.push([
      key,
      Object.keys(dialect.shared).length === 0 ? own : { ...own, definitions: dialect.shared },
    ]);
  }
  return Object.fromEntries(schemas);
}
