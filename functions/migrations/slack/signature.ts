import { createHmac, timingSafeEqual } from 'node:crypto';

/** How old, or how far ahead, a request of Slack may be, s. */
export const windowSeconds = 300;

export interface SlackRequest {
  /** X-Slack-Request-Timestamp, epoch seconds as text. */
  timestamp: string | undefined;
  /** X-Slack-Signature: `v0=` and HMAC-SHA256 in hex. */
  signature: string | undefined;
  /** As it came, before anything is decoded. */
  body: string;
}

/** Whether the time of a request is one of now (epoch ms); looked at before anything costs anything. */
export function isCurrent({ timestamp }: SlackRequest, now: number): boolean {
  if (timestamp === undefined || !/^\d{1,12}$/.test(timestamp)) return false;
  return Math.abs(now / 1_000 - Number(timestamp)) <= windowSeconds;
}

/** Whether Slack signed this request with the app's signing secret. Takes the same time whatever differs. */
export function isSigned({ timestamp, signature, body }: SlackRequest, secret: string): boolean {
  const expected = `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`;
  const given = Buffer.from(signature ?? '');
  return given.length === expected.length && timingSafeEqual(given, Buffer.from(expected));
}
