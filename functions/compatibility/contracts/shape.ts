import { z } from 'zod';
import { type Dialect, dialectOf, JsonSchema, pointerTo } from '../json-schema/document.ts';
import type { Root } from '../json-schema/references.ts';
import { VersionRange } from '../ranges.ts';

/** What a contract may be at most: what one request carries and one comparison reads within a second. */
export const limits = {
  endpoints: 500,
  events: 500,
  definitions: 2_000,
  bytes: 2_000_000,
  depth: 64,
} as const;

export const ServiceName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, 'Expected lower-case letters, digits and hyphens, at most 63');

export const Method = z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export const Path = z
  .string()
  .max(1_024)
  .regex(
    /^\/$|^(\/([A-Za-z0-9._~!$&'()*+,;=:@%-]+|\{[A-Za-z_][A-Za-z0-9_-]*\}))+$/,
    'Expected a path such as /orders/{id}: no trailing slash, parameters in braces',
  );

export const Endpoint = z.strictObject({
  method: Method,
  path: Path,
  summary: z.string().max(1_000).optional(),
  /** What it takes: the body, or the query parameters as an object. */
  input: JsonSchema.optional(),
  /** What it answers when all went well. */
  output: JsonSchema.optional(),
  /** What it answers otherwise, by status: `404`, `4XX` or `default`. */
  errors: z.record(z.string().regex(/^([1-5]([0-9]{2}|XX)|default)$/), JsonSchema).optional(),
});
export type Endpoint = z.infer<typeof Endpoint>;

export const EventContract = z.strictObject({
  name: z.string().regex(/^[A-Za-z][A-Za-z0-9._:/-]{0,127}$/),
  direction: z.enum(['published', 'consumed']),
  schema: JsonSchema,
});
export type EventContract = z.infer<typeof EventContract>;

export const Shape = z.strictObject({
  /** The dialect of all schemas; 2020-12 unless it or a schema says draft-07. */
  $schema: z.string().optional(),
  endpoints: z.array(Endpoint).max(limits.endpoints),
  events: z.array(EventContract).max(limits.events).optional(),
  /** What it calls, and in which versions. */
  dependencies: z.record(ServiceName, VersionRange).optional(),
  /** Schemas that several of the others use, as `#/definitions/<name>`. */
  definitions: z.record(z.string(), JsonSchema).optional(),
});
export type Shape = z.infer<typeof Shape>;

/** `GET /orders/{}`: what an endpoint is, whatever its parameters are called. */
export const endpointKey = ({ method, path }: { method: string; path: string }): string =>
  `${method} ${path.replaceAll(/\{[^}]*\}/g, '{}')}`;

export const eventKey = ({ name, direction }: { name: string; direction: string }): string =>
  `${direction} ${name}`;

/** One schema of a contract and what it is for. */
export interface Part {
  steps: (string | number)[];
  schema: JsonSchema;
}

export function schemasOf(contract: Shape): Part[] {
  const parts: Part[] = [];
  for (const [at, endpoint] of contract.endpoints.entries()) {
    if (endpoint.input !== undefined)
      parts.push({ steps: ['endpoints', at, 'input'], schema: endpoint.input });
    if (endpoint.output !== undefined)
      parts.push({ steps: ['endpoints', at, 'output'], schema: endpoint.output });
    for (const [status, schema] of Object.entries(endpoint.errors ?? {})) {
      parts.push({ steps: ['endpoints', at, 'errors', status], schema });
    }
  }
  for (const [at, event] of (contract.events ?? []).entries()) {
    parts.push({ steps: ['events', at, 'schema'], schema: event.schema });
  }
  return parts;
}

/** The dialect of a contract: what it, or the first of its schemas that says anything, says. */
export function contractDialect(contract: Shape): Dialect {
  const schemas = [
    ...schemasOf(contract).map(({ schema }) => schema),
    ...Object.values(contract.definitions ?? {}),
  ];
  const said = [
    contract.$schema,
    ...schemas.map((schema) => (typeof schema === 'boolean' ? undefined : schema.$schema)),
  ];
  return dialectOf(said.find((one) => one !== undefined)) ?? '2020-12';
}

/** The document in which the references of one schema of a contract lead. */
export function rootOf(contract: Shape, part: Part): Root {
  return {
    schema: part.schema,
    pointer: pointerTo('', ...part.steps),
    shared: contract.definitions ?? {},
    sharedPointer: '/definitions',
  };
}
