import { z } from 'zod';
import { ServiceName } from '#compatibility/contracts/shape.ts';
import { Version } from '#compatibility/ranges.ts';
import { JudgeCriteria } from '#judge/criteria.ts';
import { Judgement } from '#judge/judgement.ts';
import { Sample } from '#judge/samples.ts';
import { pageOf } from '#platform/page.ts';
import { WorkflowEvent } from '#platform/workflow-record.ts';
import { AlarmName } from './alarm-schemas.ts';
import { MetricSource } from './metrics/schemas.ts';
import { Step, Strategy } from './strategy.ts';
import { Canary, Split, Target } from './targets/schemas.ts';

// What a person sends and sees of deployments; what is stored is in records.ts.

export const DeploymentId = z.string().regex(/^dep_[A-Za-z0-9]{1,40}$/, 'Expected the id of a deployment');

const Url = z
  .string()
  .max(2_000)
  .refine((text) => /^https?:\/\//.test(text) && URL.canParse(text), {
    error: 'Expected http://… or https://…',
  });

const GateName = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'Expected a name such as smoke-test');
/** What has to say yes before the new version gets traffic. */
export const Gate = z
  .discriminatedUnion('kind', [
    z
      .strictObject({ kind: z.literal('webhook'), name: GateName, url: Url })
      .describe('A signed POST; any answer of 200 to 299 says yes'),
    z
      .strictObject({
        kind: z.literal('http'),
        name: GateName,
        method: z.enum(['GET', 'POST']).default('GET'),
        path: z
          .string()
          .regex(/^\/[^\s#]*$/, 'Expected a path that begins with /')
          .max(1_000),
        body: z.json().optional(),
        status: z.int().min(100).max(599).default(200),
        pointer: z
          .string()
          .regex(/^(\/[^/]*)*$/, 'Expected a JSON pointer such as /status')
          .max(200)
          .optional(),
        equals: z.json().optional().describe('What stands at the pointer'),
      })
      .describe('A request to every endpoint of the new version, and the answer expected'),
  ])
  .meta({ id: 'DeploymentGate' });
export type Gate = z.infer<typeof Gate>;

const Health = z.strictObject({
  inARow: z.int().min(1).max(20).default(3).describe('Times in a row that every endpoint must be well'),
  intervalSeconds: z.number().min(0).max(30).default(1),
  withinSeconds: z.int().min(1).max(600).default(120),
  warmUpRequests: z.int().min(0).max(100).default(3).describe('To every endpoint, before it is looked at'),
});

const Analysis = z.strictObject({
  sources: z
    .array(MetricSource)
    .min(1)
    .max(10)
    .optional()
    .describe('Where the figures come from; behind the gateway from there when absent'),
  criteria: JudgeCriteria.prefault({}),
  intervalSeconds: z.int().min(1).max(3_600).default(30).describe('Between two looks'),
  onInconclusive: z
    .enum(['fail', 'continue'])
    .default('fail')
    .describe('When the data of a step do not suffice, even after it was made longer'),
  extendSeconds: z
    .int()
    .min(0)
    .max(86_400)
    .default(900)
    .describe('How much longer a step may become while the data do not suffice'),
});

/** What a deployment is started with. */
export const NewDeployment = z
  .strictObject({
    service: ServiceName,
    version: Version.describe('Registered with the service'),
    target: Target.default({ kind: 'http' }),
    strategy: Strategy.default('Canary10Percent5Minutes'),
    first: z
      .strictObject({
        canaries: z.array(Canary).min(1).max(10),
        holdSeconds: z.int().min(0).max(604_800).default(300),
      })
      .nullable()
      .default(null)
      .describe('Who gets the new version before all others; they keep it to the end'),
    health: Health.prefault({}),
    gates: z
      .array(Gate)
      .max(10)
      .refine((gates) => new Set(gates.map(({ name }) => name)).size === gates.length, 'Names must differ')
      .default([]),
    analysis: Analysis.nullable().prefault({}).describe('null: nothing is judged, time alone goes on'),
    alarms: z
      .array(AlarmName)
      .max(20)
      .default([])
      .describe('Alarms of CloudWatch that end it when they fire; names may have {version} and {target}'),
    bakeSeconds: z.int().min(0).max(604_800).default(600).describe('How long it is watched at 100 %'),
    keepBlueSeconds: z
      .int()
      .min(0)
      .max(2_592_000)
      .default(86_400)
      .describe('How long the old version is kept, so that a rollback takes a moment'),
    approval: z.boolean().default(false).describe('Somebody has to approve it before anything is done'),
    whenBusy: z
      .enum(['queue', 'refuse'])
      .default('queue')
      .describe('When another deployment of the service and target runs'),
    acceptIncompatible: z
      .strictObject({ reason: z.string().min(1).max(500) })
      .optional()
      .describe('Deploy a version that breaks those who depend on the service'),
    committedAt: z.iso
      .datetime({ offset: true })
      .transform((text) => new Date(text).toISOString())
      .optional()
      .describe('When the change was committed; lead time counts from there'),
    comment: z.string().min(1).max(500).optional(),
  })
  .meta({ id: 'NewDeployment' });
export type NewDeployment = z.infer<typeof NewDeployment>;

export const DeploymentStatus = z.enum([
  'queued',
  'waiting_for_approval',
  'running',
  'paused',
  'keeping_blue',
  'rolling_back',
  'completed',
  'rolled_back',
  'failed',
  'cancelled',
  'needs_attention',
]);
export type DeploymentStatus = z.infer<typeof DeploymentStatus>;

/** What is done now. */
export const Phase = z.enum([
  'queue',
  'approval',
  'compatibility',
  'green',
  'health',
  'gates',
  'traffic',
  'bake',
  'keep_blue',
  'clean_up',
  'shift_back',
]);
export type Phase = z.infer<typeof Phase>;

export const DeploymentFailure = z
  .strictObject({
    name: z.string(),
    message: z.string(),
    action: z.string().nullable(),
    phase: Phase.nullable(),
    at: z.iso.datetime(),
    evidence: z.record(z.string(), z.json()),
  })
  .meta({ id: 'DeploymentFailure' });
export type DeploymentFailure = z.infer<typeof DeploymentFailure>;

export const DeploymentEvent = WorkflowEvent.meta({ id: 'DeploymentEvent' });
export type DeploymentEvent = z.infer<typeof DeploymentEvent>;

export const Action = z.enum([
  'approve',
  'pause',
  'resume',
  'promote',
  'skip-to-full',
  'abort',
  'rollback',
  'finish',
]);
export type Action = z.infer<typeof Action>;

const Next = z.strictObject({
  action: Action,
  path: z.string(),
  command: z.string(),
  why: z.string(),
});

/** Where a deployment stands. */
export const Deployment = z
  .strictObject({
    id: DeploymentId,
    service: z.string(),
    version: z.string().describe('The one that comes'),
    from: z.string().nullable().describe('The one that had the traffic; null: none had, or not known yet'),
    target: Target,
    status: DeploymentStatus,
    phase: Phase.nullable(),
    steps: z.array(Step),
    step: z.int().nullable().describe('Index of the step that it is at'),
    stepStartedAt: z.iso.datetime().nullable(),
    traffic: Split.nullable().describe('What was decided last'),
    secondsLeft: z
      .int()
      .nullable()
      .describe('Until all traffic is there and baked, if nothing makes it longer'),
    queuedBehind: z.array(z.string()).describe('Deployments that come first'),
    judgement: Judgement.nullable(),
    failure: DeploymentFailure.nullable(),
    notes: z.array(z.string()),
    createdBy: z.string(),
    createdAt: z.iso.datetime(),
    startedAt: z.iso.datetime().nullable().describe('When its turn had come'),
    firstTrafficAt: z.iso.datetime().nullable(),
    fullAt: z.iso.datetime().nullable().describe('When all traffic had moved'),
    backAt: z.iso.datetime().nullable().describe('When all traffic was with the old version again'),
    endedAt: z.iso.datetime().nullable(),
    keepsBlueUntil: z.iso.datetime().nullable(),
    updatedAt: z.iso.datetime(),
    request: NewDeployment,
    next: z.array(Next),
  })
  .meta({ id: 'Deployment' });
export type Deployment = z.infer<typeof Deployment>;

export const DeploymentPage = pageOf(Deployment).meta({ id: 'DeploymentPage' });

/** What would be done. */
export const DeploymentPlan = z
  .strictObject({
    service: z.string(),
    version: z.string(),
    from: z.string().nullable(),
    steps: z.array(Step),
    seconds: z.int().describe('Of all steps, if nothing makes them longer'),
    lookSeconds: z.int().nullable().describe('Between two looks; null: nothing is judged'),
    keepBlueSeconds: z.int(),
    gates: z.array(z.string()),
    approval: z.boolean(),
    compatible: z.boolean(),
    queuedBehind: z.array(z.string()),
  })
  .meta({ id: 'DeploymentPlan' });
export type DeploymentPlan = z.infer<typeof DeploymentPlan>;

/** What a judgement was made of: enough to make it again. */
export const DeploymentAnalysis = z
  .strictObject({
    deployment: DeploymentId,
    criteria: JudgeCriteria.nullable(),
    since: z.string().describe('When the step that is judged began'),
    judgement: Judgement.nullable(),
    samples: z.array(Sample),
  })
  .meta({ id: 'DeploymentAnalysis' });
export type DeploymentAnalysis = z.infer<typeof DeploymentAnalysis>;

/** What every task of the workflow is told. */
export const TaskOfDeployment = z.strictObject({
  deploymentId: DeploymentId,
  /** The execution that asks: only the one that the record names may act. */
  execution: z.string().min(1),
});
