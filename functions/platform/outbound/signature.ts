import { createHmac } from 'node:crypto';

// Standard Webhooks 1.0.0 (standardwebhooks.com): `<id>.<timestamp>.<body>` signed with HMAC-SHA256, symmetric keys as
// `whsec_` and base64, signatures as `v1,` and base64, several divided by blanks.

export const secretPrefix = 'whsec_';

/** 24 to 64 bytes as the text that a receiver's library takes. */
export const secretText = (bytes: Buffer): string => `${secretPrefix}${bytes.toString('base64')}`;

/** One message as it is signed; `timestamp` is in epoch seconds. */
export interface SignedMessage {
  id: string;
  timestamp: number;
  body: string;
}

const signatureWith = (secret: string, { id, timestamp, body }: SignedMessage): string => {
  const key = Buffer.from(secret.slice(secretPrefix.length), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
};

/** The headers of a message: one signature for each secret that is valid now. */
export const signatureHeaders = (
  message: SignedMessage,
  secrets: readonly string[],
): Record<string, string> => ({
  'webhook-id': message.id,
  'webhook-timestamp': String(message.timestamp),
  'webhook-signature': secrets.map((secret) => signatureWith(secret, message)).join(' '),
});
