import { z } from 'zod';
import { pageOf } from '#platform/page.ts';

export const Finding = z.enum(['stale', 'unused', 'settled', 'expired', 'killed']);
export type Finding = z.infer<typeof Finding>;

export const FlagLifecycle = z
  .strictObject({
    flag: z.string(),
    kind: z.string(),
    owner: z.string(),
    stage: z
      .enum(['new', 'active', 'stale'])
      .describe('new: made in the last week; stale: unchanged for long; permanent kinds do not become stale'),
    findings: z
      .array(
        z.strictObject({
          finding: Finding,
          since: z.string().nullable().describe('A time or a day; null: never before, or not known'),
          detail: z.string(),
        }),
      )
      .describe('What speaks for doing something about it'),
    outcomes: z
      .array(z.string().nullable())
      .describe('Variants that it can still give; null is the default of the code that asks'),
    lastUsed: z.iso.datetime().nullable().describe('The last hour in which its use was reported'),
    references: z.int().nullable().describe('In code, as last reported; null where nobody reported'),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'FlagLifecycle' });
export type FlagLifecycle = z.infer<typeof FlagLifecycle>;
export const FlagLifecyclePage = pageOf(FlagLifecycle).meta({ id: 'FlagLifecyclePage' });

/** Where a repository names flags: what takes the place of what it reported before. */
export const FlagReferences = z
  .strictObject({
    repository: z
      .string()
      .regex(
        /^[A-Za-z0-9][A-Za-z0-9_./-]{0,199}$/,
        'Expected at most 200 letters, digits, dots, dashes or slashes',
      ),
    counts: z
      .array(z.strictObject({ flag: z.string().min(1).max(256), references: z.int().min(1) }))
      .max(5_000)
      .describe('Flags that it names, and how often'),
  })
  .meta({ id: 'FlagReferences' });
export type FlagReferences = z.infer<typeof FlagReferences>;
