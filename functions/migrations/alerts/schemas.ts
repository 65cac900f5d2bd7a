import { z } from 'zod';
import { pageOf } from '#platform/page.ts';
import { DatabaseRef, Labels } from '../databases/schemas.ts';
import { Metric } from '../monitoring/metrics.ts';
import { MigrationId } from '../schemas.ts';
import { Comparison, MigrationAlert } from './state.ts';

export const RuleName = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,62}$/,
    'expected lower case letters, digits and hyphens, beginning with a letter',
  );

const Threshold = z.number().nullable().describe('Null: never');

const shape = {
  metric: Metric,
  comparison: Comparison.default('above').describe('A threshold is passed at this value or beyond'),
  warning: Threshold.default(null),
  critical: Threshold.default(null),
  forSeconds: z
    .int()
    .min(0)
    .max(86_400)
    .default(0)
    .describe('How long it must be passed before it fires, s; it is looked at each minute'),
  labels: Labels.default({}).describe('Only databases with all of these labels'),
  action: z
    .enum(['none', 'pause'])
    .default('none')
    .describe('pause: at critical the migration pauses itself, where it can be paused'),
  enabled: z.boolean().default(true),
};

export const NewAlertRule = z
  .strictObject({
    name: RuleName,
    ...shape,
    database: DatabaseRef.nullable().default(null).describe('Only this database, by id or name; null: all'),
  })
  .meta({ id: 'NewAlertRule' });
export type NewAlertRule = z.infer<typeof NewAlertRule>;

/** Everything of a rule but its name; what is left out stays. */
export const ChangedAlertRule = z
  .strictObject({
    metric: Metric,
    comparison: Comparison,
    warning: Threshold,
    critical: Threshold,
    forSeconds: shape.forSeconds.unwrap(),
    labels: Labels,
    action: shape.action.unwrap(),
    enabled: z.boolean(),
    database: DatabaseRef.nullable(),
  })
  .partial()
  .meta({ id: 'ChangedAlertRule' });
export type ChangedAlertRule = z.infer<typeof ChangedAlertRule>;

export const AlertRule = z
  .strictObject({
    name: RuleName,
    ...shape,
    database: z.strictObject({ id: z.string(), name: z.string() }).nullable(),
    source: z.enum(['default', 'changed', 'own']).describe('default: as it comes with the platform'),
    updatedAt: z.string().nullable(),
    updatedBy: z.string().nullable(),
  })
  .meta({ id: 'AlertRule' });
export type AlertRule = z.infer<typeof AlertRule>;
export const AlertRulePage = pageOf(AlertRule).meta({ id: 'AlertRulePage' });

/** A rule as it is stored. */
export const AlertRuleRecord = z.object({
  ...shape,
  name: z.string(),
  labels: z.record(z.string(), z.string()),
  database: z.object({ id: z.string(), name: z.string() }).nullable(),
  version: z.int(),
  updatedAt: z.string(),
  updatedBy: z.string(),
});
export type AlertRuleRecord = z.infer<typeof AlertRuleRecord>;

export const Alert = z
  .strictObject({
    ...MigrationAlert.shape,
    migration: z.strictObject({ id: MigrationId, name: z.string() }),
    database: z.strictObject({ id: z.string(), name: z.string() }),
  })
  .meta({ id: 'Alert' });
export type Alert = z.infer<typeof Alert>;
export const AlertPage = pageOf(Alert).meta({ id: 'AlertPage' });
