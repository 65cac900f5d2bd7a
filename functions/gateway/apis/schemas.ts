import { z } from 'zod';
import { ApiVersion, Choice, HeaderName } from '#compatibility/api-version.ts';
import { ServiceName } from '#compatibility/contracts/shape.ts';
import { JsonSchema } from '#compatibility/json-schema/document.ts';
import { Usage } from '#compatibility/usage.ts';
import { VersionChange } from '#transformations/schemas.ts';

const Time = z.iso.datetime({ offset: true });
/** Becomes a field of answers: nothing in it may end a field or an address in angle brackets. */
const Link = z
  .url({ protocol: /^https?$/ })
  .max(2_000)
  .regex(/^[^\s<>"]*$/, 'Expected an address');
/** Method and path with nameless parameters: `GET /orders/{}`. */
const EndpointKey = z
  .string()
  .max(1_200)
  .regex(/^[A-Z]+ \//, 'Expected a method and a path such as GET /orders/{}');
const ConsumerId = z.string().min(1).max(128);
const consumers = z.array(ConsumerId).max(10_000);

/** Never gone before it was deprecated (RFC 9745). */
const inOrder = ({ at, sunset }: { at: string; sunset?: string | undefined }) =>
  sunset === undefined || Date.parse(sunset) >= Date.parse(at);
const outOfOrder = { error: 'Expected a sunset that is not before the deprecation', path: ['sunset'] };

/** What answers say of what goes away. */
export const Deprecation = z
  .strictObject({
    at: Time.describe('When it became deprecated'),
    sunset: Time.optional().describe('When it goes'),
    link: Link.optional().describe('Where people read about it'),
    guide: Link.optional().describe('How to leave it'),
    successor: ApiVersion.optional(),
  })
  .refine(inOrder, outOfOrder);
export type Deprecation = z.infer<typeof Deprecation>;

/** A time in which a version is refused, as it will be once it is gone. */
export const Brownout = z
  .strictObject({
    id: z.string().min(1).max(100),
    from: Time,
    to: Time,
    status: z.union([z.literal(410), z.literal(503)]),
    exempt: consumers.default([]).describe('Consumers that are served all the same'),
  })
  .refine(({ from, to }) => Date.parse(from) < Date.parse(to), {
    error: 'Expected an end after the beginning',
    path: ['to'],
  });
export type Brownout = z.infer<typeof Brownout>;

/** An endpoint, or a field of its requests, that goes away while its version stays. */
export const DeprecatedElement = z
  .strictObject({
    endpoint: EndpointKey,
    // RFC 6901 with `*` for items, of the body or the query: `/items/*/price`.
    field: z.string().max(2_000).startsWith('/').optional(),
    at: Time,
    sunset: Time.optional(),
    link: Link.optional(),
    refuseNewConsumers: z.boolean().default(false),
    knownConsumers: consumers.default([]).describe('Who may go on using it'),
    removed: z
      .boolean()
      .default(false)
      .describe('An endpoint is refused; what a field is then, the service says'),
  })
  .refine(inOrder, outOfOrder);
export type DeprecatedElement = z.infer<typeof DeprecatedElement>;

export const ServedVersion = z.strictObject({
  version: ApiVersion,
  status: z.enum(['active', 'deprecated', 'removed']),
  deprecation: Deprecation.optional(),
  refuseNewConsumers: z.boolean().default(false),
  knownConsumers: consumers.default([]).describe('Who is not new to it'),
  brownouts: z.array(Brownout).max(100).default([]),
  changes: z.array(VersionChange).max(1_000).default([]).describe('What leads to the next newer version'),
  deprecatedElements: z.array(DeprecatedElement).max(2_000).default([]),
  requestSchemas: z
    .record(EndpointKey, JsonSchema)
    .optional()
    .describe('What JSON bodies of requests are held against, by endpoint'),
  endpoints: z
    .array(EndpointKey)
    .max(5_000)
    .default([])
    .describe('Its endpoints, by which usage is counted; of others, parts of the path that look like ids go'),
  schema: z
    .string()
    .max(5_000_000)
    .optional()
    .describe('Of a GraphQL API: its SDL, by which the fields of operations are counted'),
});
export type ServedVersion = z.infer<typeof ServedVersion>;

export const RateLimit = z.strictObject({
  consumer: ConsumerId.describe('A consumer, or * for each that has no limit of its own'),
  version: ApiVersion.optional(),
  endpoint: EndpointKey.optional(),
  requestsPerMinute: z.int().min(1).max(1_000_000),
});
export type RateLimit = z.infer<typeof RateLimit>;

/** All that the gateway knows of an API. */
export const ApiRoute = z.strictObject({
  api: ServiceName,
  /** Null: no service serves it any more. */
  service: ServiceName.nullable(),
  revision: z.int().min(1).describe('Rises with every change: an older one than the stored is ignored'),
  kind: z.enum(['openapi', 'graphql', 'asyncapi', 'json-schema']),
  choice: Choice,
  consumer: z
    .strictObject({ header: HeaderName })
    .default({ header: 'x-consumer' })
    .describe('The header that names the consumer'),
  latest: ApiVersion.describe('The version whose documents the service takes and gives'),
  default: ApiVersion.describe('Of requests that name none, of consumers without a pin'),
  pins: z.record(ConsumerId, ApiVersion).default({}),
  versions: z.array(ServedVersion).min(1).max(200),
  limits: z.array(RateLimit).max(500).default([]),
  usage: z
    .strictObject({
      sample: z.number().min(0).max(1).describe('Share of requests whose fields are looked at'),
      fields: z.boolean(),
    })
    .default({ sample: 0.1, fields: true }),
});
export type ApiRoute = z.infer<typeof ApiRoute>;

export const PutApiInput = ApiRoute;
export const PutApiOutput = z.strictObject({
  api: ServiceName,
  service: ServiceName.nullable(),
  /** The stored one. */
  revision: z.int(),
  /** False: a newer one was there, or it was the same. */
  changed: z.boolean(),
});

const DateTime = z.iso.datetime({ offset: true }).transform((text) => new Date(text).toISOString());
export const ReadApiUsageInput = z.strictObject({ api: ServiceName, from: DateTime, to: DateTime });
export type ReadApiUsageInput = z.infer<typeof ReadApiUsageInput>;

const Requests = z.int().nonnegative();
export const ReadApiUsageOutput = z.strictObject({
  days: z.array(
    z.strictObject({ day: z.iso.date(), version: ApiVersion, requests: Requests, consumers: Requests }),
  ),
  usage: Usage,
  /** What brownouts refused. */
  refused: z.array(
    z.strictObject({ consumer: z.string(), version: ApiVersion, brownout: z.string(), requests: Requests }),
  ),
  /** Of a GraphQL API: its 1,000 most used operations. */
  operations: z.array(
    z.strictObject({ consumer: z.string(), version: ApiVersion, operation: z.string(), requests: Requests }),
  ),
});
export type ReadApiUsageOutput = z.infer<typeof ReadApiUsageOutput>;
