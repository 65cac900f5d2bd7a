import { z } from 'zod';

// Where versions of a service run, as a person names it. What a target does is target.ts and one file for each kind.

const arn = z
  .string()
  .regex(/^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:\d*:.+$/, 'Expected an ARN')
  .max(2_048);

export const HttpTarget = z
  .strictObject({ kind: z.literal('http') })
  .describe('URLs behind the gateway, as the version is registered with');

export const LambdaAliasTarget = z
  .strictObject({
    kind: z.literal('lambda-alias'),
    functionName: z.string().min(1).max(170),
    alias: z.string().regex(/^(?!\d+$)[\w-]{1,128}$/, 'Expected the name of an alias'),
    version: z
      .string()
      .regex(/^\d{1,10}$/, 'Expected a number of a published version')
      .optional()
      .describe('The published version to move to; absent: $LATEST is published'),
    testEvent: z
      .json()
      .optional()
      .describe('What the function is invoked with to warm it up and to see it work'),
    deleteOld: z.boolean().default(false).describe('Delete the former version at the end; kept by default'),
  })
  .describe('Two versions of a function behind a weighted alias');

/** Of a listener, whose default action is weighted, or of one of its rules. */
const listenerOrRuleArn = arn.regex(
  /:listener(-rule)?\/(app|net)\//,
  'Expected the ARN of a listener of a load balancer, or of one of its rules',
);
const targetGroupArn = arn.regex(/:targetgroup\//, 'Expected the ARN of a target group');

export const AlbTarget = z
  .strictObject({
    kind: z.literal('alb'),
    listenerOrRuleArn,
    targetGroupArns: z
      .tuple([targetGroupArn, targetGroupArn])
      .refine(([one, other]) => one !== other, 'Expected two different target groups')
      .describe('Blue is the one that has the traffic when the deployment begins'),
  })
  .describe('Two target groups of a load balancer');

const EcsSide = z.strictObject({ service: z.string().min(1).max(255), targetGroupArn });

export const EcsTarget = z
  .strictObject({
    kind: z.literal('ecs'),
    cluster: z.string().min(1).max(2_048),
    sides: z
      .tuple([EcsSide, EcsSide])
      .refine(
        ([one, other]) => one.service !== other.service && one.targetGroupArn !== other.targetGroupArn,
        'Expected two different services with a target group each',
      )
      .describe('Blue is the one whose target group has the traffic when the deployment begins'),
    taskDefinition: z.string().min(1).max(2_048).describe('Of green: family:revision or an ARN'),
    desiredCount: z.int().min(1).max(5_000).optional().describe('Of green; by default as many as blue has'),
    listenerOrRuleArn,
  })
  .describe('Two services of ECS, each behind a target group of a load balancer');

export const Target = z
  .discriminatedUnion('kind', [HttpTarget, LambdaAliasTarget, AlbTarget, EcsTarget])
  .meta({ id: 'DeploymentTarget' });
export type Target = z.infer<typeof Target>;
export type TargetKind = Target['kind'];

/** Requests that all go to green, whatever the weights: by a header, or of these tenants. */
export const Canary = z
  .union([
    z.strictObject({
      header: z.strictObject({
        name: z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/, 'Expected the name of a header'),
        value: z.string().min(1).max(200),
      }),
    }),
    z.strictObject({ tenants: z.array(z.string().min(1).max(200)).min(1).max(100) }),
  ])
  .meta({ id: 'DeploymentCanary' });
export type Canary = z.infer<typeof Canary>;

/** How traffic is split: `percent` (0 to 100, whole) of all requests to green, and besides it what the canaries say. */
export const Split = z
  .strictObject({ percent: z.int().min(0).max(100), canaries: z.array(Canary).max(10) })
  .meta({ id: 'DeploymentSplit' });
export type Split = z.infer<typeof Split>;
