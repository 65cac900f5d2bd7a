import { z } from 'zod';
import { ApiVersion } from '#compatibility/api-version.ts';
import { Bump, Change } from '#compatibility/changes.ts';
import { pageOf } from '#platform/page.ts';
import { Stability, VersionStatus } from '../schemas.ts';
import { WrittenChanges } from '../transformation/schemas.ts';

// What is said of versions over HTTP.

export const UploadId = z
  .string()
  .regex(/^upl_[A-Za-z0-9]{1,40}$/, 'Expected the id that POST …/uploads gave');

/** What may be accepted besides rules: an older version than others, changes that were left open, a failed round trip. */
export const acceptable = { order: 'out-of-order', open: 'open-changes', roundTrip: 'round-trip' } as const;

const Accept = z
  .array(z.string().min(1).max(200))
  .max(100)
  .describe(
    'What is done on purpose: ids of rules such as api-removed-without-deprecation, out-of-order, open-changes, round-trip',
  );

/** What a version is registered with. */
export const NewApiVersion = z
  .strictObject({
    version: ApiVersion,
    description: z.string().min(1).optional().describe('The text: JSON, YAML or SDL'),
    upload: UploadId.optional().describe('In place of `description`: one that was uploaded'),
    fileName: z.string().max(255).optional().describe('Its ending helps to tell YAML from SDL'),
    stability: Stability.optional().describe('That of the API unless said'),
    validateRequests: z
      .boolean()
      .default(false)
      .describe('The gateway holds bodies of requests against the description'),
    changes: z
      .union([z.literal('derived'), WrittenChanges])
      .optional()
      .describe('What leads to it from the version before: as written, or as far as it can be derived'),
    accept: Accept.default([]),
    reason: z.string().trim().min(1).max(500).optional(),
  })
  .superRefine(({ description, upload, accept, reason }, context) => {
    if ((description === undefined) === (upload === undefined)) {
      const message = 'Expected either `description` or `upload`';
      context.addIssue({ code: 'custom', path: ['description'], message });
    }
    if (accept.length > 0 && reason === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['reason'],
        message: 'Expected a reason for what is accepted',
      });
    }
  })
  .meta({ id: 'NewApiVersion' });
export type NewApiVersion = z.infer<typeof NewApiVersion>;

export const ApiComparison = z
  .strictObject({
    api: z.string(),
    from: ApiVersion.nullable().describe('What it was compared with; null: there is nothing before it'),
    to: ApiVersion,
    compatible: z.boolean(),
    bump: Bump,
    number: z
      .strictObject({ enough: z.boolean(), demanded: z.string(), message: z.string() })
      .nullable()
      .describe('Whether the number says as much as the changes demand; null where versions are dates'),
    usage: z
      .strictObject({ from: z.string(), to: z.string(), sampled: z.number() })
      .nullable()
      .describe('The window whose usage the levels were weighed by'),
    counts: z.strictObject({ breaking: z.int(), warning: z.int(), info: z.int() }),
    changes: z.array(Change).describe('At most 200, the worst first'),
    more: z.int().describe('Further changes that are not listed'),
  })
  .meta({ id: 'ApiComparison' });
export type ApiComparison = z.infer<typeof ApiComparison>;

export const ApiVersionView = z
  .strictObject({
    api: z.string(),
    version: ApiVersion,
    status: VersionStatus,
    stability: Stability,
    title: z.string(),
    description: z.strictObject({ hash: z.string(), bytes: z.int() }),
    comparison: z
      .strictObject({
        with: ApiVersion,
        compatible: z.boolean(),
        bump: Bump,
        breaking: z.int(),
        warnings: z.int(),
      })
      .nullable(),
    accepted: z.strictObject({ what: z.array(z.string()), reason: z.string(), by: z.string() }).nullable(),
    changes: z.int().describe('How many lead from it to the next newer version'),
    validateRequests: z.boolean(),
    deprecatedAt: z.string().nullable(),
    sunset: z.string().nullable(),
    registeredAt: z.string(),
    registeredBy: z.string(),
  })
  .meta({ id: 'ApiVersion' });
export type ApiVersionView = z.infer<typeof ApiVersionView>;
export const ApiVersionPage = pageOf(ApiVersionView).meta({ id: 'ApiVersionPage' });

/** What came of a registration, or would come of it. */
export const Registered = z
  .strictObject({
    version: ApiVersionView.nullable().describe('Null in a dry run'),
    comparison: ApiComparison,
    refused: z
      .array(z.strictObject({ name: z.string(), message: z.string() }))
      .describe('In a dry run: what a registration would be refused for'),
    served: z.boolean().describe('The gateway has it, or no service serves it'),
  })
  .meta({ id: 'RegisteredApiVersion' });
export type Registered = z.infer<typeof Registered>;

export const DescriptionText = z
  .strictObject({ version: ApiVersion, hash: z.string(), bytes: z.int(), text: z.string() })
  .meta({ id: 'ApiDescription' });

export const Upload = z
  .strictObject({
    upload: z.string().describe('To be named when the version is registered, within a day'),
    url: z.string().describe('Takes the text by PUT, without a token'),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: 'ApiUpload' });
