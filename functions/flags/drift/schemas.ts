import { z } from 'zod';
import { pageOf } from '#platform/page.ts';

const Time = z.iso.datetime();
const Shown = z.string().nullable().describe('JSON, of which 200 characters are shown; null: not there');

/** One place in which what is in force is not what ought to be. */
export const DriftDifference = z.strictObject({
  flag: z.string().nullable().describe('Null: beside the flags, in what they share or in metadata'),
  pointer: z.string().describe('RFC 6901, in the flag'),
  expected: Shown,
  found: Shown,
});
export type DriftDifference = z.infer<typeof DriftDifference>;

/** What of AppConfig is in force where something else ought to be. */
export const FoundDrift = z.object({
  since: Time.describe('When it was seen first'),
  found: z
    .strictObject({
      deployment: z.int(),
      version: z.int(),
      label: z.string().nullable().describe('Of the version'),
      complete: z.boolean().describe('False: readers are still getting it'),
      at: Time.nullable(),
    })
    .nullable()
    .describe('The deployment that nobody here asked for; null: nothing is deployed'),
  problem: z.string().nullable().describe('Why no differences can be named'),
  differences: z.array(DriftDifference).describe('At most 50'),
});
export type FoundDrift = z.infer<typeof FoundDrift>;

export const FlagDrift = FoundDrift.extend({
  redeployedAt: Time.nullable().describe('When the document was brought back last without asking'),
  document: z.string().describe('As AppConfig calls it: the environment, or its kill switches'),
  revision: z.int().describe('That ought to be in force'),
  remediate: z.boolean().describe('Whether the environment says that it is brought back without asking'),
}).meta({ id: 'FlagDrift' });
export type FlagDrift = z.infer<typeof FlagDrift>;
export const FlagDriftPage = pageOf(FlagDrift).meta({ id: 'FlagDriftPage' });

export const DriftSummary = z.strictObject({
  document: z.string(),
  since: Time,
  differences: z.int(),
});
