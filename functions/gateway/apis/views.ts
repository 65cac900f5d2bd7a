import { z } from 'zod';
import { ApiVersion, Choice } from '#compatibility/api-version.ts';
import { type ApiRoute, Deprecation, RateLimit, type ReadApiUsageOutput, ServedVersion } from './schemas.ts';

// What people see of an API at the gateway: without its schemas and changes.

export const ServedApi = z
  .strictObject({
    api: z.string(),
    service: z.string().nullable(),
    revision: z.int(),
    kind: z.string(),
    choice: Choice,
    consumerHeader: z.string(),
    latest: ApiVersion,
    default: ApiVersion,
    pins: z.int().describe('Consumers that have a version of their own'),
    versions: z.array(
      z.strictObject({
        version: ApiVersion,
        status: ServedVersion.shape.status,
        deprecation: Deprecation.nullable(),
        refusesNewConsumers: z.boolean(),
        brownouts: z.array(z.strictObject({ id: z.string(), from: z.string(), to: z.string() })),
        endpoints: z.int(),
        changes: z.int().describe('That lead to the next newer version'),
        validatedEndpoints: z.int(),
      }),
    ),
    limits: z.array(RateLimit),
  })
  .meta({ id: 'GatewayApi' });
export type ServedApi = z.infer<typeof ServedApi>;

export function servedApi(route: ApiRoute): ServedApi {
  const { api, service, revision, kind, choice, latest, pins, limits } = route;
  return {
    ...{ api, service, revision, kind, choice, latest, limits },
    consumerHeader: route.consumer.header,
    default: route.default,
    pins: Object.keys(pins).length,
    versions: route.versions.map((one) => ({
      version: one.version,
      status: one.status,
      deprecation: one.deprecation ?? null,
      refusesNewConsumers: one.refuseNewConsumers,
      brownouts: one.brownouts.map(({ id, from, to }) => ({ id, from, to })),
      endpoints: one.endpoints.length,
      changes: one.changes.length,
      validatedEndpoints: Object.keys(one.requestSchemas ?? {}).length,
    })),
  };
}

const count = z.int().nonnegative();
export const ApiUsage = z
  .strictObject({
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    consumers: z.array(
      z.strictObject({
        consumer: z.string(),
        version: ApiVersion,
        requests: count,
        errors: count.describe('Answered with 4xx or 5xx'),
        refused: count.describe('In brownouts'),
        lastSeen: z.iso.datetime(),
      }),
    ),
  })
  .meta({ id: 'GatewayApiUsage' });
export type ApiUsage = z.infer<typeof ApiUsage>;
export const ApiUsageQuery = z.strictObject({
  days: z.coerce.number().int().min(1).max(90).default(7).describe('Back from now'),
});

/** Consumers by how much they use, without their endpoints and fields. */
export function apiUsage({ usage, refused }: ReadApiUsageOutput): ApiUsage {
  const sum = (numbers: number[]) => numbers.reduce((total, one) => total + one, 0);
  return {
    from: usage.from,
    to: usage.to,
    consumers: usage.consumers.map(({ consumer, version, lastSeen, endpoints }) => ({
      consumer,
      version,
      requests: sum(endpoints.map(({ requests }) => requests)),
      errors: sum(endpoints.map(({ errors }) => errors)),
      refused: sum(
        refused
          .filter((one) => one.consumer === consumer && one.version === version)
          .map(({ requests }) => requests),
      ),
      lastSeen,
    })),
  };
}
