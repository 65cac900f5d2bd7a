import { z } from 'zod';
import { ApiVersion, Choice, HeaderName } from '#compatibility/api-version.ts';
import { ServiceName } from '#compatibility/contracts/shape.ts';
import { DescriptionKind } from '#compatibility/description-kind.ts';
import { CompatibilityMode, ContentMode } from '#compatibility/json-schema/mode-names.ts';
import { LevelOverride } from '#compatibility/levels.ts';
import { pageOf } from '#platform/page.ts';

/** What the paths of the API mean themselves. */
const reserved = new Set(['audit', 'consumers', 'deprecations', 'documents', 'feed', 'health', 'policies']);

/** An API's name: as a service's. */
export const ApiName = ServiceName.refine((name) => !reserved.has(name), {
  error: ({ input }) => `${String(input)} is a path of the API itself: expected another name`,
});

export const ApiKind = DescriptionKind;
export type ApiKind = z.infer<typeof ApiKind>;

export const Versioning = z.strictObject({
  scheme: z.enum(['semver', 'date']).describe('semver: 1.4.2; date: 2026-03-01'),
});
export type Versioning = z.infer<typeof Versioning>;

/** How much callers may rely on it; a deprecation policy may follow from it. */
export const Stability = z.enum(['draft', 'alpha', 'beta', 'stable']);
export type Stability = z.infer<typeof Stability>;

export const RateLimit = z.strictObject({
  consumer: z.string().min(1).max(128).describe('A consumer, or * for each'),
  version: ApiVersion.optional().describe('Only of this version'),
  endpoint: z.string().max(1_200).optional().describe('Only of this endpoint: GET /orders/{}'),
  requestsPerMinute: z.int().min(1).max(1_000_000),
});

/** What an API is set to be; PUT says all of it. */
export const ApiSettings = z
  .strictObject({
    kind: ApiKind,
    description: z.string().max(2_000).default(''),
    service: ServiceName.nullable().default(null).describe('The service behind the gateway that serves it'),
    versioning: Versioning.default({ scheme: 'semver' }),
    choice: Choice.default({ by: 'header', name: 'x-api-version' }),
    consumer: z
      .strictObject({ header: HeaderName })
      .default({ header: 'x-consumer' })
      .describe('The header that names the consumer'),
    stability: Stability.default('stable'),
    policy: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,62}$/)
      .nullable()
      .default(null)
      .describe('Policy of deprecation; null: the one of its stability'),
    defaultVersion: ApiVersion.nullable()
      .default(null)
      .describe('For requests that say none and consumers without a pin; null: the newest active one'),
    levels: z
      .array(LevelOverride)
      .max(200)
      .default([])
      .describe('Levels of rules that a person gave, and why'),
    compatibility: z
      .strictObject({ mode: CompatibilityMode.default('BACKWARD'), content: ContentMode.default('lenient') })
      .default({ mode: 'BACKWARD', content: 'lenient' })
      .describe('Of JSON Schemas: who has to go on with whose documents, within one major version'),
    limits: z.array(RateLimit).max(200).default([]),
    usage: z
      .strictObject({
        sample: z.number().min(0).max(1).describe('Share of requests whose fields are read'),
        fields: z.boolean(),
      })
      .default({ sample: 0.1, fields: true }),
    publicDocuments: z
      .boolean()
      .default(false)
      .describe('Changelogs and guides are read without a token, so that consumers can follow links to them'),
  })
  .meta({ id: 'ApiSettings' });
export type ApiSettings = z.infer<typeof ApiSettings>;

export const VersionStatus = z.enum(['active', 'deprecated', 'removed']);
export type VersionStatus = z.infer<typeof VersionStatus>;

const Time = z.iso.datetime();

export const ApiView = ApiSettings.extend({
  name: z.string(),
  latest: ApiVersion.nullable().describe('The newest that is active'),
  versions: z.array(z.strictObject({ version: ApiVersion, status: VersionStatus })).describe('Oldest first'),
  served: z
    .strictObject({ upToDate: z.boolean(), problem: z.string().nullable() })
    .describe('Whether the gateway has the newest state, and why it does not take it'),
  createdAt: Time,
  updatedAt: Time,
}).meta({ id: 'Api' });
export type ApiView = z.infer<typeof ApiView>;

export const ApiSummary = z
  .strictObject({
    name: z.string(),
    kind: ApiKind,
    service: z.string().nullable(),
    versions: z.int(),
    latest: ApiVersion.nullable(),
  })
  .meta({ id: 'ApiSummary' });
export type ApiSummary = z.infer<typeof ApiSummary>;
export const ApiPage = pageOf(ApiSummary).meta({ id: 'ApiPage' });

export const DescribeApiInput = z.strictObject({ api: ServiceName, version: ApiVersion.optional() });
