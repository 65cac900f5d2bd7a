import { z } from 'zod';
import { ServiceName } from '#compatibility/contracts/shape.ts';
import { pageOf, pageQuery } from '#platform/page.ts';
import { WorkflowEvent } from '#platform/workflow-record.ts';
import { Violation } from '../compliance/schemas.ts';
import { ConfigurationKey, PlainValue } from '../schemas.ts';

export const UpdateId = z.string().regex(/^upd_[A-Za-z0-9]{1,40}$/, 'Expected an id such as upd_1f3a…');

const Why = z.string().trim().min(1).max(500);
const Url = z
  .string()
  .max(1_024)
  .refine(
    (text) => URL.canParse(text) && /^https?:/.test(text),
    'Expected a URL such as https://10.0.3.7/health',
  );

/** What one change writes: exactly one of value, secret, delete and fromVersion. */
export const NewChange = z
  .strictObject({
    key: ConfigurationKey,
    value: PlainValue.optional(),
    secret: z.string().optional().describe('Sealed before anything else sees it; at most 4,096 bytes'),
    delete: z.literal(true).optional(),
    fromVersion: z.int().min(1).optional().describe('What it was as that version, a secret too'),
    expectedVersion: z
      .int()
      .min(0)
      .optional()
      .describe('The version that the writer saw, 0 for none; another one is a conflict'),
  })
  .refine(
    ({ value, secret, delete: gone, fromVersion }) =>
      [value, secret, gone, fromVersion].filter((one) => one !== undefined).length === 1,
    'Expected exactly one of value, secret, delete and fromVersion',
  );
export type NewChange = z.infer<typeof NewChange>;

export const NewHealth = z.strictObject({
  forSeconds: z.int().min(0).max(3_600).optional().describe('How long services are looked at; 0: once'),
  urls: z.array(Url).max(20).default([]).describe('Asked beside the services: well is an answer below 400'),
  unknown: z
    .enum(['skip', 'fail'])
    .default('skip')
    .describe('What becomes of a service that has no instance to ask'),
});

export const NewUpdate = z
  .strictObject({
    changes: z.array(NewChange).min(1).max(20),
    why: Why,
    services: z.array(ServiceName).max(20).default([]).describe('Affected beside those that are known to be'),
    health: NewHealth.optional(),
    whenBusy: z
      .enum(['wait', 'refuse'])
      .default('wait')
      .describe('When another update of one of its keys runs'),
    approval: z.boolean().default(false).describe('Wait for somebody to approve, whatever the policy says'),
  })
  .meta({ id: 'NewConfigurationUpdate' });
export type NewUpdate = z.infer<typeof NewUpdate>;

export const UpdateStatus = z.enum([
  'waiting',
  'running',
  'waiting_for_approval',
  'rolling_back',
  'completed',
  'rolled_back',
  'conflicted',
  'refused',
  'cancelled',
  'failed',
  'needs_attention',
]);
export type UpdateStatus = z.infer<typeof UpdateStatus>;

export const UpdatePhase = z.enum([
  'queue',
  'validate',
  'back_up',
  'approval',
  'apply',
  'notify',
  'health',
  'roll_back',
]);
export type UpdatePhase = z.infer<typeof UpdatePhase>;

export const UpdateFailure = z
  .strictObject({
    name: z.string(),
    message: z.string(),
    action: z.string().nullable(),
    phase: UpdatePhase.nullable(),
    at: z.iso.datetime(),
    evidence: z.record(z.string(), z.json()),
  })
  .meta({ id: 'ConfigurationUpdateFailure' });
export type UpdateFailure = z.infer<typeof UpdateFailure>;

/** A service that the update may hurt, and whence that is known. */
export const AffectedService = z.strictObject({
  service: z.string(),
  from: z.enum(['request', 'key', 'definition', 'report']),
});
export type AffectedService = z.infer<typeof AffectedService>;

/** One place that was asked whether it is well. */
export const Look = z.strictObject({
  service: z.string().nullable(),
  place: z.string(),
  well: z.boolean(),
  detail: z.string(),
});
export type Look = z.infer<typeof Look>;

export const UpdateHealth = z.strictObject({
  forSeconds: z.int(),
  urls: z.array(z.string()),
  unknown: z.enum(['skip', 'fail']),
  intervalSeconds: z.int(),
});
export type UpdateHealth = z.infer<typeof UpdateHealth>;

export const ChangeKind = z.enum(['value', 'secret', 'delete']);
export type ChangeKind = z.infer<typeof ChangeKind>;

const PlannedChange = z.strictObject({
  key: ConfigurationKey,
  kind: ChangeKind,
  before: z.int().describe('Version that is in force; 0: none'),
  value: z.json().optional().describe('Never of a secret'),
});

/** What an update would do. */
export const UpdatePlan = z
  .strictObject({
    changes: z.array(PlannedChange),
    services: z.array(AffectedService.extend({ instances: z.int().nullable().describe('null: not known') })),
    health: UpdateHealth,
    approval: z.boolean(),
    violations: z.array(Violation).describe('Of compliance rules; one of level refuse refuses the update'),
    queuedBehind: z.array(z.string()),
  })
  .meta({ id: 'ConfigurationUpdatePlan' });
export type UpdatePlan = z.infer<typeof UpdatePlan>;

export const UpdateEvent = WorkflowEvent.meta({ id: 'ConfigurationUpdateEvent' });
export const UpdateEventPage = pageOf(UpdateEvent).meta({ id: 'ConfigurationUpdateEventPage' });

export const UpdateAction = z.enum(['approve', 'cancel']);
export type UpdateAction = z.infer<typeof UpdateAction>;

const Time = z.iso.datetime().nullable();

export const ConfigurationUpdate = z
  .strictObject({
    id: UpdateId,
    status: UpdateStatus,
    phase: UpdatePhase.nullable(),
    why: z.string(),
    changes: z.array(
      z.strictObject({
        key: ConfigurationKey,
        kind: ChangeKind,
        expectedVersion: z.int().nullable(),
        before: z.int().nullable().describe('Version in force before; 0: none; null: not backed up yet'),
        after: z.int().nullable().describe('Version that was written'),
        restored: z.int().nullable().describe('Version that took it back'),
        value: z.json().optional().describe('Only where one update is asked for, and never of a secret'),
      }),
    ),
    services: z.array(AffectedService),
    health: UpdateHealth.extend({
      until: Time,
      looks: z.int(),
      seen: z.array(Look).describe('What the last look found'),
      illBefore: z.array(z.string()).describe('Places that were not well before: they are not judged'),
      skipped: z.array(z.string()).describe('Services that have no instance to ask'),
    }),
    approval: z.enum(['none', 'waiting', 'given']),
    warnings: z.array(Violation),
    queuedBehind: z.array(z.string()),
    failure: UpdateFailure.nullable(),
    notes: z.array(z.string()),
    createdBy: z.string(),
    createdAt: z.iso.datetime(),
    appliedAt: Time,
    endedAt: Time,
    updatedAt: z.iso.datetime(),
    next: z.array(
      z.strictObject({ action: UpdateAction, why: z.string(), path: z.string(), command: z.string() }),
    ),
  })
  .meta({ id: 'ConfigurationUpdate' });
export type ConfigurationUpdate = z.infer<typeof ConfigurationUpdate>;

export const ConfigurationUpdatePage = pageOf(ConfigurationUpdate).meta({ id: 'ConfigurationUpdatePage' });
export const UpdateParams = z.strictObject({ id: UpdateId });
export const UpdatesQuery = pageQuery.extend({ status: UpdateStatus.optional() });
export const DecisionBody = z.strictObject({ why: Why.optional() });

/** What every task of the workflow is given. */
export const TaskOfUpdate = z.strictObject({ updateId: UpdateId, execution: z.string().min(1) });
export type TaskOfUpdate = z.infer<typeof TaskOfUpdate>;

/** Where a service is told that its configuration changed. */
export const Subscription = z
  .strictObject({ service: z.string(), url: z.string(), updatedAt: z.iso.datetime(), updatedBy: z.string() })
  .meta({ id: 'ConfigurationSubscription' });
export type Subscription = z.infer<typeof Subscription>;
