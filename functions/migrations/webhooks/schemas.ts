import { z } from 'zod';
import { pageOf, pageQuery } from '#platform/page.ts';
import { DatabaseRef, Labels } from '../databases/schemas.ts';

export const WebhookId = z.string().regex(/^whk_[A-Za-z0-9]{1,40}$/, 'expected an id such as whk_0f6e12ab');
export const DeliveryId = z.string().regex(/^msg_[A-Za-z0-9]{1,60}$/, 'expected an id such as msg_0mh3…');
const Time = z.iso.datetime();

/** `webhook`: signed JSON; `slack`: a message through an incoming webhook of Slack. */
export const WebhookKind = z.enum(['webhook', 'slack']);
export type WebhookKind = z.infer<typeof WebhookKind>;

const EventPattern = z
  .string()
  .max(100)
  .regex(/^[a-z_*]+(\.[a-z_*]+)*$/, 'expected a type of event such as migration.completed, or migration.*');

const types = z
  .array(EventPattern)
  .min(1)
  .max(50)
  .describe('Types of events; a star stands for any characters');
const databases = z.array(DatabaseRef).max(100).describe('Names or ids of databases; any when empty');
const labels = Labels.describe('Labels that the database has; any when empty');

export const WebhookFilter = z.strictObject({ types, databases, labels });
export type WebhookFilter = z.infer<typeof WebhookFilter>;

/** What is worth interrupting people for: the default of Slack. */
export const slackTypes = [
  'approval.requested',
  '*.decision_needed',
  'migration.started',
  'migration.paused',
  'migration.resumed',
  'migration.published',
  'migration.completed',
  'migration.given_up',
  'migration.rolled_back',
  'migration.undone',
  'rollback.started',
  'rollback.emergency',
  'undo.started',
  'fleet.created',
  'fleet.started',
  'fleet.paused',
  'fleet.resumed',
  'fleet.halted',
  'fleet.completed',
  'fleet.failed',
  'fleet.undone',
  'alert.*',
  'break_glass.used',
  'drift.found',
  'webhook.disabled',
];

const Url = z.string().min(1).max(2_048).describe('https; of deployed environments one of the internet');
const Description = z.string().max(200);

export const NewWebhook = z
  .strictObject({
    kind: WebhookKind.default('webhook'),
    url: Url,
    description: Description.default(''),
    types: types.optional().describe('All when absent; for Slack what people act on'),
    databases: databases.default([]),
    labels: labels.default({}),
  })
  .meta({ id: 'NewWebhook' });
export type NewWebhook = z.infer<typeof NewWebhook>;

export const ChangedWebhook = z
  .strictObject({
    url: Url.optional(),
    description: Description.optional(),
    types: types.optional(),
    databases: databases.optional(),
    labels: labels.optional(),
    enabled: z.boolean().optional().describe('true ends a pause, also one by failures'),
  })
  .refine((value) => Object.keys(value).length > 0, 'expected something to change')
  .meta({ id: 'ChangedWebhook' });
export type ChangedWebhook = z.infer<typeof ChangedWebhook>;

export const Webhook = z
  .strictObject({
    id: WebhookId,
    kind: WebhookKind,
    url: z.string().describe('Of Slack only its beginning: whoever knows all of it may write'),
    description: z.string(),
    types,
    databases,
    labels,
    status: z.enum(['enabled', 'disabled']),
    disabled: z
      .strictObject({ why: z.enum(['asked', 'failing', 'gone']), at: Time })
      .nullable()
      .describe('failing: nothing was taken for 3 days; gone: the receiver answered 410'),
    failingSince: Time.nullable().describe('Nothing was taken since then'),
    createdAt: Time,
    createdBy: z.string(),
    updatedAt: Time,
  })
  .meta({ id: 'Webhook' });
export type Webhook = z.infer<typeof Webhook>;
export const WebhookList = z.strictObject({ items: z.array(Webhook) }).meta({ id: 'WebhookList' });

/** The one answer that holds the secret. */
export const WebhookWithSecret = Webhook.extend({
  secret: z.string().nullable().describe('whsec_…: shown now and never again; null for Slack'),
}).meta({ id: 'WebhookWithSecret' });

export const RotatedSecret = z
  .strictObject({
    secret: z.string().describe('whsec_…: shown now and never again'),
    previousUntil: Time.describe('Until then messages carry a signature of the former secret, too'),
  })
  .meta({ id: 'RotatedSecret' });

/** What one try came to. */
export const Attempt = z.strictObject({
  at: Time,
  status: z.int().nullable().describe('Of the answer; null when there was none'),
  durationMs: z.int(),
  detail: z.string().describe('The beginning of the answer, or why there was none'),
});
export type Attempt = z.infer<typeof Attempt>;

export const DeliveryStatus = z.enum(['pending', 'delivered', 'failed']);

export const Delivery = z
  .strictObject({
    id: DeliveryId.describe('The header webhook-id: the same at every try'),
    type: z.string(),
    status: DeliveryStatus,
    createdAt: Time,
    nextAttemptAt: Time.nullable(),
    attempts: z.int(),
    last: z.array(Attempt).describe('The last 10 tries, oldest first'),
    payload: z.json().describe('What is sent'),
  })
  .meta({ id: 'WebhookDelivery' });
export type Delivery = z.infer<typeof Delivery>;
export const DeliveryPage = pageOf(Delivery).meta({ id: 'WebhookDeliveryPage' });
export const DeliveryQuery = pageQuery;

/** The body of every message. */
export const WebhookPayload = z
  .strictObject({
    type: z.string().describe('What happened, e.g. migration.completed'),
    timestamp: Time.describe('When it happened; the header has when it was sent'),
    data: z.strictObject({
      id: z.string().describe('Of the event: the same at every webhook'),
      sequence: z.int().nullable().describe('Order of the events of one migration, fleet or schema'),
      migration: z.strictObject({ id: z.string(), name: z.string() }).nullable(),
      fleet: z.strictObject({ id: z.string(), name: z.string() }).nullable(),
      database: z.strictObject({ id: z.string(), name: z.string() }).nullable(),
      schema: z.string().nullable(),
      actor: z.string().describe('Who did it: a subject, or `theseus`'),
      details: z.record(z.string(), z.json()).describe('What the event says besides, by its type'),
    }),
  })
  .meta({ id: 'WebhookPayload' });
export type WebhookPayload = z.infer<typeof WebhookPayload>;
