import { z } from 'zod';

// What AppConfig keeps of each resource; all times are epoch milliseconds.

const described = { description: z.string().optional(), tags: z.record(z.string(), z.string()) };

export const application = z.strictObject({ id: z.string(), name: z.string(), ...described });
export type ApplicationRecord = z.infer<typeof application>;

export const environment = z.strictObject({
  id: z.string(),
  applicationId: z.string(),
  name: z.string(),
  ...described,
  lastDeployment: z.int(),
});
export type EnvironmentRecord = z.infer<typeof environment>;

export const validator = z.strictObject({ Type: z.enum(['JSON_SCHEMA', 'LAMBDA']), Content: z.string() });
export type ValidatorRecord = z.infer<typeof validator>;

export const profile = z.strictObject({
  id: z.string(),
  applicationId: z.string(),
  name: z.string(),
  ...described,
  validators: z.array(validator),
  lastVersion: z.int(),
});
export type ProfileRecord = z.infer<typeof profile>;

export const version = z.strictObject({
  profileId: z.string(),
  number: z.int(),
  contentType: z.string(),
  description: z.string().optional(),
  label: z.string().optional(),
});
export type VersionRecord = z.infer<typeof version>;

export const strategy = z.strictObject({
  id: z.string(),
  name: z.string(),
  ...described,
  minutes: z.number(),
  growthType: z.enum(['LINEAR', 'EXPONENTIAL']),
  growthFactor: z.number(),
  bakeMinutes: z.number(),
});
export type StrategyRecord = z.infer<typeof strategy>;

export const association = z.strictObject({
  id: z.string(),
  resourceArn: z.string(),
  parameters: z.record(z.string(), z.string()),
});
export type AssociationRecord = z.infer<typeof association>;

const deploymentEvent = z.strictObject({
  type: z.enum([
    'DEPLOYMENT_STARTED',
    'PERCENTAGE_UPDATED',
    'BAKE_TIME_STARTED',
    'DEPLOYMENT_COMPLETED',
    'ROLLBACK_STARTED',
    'ROLLBACK_COMPLETED',
    'REVERT_COMPLETED',
  ]),
  by: z.enum(['USER', 'APPCONFIG']),
  description: z.string(),
  at: z.number(),
});
export type DeploymentEventRecord = z.infer<typeof deploymentEvent>;

/** What EventBridge is told of. */
export const notice = z.enum(['Start', 'Complete', 'RolledBack']);
export type Notice = z.infer<typeof notice>;

export const deployment = z.strictObject({
  environmentId: z.string(),
  number: z.int(),
  profileId: z.string(),
  profileName: z.string(),
  version: z.int(),
  label: z.string().optional(),
  ...described,
  /** As it was when the deployment began. */
  strategy,
  state: z.enum(['DEPLOYING', 'BAKING', 'COMPLETE', 'ROLLED_BACK', 'REVERTED']),
  /** Of the sessions that get the new version. */
  percentage: z.number(),
  /** How many moments of the strategy have passed. */
  passed: z.int(),
  startedAt: z.number(),
  completedAt: z.number().optional(),
  events: z.array(deploymentEvent),
  /** Not yet on the event bus. */
  unsent: z.array(notice),
});
export type DeploymentRecord = z.infer<typeof deployment>;

export const versionId = (profileId: string, number: number) => `${profileId}-${number}`;
export const deploymentId = (environmentId: string, number: number) => `${environmentId}-${number}`;
