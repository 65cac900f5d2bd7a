import { nextTry } from '#platform/outbound/retries.ts';
import type { DeliveryRecord, WebhookRecord } from './records.ts';
import type { Attempt } from './schemas.ts';

const hour = 3_600_000;

/** A webhook that took nothing for so long is disabled, ms. */
export const disabledAfterMs = 72 * hour;
const mostKept = 10;
const longestDetail = 1_000;

/** What a try came to: `unreachable` says that the receiver gave no answer at all. */
export interface Outcome {
  attempt: Attempt;
  result: 'taken' | 'refused' | 'gone' | 'unreachable';
  /** What the receiver asked for by Retry-After, ms. */
  retryAfterMs?: number | undefined;
}

/** The delivery after a try. Without `retry` a failure is the end of it. */
export function deliveryAfter(
  delivery: DeliveryRecord,
  { attempt, result, retryAfterMs: asked }: Outcome,
  { now, retry }: { now: number; retry: boolean },
): DeliveryRecord {
  const attempts = delivery.attempts + 1;
  const kept = { ...attempt, detail: attempt.detail.slice(0, longestDetail) };
  const tried = { ...delivery, attempts, last: [...delivery.last, kept].slice(-mostKept) };
  if (result === 'taken') return { ...tried, status: 'delivered', dueAt: null };
  const next = retry && result !== 'gone' ? nextTry(attempts, now, asked) : undefined;
  return next === undefined
    ? { ...tried, status: 'failed', dueAt: null }
    : { ...tried, status: 'pending', dueAt: next };
}

/** The webhook after a try; the very record when nothing changed. `now` is epoch ms. */
export function webhookAfter(webhook: WebhookRecord, result: Outcome['result'], now: number): WebhookRecord {
  const at = new Date(now).toISOString();
  if (result === 'taken') return webhook.failingSince === null ? webhook : { ...webhook, failingSince: null };
  if (webhook.disabled !== null) return webhook;
  const failingSince = webhook.failingSince ?? at;
  const why =
    result === 'gone' ? 'gone' : now - Date.parse(failingSince) >= disabledAfterMs ? 'failing' : undefined;
  if (why !== undefined) return { ...webhook, failingSince, disabled: { why, at }, unannounced: true };
  return webhook.failingSince === null ? { ...webhook, failingSince } : webhook;
}
