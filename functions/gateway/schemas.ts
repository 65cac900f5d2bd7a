import { z } from 'zod';
import { ServiceName } from '#compatibility/contracts/shape.ts';
import { Version } from '#compatibility/ranges.ts';
import { latencyHistogram } from '#platform/latency-histogram.ts';
import { pageOf, pageQuery } from '#platform/page.ts';
import { BreakerPolicy } from './circuit-breaker/policy.ts';

const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, {
  error: 'Expected the name of a header, at most 64 characters',
});
const lowerHeaderName = headerName.transform((name) => name.toLowerCase());

const HttpUrl = z
  .string()
  .max(2_000)
  .refine(
    (text) => {
      if (!URL.canParse(text)) return false;
      const { protocol, username, password, search, hash } = new URL(text);
      return /^https?:$/.test(protocol) && `${username}${password}${search}${hash}` === '';
    },
    { error: 'Expected http://… or https://…, without a user name, a query or a fragment' },
  );

/** Where requests of a version go: to any of some instances over HTTP, or to a Lambda function or alias. */
export const Target = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('http'),
    urls: z
      .array(HttpUrl)
      .min(1)
      .max(50)
      .describe('Instances that are alike; the path of a request is added'),
  }),
  z.strictObject({
    kind: z.literal('lambda'),
    functionName: z.string().regex(/^[\w:.-]{1,170}$/, { error: 'Expected the name or ARN of a function' }),
    qualifier: z
      .string()
      .regex(/^[\w$-]{1,128}$/, { error: 'Expected an alias or a version' })
      .optional(),
    streams: z.boolean().optional().describe('The function streams its response'),
  }),
]);
export type Target = z.infer<typeof Target>;

export const RouteTarget = z.strictObject({
  version: Version,
  percent: z.int().min(0).max(100),
  target: Target,
});
export type RouteTarget = z.infer<typeof RouteTarget>;

export const Canary = z.union([
  z.strictObject({
    version: Version,
    header: z.strictObject({ name: lowerHeaderName, value: z.string().min(1).max(200) }),
  }),
  z.strictObject({ version: Version, tenants: z.array(z.string().min(1).max(200)).min(1).max(1_000) }),
]);
export type Canary = z.infer<typeof Canary>;

export const Sticky = z.discriminatedUnion('by', [
  z.strictObject({ by: z.literal('header'), name: lowerHeaderName }),
  z.strictObject({
    by: z.literal('cookie'),
    name: headerName.describe('The gateway sets it where it is missing'),
  }),
  z.strictObject({ by: z.literal('hash'), name: z.enum(['tenant', 'address', 'path']) }),
]);
export type Sticky = z.infer<typeof Sticky>;

export const Mirror = z.strictObject({ version: Version, percent: z.int().min(1).max(100) });

export const RetryCause = z.union([z.literal(502), z.literal(503), z.literal(504), z.literal('connect')]);
export const Retry = z.strictObject({
  attempts: z.int().min(1).max(3).describe('Tries in all'),
  on: z.array(RetryCause).min(1).max(4),
});
export type Retry = z.infer<typeof Retry>;

export const Access = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('open') }),
  z.strictObject({
    kind: z.literal('token'),
    sha256: z
      .array(z.string().regex(/^[0-9a-f]{64}$/, { error: 'Expected 64 hexadecimal digits' }))
      .min(1)
      .max(5)
      .describe('Of each token that is let in: the SHA-256 of its text'),
  }),
]);
export type Access = z.infer<typeof Access>;

/** What a person may say of a route. */
export const RouteSettings = z.strictObject({
  targets: z.array(RouteTarget).min(1).max(10),
  canaries: z.array(Canary).max(20).default([]),
  sticky: Sticky.nullable().default(null),
  mirror: Mirror.nullable().default(null),
  retry: Retry.nullable()
    .default({ attempts: 2, on: ['connect', 502, 503] })
    .describe('Of requests that are idempotent; null: never'),
  circuitBreaker: BreakerPolicy.nullable()
    .default(null)
    .describe('When calls to a version that fails are not made; null: they always are'),
  timeoutMs: z
    .int()
    .min(50)
    .max(29_000)
    .default(29_000)
    .describe('Until the response begins, tries included'),
  access: Access.default({ kind: 'open' }),
});
export type RouteSettings = z.infer<typeof RouteSettings>;

export const Route = RouteSettings.extend({
  service: ServiceName,
  revision: z.int().min(1).describe('Rises with every change'),
  heldBy: z.string().nullable().describe('The deployment that moves this route now'),
  updatedAt: z.iso.datetime(),
  updatedBy: z.string(),
}).meta({ id: 'GatewayRoute' });
export type Route = z.infer<typeof Route>;

export const RoutePage = pageOf(Route).meta({ id: 'GatewayRoutePage' });
export const RouteQuery = pageQuery;

export const RouteBody = RouteSettings.extend({
  revision: z.int().min(0).optional().describe('The one this change is made of; 0: there is no route yet'),
  override: z.boolean().default(false).describe('Change it although a deployment holds it; needs a reason'),
  reason: z.string().min(1).max(500).optional(),
}).meta({ id: 'GatewayRouteBody' });

export const RouteDeletion = z.strictObject({
  revision: z.coerce.number().int().min(1).optional(),
});

const DeploymentId = z.string().min(1).max(100);

/** What a deployment asks for: the whole state of the route, so that asking twice changes nothing. */
export const ShiftInput = z.strictObject({
  service: ServiceName,
  deployment: DeploymentId,
  targets: RouteSettings.shape.targets,
  canaries: RouteSettings.shape.canaries,
  order: z
    .int()
    .min(0)
    .optional()
    .describe('Rises with every shift of a deployment: a lower one than the last is refused'),
  done: z.boolean().default(false).describe('Lets the route go for other deployments'),
});
export type ShiftInput = z.infer<typeof ShiftInput>;
export const ShiftOutput = z.strictObject({
  service: ServiceName,
  revision: z.int(),
  targets: z.array(z.strictObject({ version: Version, percent: z.int() })),
});

export const DescribeRouteInput = z.strictObject({ service: ServiceName });
export const DescribeRouteOutput = z.strictObject({ route: Route.nullable() });

const time = z.iso.datetime({ offset: true }).transform((text) => new Date(text).toISOString());

export const TrafficWindow = z
  .strictObject({
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    version: Version,
    requests: z.int().nonnegative(),
    errors: z.int().nonnegative(),
    latency: latencyHistogram,
  })
  .meta({ id: 'TrafficWindow' });
export type TrafficWindow = z.infer<typeof TrafficWindow>;

export const ReadTrafficInput = z.strictObject({
  service: ServiceName,
  versions: z.array(Version).min(1).max(10),
  from: time,
  to: time,
});
export type ReadTrafficInput = z.infer<typeof ReadTrafficInput>;
export const ReadTrafficOutput = z.strictObject({ windows: z.array(TrafficWindow) });

/** What came of requests to a version over a while. */
export const VersionTraffic = z.strictObject({
  version: Version,
  percent: z.int().describe('Of the route now'),
  requests: z.int(),
  errors: z.int().describe('5xx, no connection, broken off, too late'),
  p50Ms: z.number().nullable(),
  p95Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
});
export const Traffic = z
  .strictObject({ from: z.iso.datetime(), to: z.iso.datetime(), versions: z.array(VersionTraffic) })
  .meta({ id: 'GatewayTraffic' });
export const TrafficQuery = z.strictObject({
  minutes: z.coerce.number().int().min(1).max(360).default(5).describe('Back from now'),
});
