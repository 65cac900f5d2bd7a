import { clock } from '#platform/clock.ts';
import { signatureHeaders } from '#platform/outbound/signature.ts';
import type { DeliveryRecord, WebhookRecord } from './records.ts';
import { readSecret } from './secrets.ts';
import { SigningSecret, secretsInUse } from './webhook-secret.ts';

/** How long a receiver has for its answer, ms. */
export const receiverMs = 10_000;

export const fixedHeaders = { 'content-type': 'application/json', 'user-agent': 'theseus' };

/** What goes over the wire. */
export interface Message {
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** A message of a webhook, signed now; undefined when its secret is gone. */
export async function signedMessage(
  webhook: Pick<WebhookRecord, 'id' | 'url'>,
  { id, payload: body }: Pick<DeliveryRecord, 'id' | 'payload'>,
): Promise<Message | undefined> {
  const secret = await readSecret(SigningSecret, webhook.id);
  if (secret === undefined) return undefined;
  const timestamp = Math.floor(clock.now() / 1_000);
  const signatures = signatureHeaders({ id, timestamp, body }, secretsInUse(secret));
  return { url: webhook.url, headers: { ...fixedHeaders, ...signatures }, body };
}
