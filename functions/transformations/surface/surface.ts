import type { Dialect, JsonSchema } from '#compatibility/json-schema/document.ts';
import type { SchemaSide } from '#compatibility/json-schema/validator.ts';

/** The schema of one part of a request or an answer. */
export interface PartSchema {
  /** As people wrote it, with what compatibility does not look at: defaults, former names. */
  schema: unknown;
  /** What `#` means in it. */
  document: unknown;
  /** The same for comparing, validating and sampling. */
  side: SchemaSide;
}

/** What one endpoint takes and answers; a part is absent where nothing is said of it. */
export interface EndpointSurface {
  request: { body?: PartSchema; query?: PartSchema; headers?: PartSchema };
  /** Its usual answer. */
  response: { body?: PartSchema };
  /** Its answer when it refuses. */
  errors: { body?: PartSchema };
}

/** What an API takes and answers, by endpoint as `GET /orders/{}`. */
export type Surface = ReadonlyMap<string, EndpointSurface>;

/** Schemas of one endpoint that stand by themselves: what of an API a person has at hand. */
export interface EndpointSchemas {
  request?: JsonSchema;
  query?: JsonSchema;
  headers?: JsonSchema;
  response?: JsonSchema;
  errors?: JsonSchema;
}

/** The surface of an API of which only JSON Schemas are there. */
export function surfaceOfSchemas(
  endpoints: Readonly<Record<string, EndpointSchemas>>,
  dialect: Dialect = '2020-12',
): Surface {
  return new Map(
    Object.entries(endpoints).map(([endpoint, { request, query, headers, response, errors }]) => {
      const part = <Name extends string>(name: Name, schema: JsonSchema | undefined) =>
        schema === undefined ? {} : { [name]: partOf(schema, dialect) };
      return [
        endpoint,
        {
          request: { ...part('body', request), ...part('query', query), ...part('headers', headers) },
          response: part('body', response),
          errors: part('body', errors),
        },
      ];
    }),
  );
}

export const partOf = (schema: JsonSchema, dialect: Dialect = '2020-12'): PartSchema => ({
  schema,
  document: schema,
  side: { dialect, root: { schema, pointer: '', shared: {}, sharedPointer: '/definitions' } },
});
