import { clock } from '#platform/clock.ts';
import { DestinationRefused, DestinationUnreachable } from '#platform/outbound/destination.ts';
import { post } from '#platform/outbound/post.ts';
import { retryAfterMs } from '#platform/outbound/retries.ts';
import { slackBody } from '../slack/notice.ts';
import { claimDelivery, readDelivery, replaceDelivery } from './deliveries.ts';
import { deliveryAfter, type Outcome, webhookAfter } from './outcomes.ts';
import type { DeliveryRecord, WebhookRecord } from './records.ts';
import { readSecret } from './secrets.ts';
import { fixedHeaders, type Message, receiverMs, signedMessage } from './signed-message.ts';
import { changeWebhook } from './store.ts';
import { SlackAddress } from './webhook-secret.ts';

/** What goes over the wire now; undefined when its secret is gone. */
async function messageOf(webhook: WebhookRecord, delivery: DeliveryRecord): Promise<Message | undefined> {
  if (webhook.kind === 'slack') {
    const secret = await readSecret(SlackAddress, webhook.id);
    if (secret === undefined) return undefined;
    return { url: secret.url, headers: fixedHeaders, body: await slackBody(delivery.payload) };
  }
  return signedMessage(webhook, delivery);
}

const resultOf = (status: number): Outcome['result'] => {
  if (status >= 200 && status < 300) return 'taken';
  return status === 410 ? 'gone' : 'refused';
};

async function tryOnce(webhook: WebhookRecord, delivery: DeliveryRecord): Promise<Outcome> {
  const at = clock.iso();
  const none = (result: Outcome['result'], detail: string): Outcome => ({
    attempt: { at, status: null, durationMs: 0, detail },
    result,
  });
  const message = await messageOf(webhook, delivery);
  if (message === undefined)
    return none('refused', 'Its secret is gone: remove the webhook and add it again');
  try {
    const { status, durationMs, text, retryAfter } = await post({ ...message, timeoutMs: receiverMs });
    return {
      attempt: { at, status, durationMs, detail: text },
      result: resultOf(status),
      retryAfterMs: retryAfterMs(retryAfter, clock.now()),
    };
  } catch (error) {
    if (error instanceof DestinationRefused) return none('refused', error.message);
    if (error instanceof DestinationUnreachable) return none('unreachable', error.message);
    throw error;
  }
}

/**
 * One try of a delivery that the caller has claimed: sends, writes down what came of it, and what it says of the webhook.
 * With `retry` a failure is tried again later.
 */
export async function deliver(
  webhook: WebhookRecord,
  claimed: DeliveryRecord,
  { retry }: { retry: boolean },
): Promise<Outcome['result']> {
  const outcome = await tryOnce(webhook, claimed);
  const now = clock.now();
  await replaceDelivery(claimed, deliveryAfter(claimed, outcome, { now, retry }));
  if (webhookAfter(webhook, outcome.result, now) !== webhook) {
    await changeWebhook(webhook.id, (current) => webhookAfter(current, outcome.result, now));
  }
  return outcome.result;
}

/** Sends a stored delivery now, whatever its state, once; returns it as it is then. Throws NotFound. */
export async function deliverNow(webhook: WebhookRecord, id: string): Promise<DeliveryRecord> {
  const claimed = await claimDelivery(await readDelivery(webhook.id, id));
  // Lost to somebody who sends it at this moment.
  if (claimed !== undefined) await deliver(webhook, claimed, { retry: false });
  return readDelivery(webhook.id, id);
}
