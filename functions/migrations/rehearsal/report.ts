import { z } from 'zod';
import { Forecast } from '../plan/forecast.ts';

export const RehearsedPhase = z.strictObject({
  phase: z.string(),
  forecastMs: z.strictObject({ low: z.int(), high: z.int() }).nullable().describe('For the rows of the copy'),
  measuredMs: z.int(),
  asForecast: z.boolean().nullable().describe('Whether it was within the forecast; null where there is none'),
  rows: z.int().describe('Rows filled or checked'),
  longestLockWaitMs: z.int(),
  longestLockHoldMs: z.int(),
});
export type RehearsedPhase = z.infer<typeof RehearsedPhase>;

/** What came of running a migration on a copy. */
export const RehearsalReport = z
  .strictObject({
    passed: z.boolean(),
    copy: z.strictObject({
      rows: z.array(z.strictObject({ table: z.string(), rows: z.int() })),
      leftOut: z.array(z.string()).describe('What the copy does not have, each with its reason'),
      measuredMs: z.int(),
    }),
    forecast: Forecast.nullable().describe('Of the same plan on the copy'),
    phases: z.array(RehearsedPhase),
    verification: z.strictObject({ rowsChecked: z.int(), wrong: z.int() }),
    refused: z
      .strictObject({
        records: z.int(),
        allowed: z.int().describe('With more than these the migration would pause'),
        first: z.array(z.strictObject({ from: z.string(), key: z.array(z.string()), why: z.string() })),
      })
      .nullable()
      .default(null)
      .describe('Of a data migration: records that were not taken'),
    differences: z.array(z.string()).describe('What was not as before after everything was taken back'),
    findings: z.array(z.strictObject({ code: z.string(), problem: z.string(), action: z.string() })),
    failure: z
      .strictObject({
        name: z.string(),
        message: z.string(),
        phase: z.string(),
        action: z.string().nullable(),
      })
      .nullable(),
  })
  .meta({ id: 'RehearsalReport' });
export type RehearsalReport = z.infer<typeof RehearsalReport>;
