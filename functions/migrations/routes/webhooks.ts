import { createHash } from 'node:crypto';
import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { Conflict, InvalidInput } from '#platform/errors.ts';
import { newId } from '#platform/ids.ts';
import type { OpenApiWebhook } from '#platform/openapi.ts';
import { resolveDestination } from '#platform/outbound/destination.ts';
import { decodeCursor, pageBody } from '#platform/page.ts';
import { placeSchema } from '#platform/records.ts';
import { type RequestTools, type Route, route } from '#platform/route.ts';
import { needs } from '../access/actions.ts';
import {
  claimMs,
  createDelivery,
  deliveryId,
  deliveryView,
  listDeliveries,
  readDelivery,
} from '../webhooks/deliveries.ts';
import type { WebhookRecord } from '../webhooks/records.ts';
import {
  ChangedWebhook,
  Delivery,
  DeliveryId,
  DeliveryPage,
  DeliveryQuery,
  NewWebhook,
  RotatedSecret,
  slackTypes,
  Webhook,
  WebhookId,
  WebhookList,
  WebhookPayload,
  WebhookWithSecret,
} from '../webhooks/schemas.ts';
import { deleteSecret, makeSecret, readSecret, replaceSecret } from '../webhooks/secrets.ts';
import { deliverNow } from '../webhooks/send.ts';
import {
  assertRoomForWebhook,
  changeWebhook,
  createWebhook,
  forgetWebhook,
  listWebhooks,
  readWebhook,
  webhookView,
} from '../webhooks/store.ts';
import { newSigningSecret, rotateSecret, SigningSecret } from '../webhooks/webhook-secret.ts';

const Params = z.strictObject({ id: WebhookId });
const DeliveryParams = z.strictObject({ id: WebhookId, delivery: DeliveryId });
const dnsMs = 5_000;
/** As long as answers are kept for an Idempotency-Key elsewhere, ms. */
const repeatableMs = 86_400_000;

const requestKey = ({ caller, idempotencyKey, requestId }: RequestTools): string =>
  idempotencyKey === undefined ? requestId : `${caller.subject.length}:${caller.subject}${idempotencyKey}`;

/** The same Idempotency-Key gives the same webhook, since its answer is not kept. */
const idOf = (tools: RequestTools): string =>
  tools.idempotencyKey === undefined
    ? newId('whk')
    : `whk_${createHash('sha256').update(requestKey(tools)).digest('hex').slice(0, 20)}`;

/** Of Slack's address the path is the secret. */
const shownUrl = (kind: WebhookRecord['kind'], url: string): string =>
  kind === 'slack' ? `${new URL(url).origin}/…` : url;

/** Throws DestinationRefused, DestinationUnreachable. */
const checkUrl = (url: string) => resolveDestination(url, AbortSignal.timeout(dnsMs));

async function add(body: z.infer<typeof NewWebhook>, tools: RequestTools) {
  await checkUrl(body.url);
  await assertRoomForWebhook();
  const { kind, url, description, databases, labels } = body;
  const id = idOf(tools);
  const types = body.types ?? (kind === 'slack' ? slackTypes : ['*']);
  const fresh = kind === 'slack' ? { url } : newSigningSecret();
  await makeSecret(id, `Webhook ${id}`, fresh);
  const at = clock.iso();
  const record = await createWebhook({
    schemaVersion: 1,
    version: 1,
    id,
    kind,
    url: shownUrl(kind, url),
    description,
    filter: { types, databases, labels },
    disabled: null,
    unannounced: false,
    failingSince: null,
    createdAt: at,
    createdBy: tools.caller.subject,
    updatedAt: at,
  });
  if (clock.now() - Date.parse(record.createdAt) > repeatableMs) {
    throw new Conflict(`This Idempotency-Key made the webhook ${id} more than a day ago`, {
      evidence: { id },
      action: 'Use another key for another webhook.',
    });
  }
  const secret = kind === 'slack' ? null : ((await readSecret(SigningSecret, id))?.secret ?? null);
  return {
    status: 201,
    body: { ...webhookView(record), secret },
    headers: { location: `/webhooks/${id}` },
  } as const;
}

async function change(id: string, body: z.infer<typeof ChangedWebhook>): Promise<WebhookRecord> {
  const { kind } = await readWebhook(id);
  const { url, description, enabled, ...filter } = body;
  if (url !== undefined) await checkUrl(url);
  if (url !== undefined && kind === 'slack') await replaceSecret(id, { url });
  const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
  return changeWebhook(id, (record) => ({
    ...record,
    ...(url === undefined ? {} : { url: shownUrl(kind, url) }),
    ...(description === undefined ? {} : { description }),
    filter: { ...record.filter, ...given },
    ...(enabled === true ? { disabled: null, failingSince: null, unannounced: false } : {}),
    ...(enabled === false && record.disabled === null
      ? { disabled: { why: 'asked' as const, at: clock.iso() } }
      : {}),
  }));
}

/** A message that says nothing, sent once, also to a webhook that is disabled. */
async function test(webhook: WebhookRecord, by: string): Promise<Delivery> {
  const at = clock.iso();
  const event = newId('evt').replace('_', '.');
  const id = deliveryId(webhook.id, event, Date.parse(at));
  const payload: WebhookPayload = {
    type: 'webhook.test',
    timestamp: at,
    data: {
      id: event,
      sequence: null,
      migration: null,
      fleet: null,
      database: null,
      schema: null,
      actor: by,
      details: { webhook: webhook.id },
    },
  };
  await createDelivery(
    { id, webhook: webhook.id, type: payload.type, payload: JSON.stringify(payload) },
    clock.now() + claimMs,
  );
  return deliveryView(await deliverNow(webhook, id));
}

export const webhookRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/webhooks',
    summary: 'Send events to a URL, or to Slack',
    description:
      'The answer alone holds the secret with which messages are signed. Deployed environments send over https to addresses of the internet only.',
    needs: needs('configure', 'platform'),
    body: NewWebhook,
    answersSecret: true,
    responses: { 201: WebhookWithSecret },
    handler: ({ body, ...tools }) => add(body, tools),
  }),
  route({
    method: 'GET',
    path: '/webhooks',
    summary: 'List webhooks; there are at most 50',
    needs: needs('view_progress', 'platform'),
    responses: { 200: WebhookList },
    handler: async () => ({ status: 200, body: { items: (await listWebhooks()).map(webhookView) } }),
  }),
  route({
    method: 'GET',
    path: '/webhooks/{id}',
    summary: 'Show a webhook',
    needs: needs('view_progress', 'platform'),
    params: Params,
    responses: { 200: Webhook },
    handler: async ({ params }) => ({ status: 200, body: webhookView(await readWebhook(params.id)) }),
  }),
  route({
    method: 'PATCH',
    path: '/webhooks/{id}',
    summary: 'Change a webhook; what is not named stays',
    needs: needs('configure', 'platform'),
    params: Params,
    body: ChangedWebhook,
    responses: { 200: Webhook },
    handler: async ({ params, body }) => ({ status: 200, body: webhookView(await change(params.id, body)) }),
  }),
  route({
    method: 'DELETE',
    path: '/webhooks/{id}',
    summary: 'Forget a webhook and its secret',
    needs: needs('configure', 'platform'),
    params: Params,
    responses: { 204: z.undefined() },
    async handler({ params }) {
      await readWebhook(params.id);
      await deleteSecret(params.id);
      await forgetWebhook(params.id);
      return { status: 204, body: undefined };
    },
  }),
  route({
    method: 'POST',
    path: '/webhooks/{id}/rotate-secret',
    summary: 'Make a new secret; for a day messages carry a signature of the former one, too',
    needs: needs('configure', 'platform'),
    params: Params,
    answersSecret: true,
    responses: { 200: RotatedSecret },
    async handler({ params, ...tools }) {
      const { kind } = await readWebhook(params.id);
      if (kind === 'slack') {
        throw new InvalidInput('Slack signs nothing here: its URL is the secret', {
          action: 'Make a new incoming webhook in Slack and change the URL of this one.',
        });
      }
      return { status: 200, body: await rotateSecret(params.id, requestKey(tools)) };
    },
  }),
  route({
    method: 'POST',
    path: '/webhooks/{id}/test',
    summary: 'Send a message of the type webhook.test now, once; the answer says what came of it',
    needs: needs('configure', 'platform'),
    params: Params,
    responses: { 200: Delivery },
    handler: async ({ params, caller }) => ({
      status: 200,
      body: await test(await readWebhook(params.id), caller.subject),
    }),
  }),
  route({
    method: 'GET',
    path: '/webhooks/{id}/deliveries',
    summary: 'List what was sent to a webhook in the last 30 days, newest first',
    needs: needs('configure', 'platform'),
    params: Params,
    query: DeliveryQuery,
    responses: { 200: DeliveryPage },
    async handler({ params, query }) {
      await readWebhook(params.id);
      const from = query.cursor === undefined ? undefined : decodeCursor(placeSchema, query.cursor);
      const { items, next } = await listDeliveries(params.id, query.limit, from);
      return { status: 200, body: pageBody(items.map(deliveryView), next) };
    },
  }),
  route({
    method: 'GET',
    path: '/webhooks/{id}/deliveries/{delivery}',
    summary: 'Show one delivery with its last tries',
    needs: needs('configure', 'platform'),
    params: DeliveryParams,
    responses: { 200: Delivery },
    handler: async ({ params }) => ({
      status: 200,
      body: deliveryView(await readDelivery(params.id, params.delivery)),
    }),
  }),
  route({
    method: 'POST',
    path: '/webhooks/{id}/deliveries/{delivery}/resend',
    summary: 'Send a delivery once more, now, under the same id',
    needs: needs('configure', 'platform'),
    params: DeliveryParams,
    responses: { 200: Delivery },
    handler: async ({ params }) => ({
      status: 200,
      body: deliveryView(await deliverNow(await readWebhook(params.id), params.delivery)),
    }),
  }),
];

/** What is sent, for the description of the API. */
export const webhookDescriptions: Record<string, OpenApiWebhook> = {
  event: {
    summary: 'Something happened',
    description:
      'Signed as Standard Webhooks (standardwebhooks.com) has it. Any answer of 2xx within 10 s is taken as received; 410 ends the webhook. The same message may come more than once, under the same webhook-id, and not in order.',
    headers: {
      'webhook-id': 'Of the message: the same at every try',
      'webhook-timestamp': 'Of this try, in seconds since 1970',
      'webhook-signature':
        'v1,<HMAC-SHA256 of `id.timestamp.body` in base64>; for a day after a rotation two, divided by a blank',
    },
    payload: WebhookPayload,
  },
};
