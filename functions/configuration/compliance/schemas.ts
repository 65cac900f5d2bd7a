import { z } from 'zod';
import { ServiceName } from '#compatibility/contracts/shape.ts';
import { ConfigurationKey, EnvironmentName, Namespace, TenantName, ValueSchema } from '../schemas.ts';

export const RuleName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, 'Expected a name of a rule such as tls-in-production');

const KeyPattern = z
  .string()
  .max(128)
  .regex(/^[A-Za-z0-9_.*-]+$/, 'Expected a key in which * stands for any characters, such as *.tls.enabled');

/** Of whom a rule speaks: what it leaves out, it means for every one. */
export const Where = z.strictObject({
  namespace: Namespace.optional(),
  key: KeyPattern.default('*'),
  service: ServiceName.optional(),
  environment: EnvironmentName.optional(),
  tenant: TenantName.optional(),
});
export type Where = z.infer<typeof Where>;

export const Level = z.enum(['refuse', 'warn']);
export type Level = z.infer<typeof Level>;

/** What must be true of configuration, whoever writes it. */
export const NewRule = z
  .strictObject({
    description: z.string().trim().min(1).max(500),
    where: Where.prefault({}),
    require: ValueSchema.describe('JSON Schema that values have to fit; secrets are not looked into'),
    level: Level.default('refuse').describe('refuse: no update may break it; warn: it is only shown'),
  })
  .meta({ id: 'NewConfigurationRule' });
export type NewRule = z.infer<typeof NewRule>;

export const Rule = NewRule.extend({
  name: RuleName,
  updatedAt: z.iso.datetime(),
  updatedBy: z.string(),
}).meta({ id: 'ConfigurationRule' });
export type Rule = z.infer<typeof Rule>;

/** A value that a rule does not allow, for whom it holds, and the layer it comes from. */
export const Violation = z
  .strictObject({
    rule: z.string(),
    level: Level,
    key: ConfigurationKey.describe('The key, and for whom it is read'),
    from: ConfigurationKey.nullable().describe('The layer that says so; null: the default of the key'),
    problem: z.string(),
  })
  .meta({ id: 'ConfigurationViolation' });
export type Violation = z.infer<typeof Violation>;

/** A violation that a look at everything found, and since when it stands. */
export const StandingViolation = Violation.extend({ since: z.iso.datetime() }).meta({
  id: 'StandingConfigurationViolation',
});
export type StandingViolation = z.infer<typeof StandingViolation>;
