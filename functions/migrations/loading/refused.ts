import { z } from 'zod';
import { pageOf } from '#platform/page.ts';

/** A record that was refused, and why. */
export const RefusedRecord = z
  .strictObject({
    number: z.int().describe('Grows with every new one'),
    from: z.string().describe('Table of the source'),
    to: z.string().describe('Table of the target'),
    load: z.string(),
    key: z.array(z.string()).describe('Of the source, as text'),
    record: z.string().nullable().describe('As JSON; null when it is longer than 16,000 characters'),
    error: z.record(z.string(), z.string()),
    attempts: z.int(),
    at: z.string(),
  })
  .meta({ id: 'RefusedRecord' });
export const RefusedRecordPage = pageOf(RefusedRecord).meta({ id: 'RefusedRecordPage' });
export const Redriven = z
  .strictObject({
    tried: z.int(),
    taken: z.int().describe('Off the list: loaded now, or no longer in the source'),
    left: z.int().describe('Still refused'),
    more: z.boolean().describe('There was no time for all of them: ask again'),
  })
  .meta({ id: 'Redriven' });
export type RefusedRecord = z.infer<typeof RefusedRecord>;
export type Redriven = z.infer<typeof Redriven>;
