import { z } from 'zod';
import { Metric } from '../monitoring/metrics.ts';

export const Severity = z.enum(['warning', 'critical']);
export type Severity = z.infer<typeof Severity>;
export const Comparison = z.enum(['above', 'below']);
export type Comparison = z.infer<typeof Comparison>;

/** One threshold of one rule on one migration. `since`: epoch ms at which it was first seen passed; null: it is not. */
const Level = z.object({ since: z.number().nullable(), firing: z.boolean() });
export type Level = z.infer<typeof Level>;

/** What a rule found on a migration; there is none while all is well. */
export const AlertState = z.object({
  rule: z.string(),
  metric: Metric,
  warning: Level,
  critical: Level,
  /** Of a firing alert; null: pending. */
  severity: Severity.nullable(),
  /** Epoch ms of the first firing. */
  firedAt: z.number().nullable(),
  /** Last known value, and why there is none now. */
  value: z.number().nullable(),
  missing: z.string().nullable(),
  /** Epoch ms. */
  lookedAt: z.number(),
});
export type AlertState = z.infer<typeof AlertState>;

/** What a rule says of a migration now. */
export const MigrationAlert = z
  .strictObject({
    rule: z.string(),
    metric: Metric,
    state: z.enum(['pending', 'firing']).describe('pending: passed, but not yet for long enough'),
    severity: Severity.nullable().describe('Null while pending'),
    since: z.iso.datetime().describe('Passed since'),
    firedAt: z.iso.datetime().nullable(),
    value: z.number().nullable().describe('The last that is known'),
    missing: z.string().nullable().describe('Why the value is not known now'),
  })
  .meta({ id: 'MigrationAlert' });
export type MigrationAlert = z.infer<typeof MigrationAlert>;

export function shownAlert(state: AlertState): MigrationAlert {
  const { rule, metric, severity, value, missing, firedAt, warning, critical, lookedAt } = state;
  const since = Math.min(warning.since ?? lookedAt, critical.since ?? lookedAt);
  return {
    rule,
    metric,
    state: severity === null ? 'pending' : 'firing',
    severity,
    since: new Date(since).toISOString(),
    firedAt: firedAt === null ? null : new Date(firedAt).toISOString(),
    value,
    missing,
  };
}
