import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { z } from 'zod';
import { dynamodb, eventBridge } from '#platform/clients.ts';
import { clock } from '#platform/clock.ts';
import { environmentVariable } from '#platform/environment.ts';
import { ServiceUnavailable } from '#platform/errors.ts';
import { eventSource } from '../events.ts';
import { DatabaseRecord } from '../records.ts';
import { keys, readItem } from '../store.ts';
import { claimMs, createDelivery, deliveryId } from './deliveries.ts';
import { wants } from './filter.ts';
import type { WebhookRecord } from './records.ts';
import type { WebhookPayload } from './schemas.ts';
import { deliver } from './send.ts';
import { changeWebhook, listWebhooks } from './store.ts';

/** What is on the bus: of a migration, of a fleet, of a schema, or of a webhook itself. */
export const PublishedEvent = z.looseObject({
  type: z.string(),
  at: z.iso.datetime(),
  actor: z.string(),
  data: z.record(z.string(), z.json()).default({}),
  sequence: z.int().optional(),
  migration: z.string().optional(),
  fleet: z.string().optional(),
  /** Of the migration, or of the fleet. */
  name: z.string().optional(),
  database: z.string().optional(),
  schema: z.string().optional(),
  webhook: z.string().optional(),
});
export type PublishedEvent = z.infer<typeof PublishedEvent>;

/** Larger details stay where they are: in the events of the migration. */
const mostDetails = 64_000;

/** The message that an event becomes. Its id comes of what it is about, so that a repetition is known by it. */
export function payloadOf(
  event: PublishedEvent,
  database: Pick<DatabaseRecord, 'id' | 'name'> | null,
): WebhookPayload {
  const { type, at, actor, data, sequence, migration, fleet, name = '', schema, webhook } = event;
  const about = migration ?? fleet ?? webhook ?? `${event.database}.${schema}`;
  const fits = JSON.stringify(data).length <= mostDetails;
  return {
    type,
    timestamp: at,
    data: {
      id: `evt.${about}.${sequence ?? Date.parse(at)}`,
      sequence: sequence ?? null,
      migration: migration === undefined ? null : { id: migration, name },
      fleet: fleet === undefined ? null : { id: fleet, name },
      database: database && { id: database.id, name: database.name },
      schema: schema ?? null,
      actor,
      details: fits ? data : { omitted: true },
    },
  };
}

/** Clocks of two functions differ by less, ms. */
const skewMs = 5_000;

/**
 * When there was last no webhook to tell, epoch ms: what happened before that nobody has to be told, so that thousands of
 * events do not ask thousands of times. By the client, because a laptop has one after the other.
 */
const noneAt = new WeakMap<object, number>();

/** Webhooks that are to be told of what happened at this time (epoch ms). */
async function enabledFor(at: number): Promise<WebhookRecord[]> {
  const client = dynamodb();
  if (at < (noneAt.get(client) ?? 0) - skewMs) return [];
  const asked = clock.now();
  const enabled = (await listWebhooks()).filter(({ disabled }) => disabled === null);
  if (enabled.length === 0) noneAt.set(client, asked);
  return enabled;
}

/**
 * Stores an event for each webhook that wants it and sends it. One that fails already is left to the next sweep, so that
 * a receiver that hangs costs one wait and not one for each event. An event that comes twice is stored once. Returns for
 * how many webhooks it was new.
 */
export async function handleEvent(event: PublishedEvent): Promise<number> {
  const enabled = await enabledFor(Date.parse(event.at));
  if (enabled.length === 0) return 0;
  const found =
    event.database === undefined ? undefined : await readItem(DatabaseRecord, keys.database(event.database));
  // A database that was removed meanwhile has its id alone.
  const known =
    event.database === undefined ? null : { id: event.database, name: event.database, labels: {} };
  const database = found ?? known;
  const payload = payloadOf(event, database);
  const webhooks = enabled.filter(({ filter }) => wants(filter, { type: event.type, database }));
  const handled = await Promise.allSettled(webhooks.map((webhook) => handOver(webhook, payload)));
  for (const one of handled) if (one.status === 'rejected') throw one.reason;
  return handled.filter((one) => one.status === 'fulfilled' && one.value).length;
}

async function handOver(webhook: WebhookRecord, payload: WebhookPayload): Promise<boolean> {
  const id = deliveryId(webhook.id, payload.data.id, Date.parse(payload.timestamp));
  const failing = webhook.failingSince !== null;
  const delivery = await createDelivery(
    { id, webhook: webhook.id, type: payload.type, payload: JSON.stringify(payload) },
    failing ? clock.now() : clock.now() + claimMs,
  );
  if (delivery === undefined) return false;
  if (!failing) await deliver(webhook, delivery, { retry: true });
  return true;
}

/** Publishes that a webhook was disabled; cut off, the next sweep does it again under the same time. */
export async function announceDisabled(webhook: WebhookRecord): Promise<void> {
  const { id, url, disabled } = webhook;
  if (disabled === null) return;
  const event: PublishedEvent = {
    type: 'webhook.disabled',
    at: disabled.at,
    actor: 'theseus',
    webhook: id,
    data: { webhook: id, url, why: disabled.why },
  };
  const answer = await eventBridge().send(
    new PutEventsCommand({
      Entries: [
        {
          EventBusName: environmentVariable('EVENT_BUS_NAME'),
          Source: eventSource,
          DetailType: event.type,
          Time: new Date(event.at),
          Detail: JSON.stringify(event),
        },
      ],
    }),
  );
  if ((answer.FailedEntryCount ?? 0) > 0) {
    throw new ServiceUnavailable('EventBridge refused the event of a disabled webhook', {
      evidence: { webhook: id },
    });
  }
  await changeWebhook(id, (current) => ({ ...current, unannounced: false }));
}
