import { z } from 'zod';
import { ApiVersion } from '#compatibility/api-version.ts';
import { pageOf, pageQuery } from '#platform/page.ts';
import { WorkflowEvent } from '#platform/workflow-record.ts';
import { ApiName } from '../schemas.ts';
import { Policy, PolicyName } from './policies.ts';

// What a person sends and sees of deprecations; what is stored is in records.ts.

export const DeprecationId = z.string().regex(/^dpr_[A-Za-z0-9]{1,40}$/, 'Expected the id of a deprecation');
export const ConsumerId = z.string().min(1).max(128);
const Time = z.iso.datetime();
const Reason = z.string().min(1).max(500);

/** A part of a version that goes while the version stays. */
export const Element = z.union([
  z.strictObject({
    endpoint: z
      .string()
      .max(1_200)
      .regex(/^[A-Z]+ \/\S*$/, 'Expected a method and a path such as GET /orders/{}')
      .transform((key) => key.replaceAll(/\{[^}]*\}/g, '{}')),
    field: z
      .string()
      .max(1_000)
      .regex(/^(\/[^/]+)+$/, 'Expected a pointer such as /items/*/price')
      .optional()
      .describe('Of the body of its requests or answers; or a parameter as /name'),
  }),
  z.strictObject({
    type: z.string().regex(/^[_A-Za-z]\w{0,127}$/, 'Expected the name of a GraphQL type'),
    field: z
      .string()
      .regex(/^[_A-Za-z]\w{0,127}$/, 'Expected the name of a field')
      .optional(),
  }),
]);
export type Element = z.infer<typeof Element>;

/** `GET /orders/{} /note`, `Order.note`: an element in words, and what makes it the same as another. */
export const elementKey = (element: Element): string =>
  'type' in element
    ? [element.type, ...(element.field === undefined ? [] : [element.field])].join('.')
    : [element.endpoint, ...(element.field === undefined ? [] : [element.field])].join(' ');

const Link = z
  .url({ protocol: /^https?$/ })
  .max(2_000)
  .regex(/^[^\s<>"]*$/, 'Expected an address');

export const NewDeprecation = z
  .strictObject({
    version: ApiVersion.describe('The version that goes, or that has the elements'),
    elements: z
      .array(Element)
      .min(1)
      .max(200)
      .refine((all) => new Set(all.map(elementKey)).size === all.length, 'Expected each element once')
      .nullable()
      .default(null)
      .describe('Parts of the version; null: the version itself'),
    successor: ApiVersion.nullable().default(null).describe('Where to go; null: the newest active version'),
    reason: Reason,
    guide: Link.nullable()
      .default(null)
      .describe(
        'How to leave it; where the API’s documents are public: /apis/documents/{api}/{from}..{to}/guide of the platform',
      ),
    policy: z
      .union([PolicyName, Policy])
      .nullable()
      .default(null)
      .describe('A name, or one of its own; null: the API’s'),
    exempt: z.array(ConsumerId).max(1_000).default([]).describe('Consumers that brownouts let pass'),
  })
  .meta({ id: 'NewDeprecation' });
export type NewDeprecation = z.infer<typeof NewDeprecation>;

export const DeprecationStatus = z.enum([
  'running',
  'paused',
  'completed',
  'cancelled',
  'restored',
  'rejected',
  'needs_attention',
]);
export type DeprecationStatus = z.infer<typeof DeprecationStatus>;

/** What is done now. */
export const Phase = z.enum([
  'validate',
  'analyse',
  'announce',
  'warning',
  'brownout',
  'consent',
  'removed',
  'over',
]);
export type Phase = z.infer<typeof Phase>;

/** A consumer of what goes, as far as usage and people say. */
export const ConsumerProgress = z
  .strictObject({
    consumer: z.string(),
    requests: z.int().describe('In the window that was looked at last'),
    lastSeen: Time.nullable().describe('Null: not in that window'),
    uses: z.array(z.string()).describe('What of it, at most 20'),
    consented: z.strictObject({ by: z.string(), at: Time }).nullable(),
    exempt: z.boolean(),
    ready: z.boolean().describe('It consented, or uses it no more'),
  })
  .meta({ id: 'DeprecationConsumer' });
export type ConsumerProgress = z.infer<typeof ConsumerProgress>;

export const Brownout = z
  .strictObject({
    id: z.string(),
    state: z.enum(['planned', 'announced', 'begun', 'held', 'interrupted', 'skipped']),
    from: Time.nullable(),
    to: Time.nullable(),
    harmed: z
      .strictObject({ consumer: z.string(), why: z.enum(['refused', 'errors']), requests: z.int() })
      .nullable()
      .describe('Who was hurt beyond the threshold'),
  })
  .meta({ id: 'DeprecationBrownout' });

export const DeprecationFailure = z.strictObject({
  name: z.string(),
  message: z.string(),
  action: z.string().nullable(),
  at: Time,
});

export const Action = z.enum([
  'pause',
  'resume',
  'extend',
  'cancel',
  'restore',
  'skip-brownout',
  'exempt',
  'consent',
]);
export type Action = z.infer<typeof Action>;

const Next = z.strictObject({ action: Action, path: z.string(), command: z.string(), why: z.string() });

/** Where a deprecation stands. */
export const Deprecation = z
  .strictObject({
    id: DeprecationId,
    api: z.string(),
    version: z.string(),
    elements: z.array(Element).nullable(),
    successor: z.string(),
    reason: z.string(),
    guide: z.string().nullable(),
    policy: Policy,
    status: DeprecationStatus,
    phase: Phase,
    announcedAt: Time.nullable(),
    sunset: Time.nullable().describe('When it goes, as it stands now; null: it stays'),
    extensions: z.array(z.strictObject({ days: z.int(), reason: z.string(), by: z.string(), at: Time })),
    brownouts: z.array(Brownout),
    reminders: z.array(z.strictObject({ days: z.int(), at: Time })).describe('Those that are still to come'),
    consumers: z.array(ConsumerProgress).describe('Those with the most requests first'),
    ready: z.int().describe('Of the consumers'),
    analysed: z.strictObject({ from: Time, to: Time, at: Time }).nullable(),
    removedAt: Time.nullable(),
    restorableUntil: Time.nullable(),
    paused: z.strictObject({ by: z.string(), at: Time, reason: z.string() }).nullable(),
    failure: DeprecationFailure.nullable(),
    next: z.array(Next).describe('What a person can do'),
    wakesAt: Time.nullable().describe('When the platform looks again; null: when a person acts'),
    createdBy: z.string(),
    createdAt: Time,
    updatedAt: Time,
    endedAt: Time.nullable(),
  })
  .meta({ id: 'ApiDeprecation' });
export type Deprecation = z.infer<typeof Deprecation>;

export const DeprecationPage = pageOf(Deprecation).meta({ id: 'ApiDeprecationPage' });
export const DeprecationEventPage = pageOf(WorkflowEvent).meta({ id: 'ApiDeprecationEventPage' });
export const DeprecationQuery = pageQuery.extend({ status: DeprecationStatus.optional() });
export const DeprecationParams = z.strictObject({ api: ApiName, id: DeprecationId });

export const ReasonBody = z.strictObject({ reason: Reason });
export const ExtendBody = z.strictObject({ days: z.int().min(1).max(730), reason: Reason });
export const ConsentBody = z.strictObject({
  consumer: ConsumerId,
  reason: z.string().max(500).default('').describe('Why, when there is more to say'),
});

/** What a state machine hands to every task. */
export const TaskOfDeprecation = z.strictObject({
  deprecationId: DeprecationId,
  execution: z.string().min(1),
});
export type TaskOfDeprecation = z.infer<typeof TaskOfDeprecation>;
export const Done = z.strictObject({ phase: Phase });
