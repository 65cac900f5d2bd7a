import { z } from 'zod';
import type { OpenRoute } from './open-route.ts';
import { problem } from './problem.ts';
import type { Route } from './route.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const definitionsPrefix = '#/$defs/';

/** Collects named schemas into components/schemas while others refer to them. */
interface Components {
  schemas: JsonObject;
}

/** Points references at components/schemas, with `suffix` behind every name. */
function withReferences(value: Json, suffix: string): Json {
  if (Array.isArray(value)) return value.map((one) => withReferences(one, suffix));
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, one]): [string, Json] =>
    key === '$ref' && typeof one === 'string' && one.startsWith(definitionsPrefix)
      ? [key, `#/components/schemas/${one.slice(definitionsPrefix.length)}${suffix}`]
      : [key, withReferences(one, suffix)],
  );
  return Object.fromEntries(entries);
}

/** A named part without the marks that only stand at the root of a document, referring to components. */
function clean(value: Json, suffix: string): Json {
  const referring = withReferences(value, suffix);
  if (!isObject(referring)) return referring;
  const { $schema: _, id: __, ...rest } = referring;
  return rest;
}

/**
 * A zod schema as JSON Schema 2020-12 whose named parts (`.meta({ id })`) live in components. Where a part
 * reads differently as input than as output, the parts of that input appear again as `<id>Input`; outputs
 * are therefore collected first.
 */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', components: Components): Json {
  // A wrapper makes a named root a named part like any other.
  const wrapped = z.toJSONSchema(z.object({ root: schema.optional() }), { io, unrepresentable: 'any' });
  // What zod returns is plain JSON; reading it back says so.
  const document: JsonObject = JSON.parse(JSON.stringify(wrapped));
  const definitions = Object.entries(isObject(document.$defs) ? document.$defs : {});
  const differs = ([name, part]: [string, Json]) => {
    const known = components.schemas[name];
    return known !== undefined && JSON.stringify(known) !== JSON.stringify(clean(part, ''));
  };
  const suffix = io === 'input' && definitions.some(differs) ? 'Input' : '';
  for (const [name, part] of definitions) components.schemas[name + suffix] = clean(part, suffix);
  const properties = isObject(document.properties) ? document.properties : {};
  return clean(properties.root ?? {}, suffix);
}

/** Each field of a params or query object as a parameter of the operation. */
function parametersOf(
  schema: z.ZodType | undefined,
  place: 'path' | 'query',
  components: Components,
): Json[] {
  if (schema === undefined) return [];
  const object = schemaOf(schema, 'input', components);
  const resolved =
    isObject(object) && typeof object.$ref === 'string'
      ? components.schemas[object.$ref.split('/').at(-1) ?? '']
      : object;
  if (!isObject(resolved) || !isObject(resolved.properties)) return [];
  const required = Array.isArray(resolved.required) ? resolved.required : [];
  return Object.entries(resolved.properties).map(([name, one]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(isObject(one) && typeof one.description === 'string' ? { description: one.description } : {}),
    schema: one,
  }));
}

const phrases: Record<number, string> = {
  200: 'Done',
  201: 'Created',
  202: 'Accepted; the work goes on',
  204: 'Done; nothing to say',
};

function responsesOf(route: Route, components: Components): JsonObject {
  const answers = Object.entries(route.responses).map(([status, schema]): [string, Json] => {
    const description = phrases[Number(status)] ?? 'Answer';
    if (schema instanceof z.ZodUndefined || schema instanceof z.ZodVoid) return [status, { description }];
    const media = { schema: schemaOf(schema, 'output', components) };
    const content = Object.fromEntries(route.produces.map((type) => [type, media]));
    return [status, { description, content }];
  });
  return { ...Object.fromEntries(answers), default: { $ref: '#/components/responses/Problem' } };
}

/** A stable name for generated clients: `POST /migrations/{id}/start` becomes `postMigrationsByIdStart`. */
function operationIdOf(method: string, path: string): string {
  const words = path
    .split('/')
    .filter(Boolean)
    .map((part) => part.replace(/^\{(.*)\}$/, 'by-$1'));
  return [method.toLowerCase(), ...words]
    .flatMap((part) => part.split(/[^a-zA-Z0-9]+/))
    .map((word, at) => (at === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join('');
}

function operationOf(route: Route, components: Components): JsonObject {
  const parameters = [
    ...parametersOf(route.params, 'path', components),
    ...parametersOf(route.query, 'query', components),
    ...(route.method === 'POST' ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []),
  ];
  return {
    operationId: operationIdOf(route.method, route.path),
    summary: route.summary,
    description: [route.description, `Needs the action \`${route.needs.action}\` on: ${route.needs.on}.`]
      .filter(Boolean)
      .join('\n\n'),
    tags: [route.path.split('/')[1] ?? ''],
    'x-theseus-action': route.needs.action,
    'x-theseus-on': route.needs.on,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: !route.body.safeParse(undefined).success,
            content: { 'application/json': { schema: schemaOf(route.body, 'input', components) } },
          },
        }),
  };
}

/** What is sent to a URL that a caller gave: its headers by name with what they say, and its body. */
export interface OpenApiWebhook {
  summary: string;
  description: string;
  headers: Record<string, string>;
  payload: z.ZodType;
}

function openOperationOf({ method, path, summary, description, contentType }: OpenRoute): JsonObject {
  const names = path.match(/(?<=\{)\w+(?=\})/g) ?? [];
  const content = (type: string): JsonObject => ({ [contentType]: { schema: { type } } });
  return {
    operationId: operationIdOf(method, path),
    summary,
    description,
    tags: [path.split('/')[1] ?? ''],
    security: [],
    ...(names.length === 0
      ? {}
      : {
          parameters: names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
        }),
    ...(method === 'POST' ? { requestBody: { required: true, content: content('object') } } : {}),
    responses: {
      200: {
        description: phrases[200] ?? '',
        ...(method === 'GET' ? { content: content('string') } : {}),
      },
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

const webhookOf = (webhook: OpenApiWebhook, components: Components): JsonObject => ({
  post: {
    summary: webhook.summary,
    description: webhook.description,
    security: [],
    parameters: Object.entries(webhook.headers).map(([name, description]) => ({
      name,
      in: 'header',
      required: true,
      description,
      schema: { type: 'string' },
    })),
    requestBody: {
      required: true,
      content: { 'application/json': { schema: schemaOf(webhook.payload, 'output', components) } },
    },
    responses: { '2XX': { description: 'Taken' } },
  },
});

/** The OpenAPI 3.1 document of the routes, from the very schemas that parse their requests. */
export function openApiDocument({
  info,
  routes,
  open = [],
  webhooks = {},
}: {
  info: { title: string; version: string; description?: string };
  routes: readonly Route[];
  open?: readonly OpenRoute[];
  webhooks?: Record<string, OpenApiWebhook>;
}): JsonObject {
  const components: Components = { schemas: {} };
  const problemSchema = schemaOf(problem, 'output', components);
  const answers = new Map(routes.map((route) => [route, responsesOf(route, components)]));
  const paths: Record<string, JsonObject> = {};
  for (const route of routes) {
    const operations = paths[route.path] ?? {};
    operations[route.method.toLowerCase()] = {
      ...operationOf(route, components),
      responses: answers.get(route) ?? {},
    };
    paths[route.path] = operations;
  }
  for (const one of open)
    paths[one.path] = { ...paths[one.path], [one.method.toLowerCase()]: openOperationOf(one) };
  const sent = Object.entries(webhooks).map(([name, one]): [string, Json] => [
    name,
    webhookOf(one, components),
  ]);
  return {
    openapi: '3.1.0',
    info: { ...info },
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    security: [{ bearer: [] }],
    paths,
    ...(sent.length === 0 ? {} : { webhooks: Object.fromEntries(sent) }),
    components: {
      schemas: components.schemas,
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      parameters: {
        IdempotencyKey: {
          name: 'Idempotency-Key',
          in: 'header',
          required: false,
          description:
            'The same key with the same body within 24 h gets the first answer and does nothing again.',
          schema: { type: 'string', minLength: 1, maxLength: 255 },
        },
      },
      responses: {
        Problem: {
          description: 'What went wrong (RFC 9457)',
          content: { 'application/problem+json': { schema: problemSchema } },
        },
      },
    },
  };
}
