import { z } from 'zod';
import { ApiVersion } from '#compatibility/api-version.ts';
import { VersionChange } from '#transformations/schemas.ts';

/** What is sent of changes: each is read, and named by its place, once the two versions are known. */
export const WrittenChanges = z
  .array(z.record(z.string(), z.json()))
  .max(1_000)
  .describe('Each a change with id, description, endpoints and operations; docs/api-transformations.md');

export const NewChanges = z
  .strictObject({
    changes: WrittenChanges,
    accept: z.array(z.literal('round-trip')).max(1).default([]),
    reason: z.string().trim().min(1).max(500).optional(),
  })
  .refine(({ accept, reason }) => accept.length === 0 || reason !== undefined, {
    error: 'Expected a reason for what is accepted',
    path: ['reason'],
  })
  .meta({ id: 'NewApiChanges' });

export const RoundTrip = z
  .strictObject({
    documents: z.int().describe('How many were tried'),
    failures: z.array(
      z.strictObject({ endpoint: z.string(), message: z.string(), change: z.string().nullable() }),
    ),
    open: z.array(z.strictObject({ endpoint: z.string(), list: z.string(), reason: z.string() })),
  })
  .meta({ id: 'ApiRoundTrip' });

export const ChangesView = z
  .strictObject({
    api: z.string(),
    from: ApiVersion,
    to: ApiVersion.nullable().describe('Null: it is the newest'),
    changes: z.array(VersionChange),
    roundTrip: RoundTrip.nullable().describe('What came of trying them; null where they were only read'),
    served: z.boolean(),
  })
  .meta({ id: 'ApiChanges' });

export const DerivedView = z
  .strictObject({
    api: z.string(),
    from: ApiVersion,
    to: ApiVersion,
    changes: z.array(VersionChange),
    derived: z
      .array(z.strictObject({ id: z.string(), sure: z.string(), why: z.string() }))
      .describe('Of each change how sure it is, and by what'),
    open: z.array(
      z.strictObject({ endpoint: z.string(), list: z.string(), pointer: z.string(), reason: z.string() }),
    ),
  })
  .meta({ id: 'DerivedApiChanges' });
