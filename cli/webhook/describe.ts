import type { Delivery, Webhook } from '#migrations/webhooks/schemas.ts';
import { duration, print, table } from '../output.ts';

const disabledBy = {
  asked: 'disabled',
  failing: 'disabled: nothing was taken for 3 days',
  gone: 'disabled: the receiver answered 410, gone',
};

export function stateOf({ disabled, failingSince }: Webhook): string {
  if (disabled !== null) return disabledBy[disabled.why];
  return failingSince === null ? 'enabled' : `failing since ${failingSince}`;
}

const named = (list: readonly string[]): string => (list.length === 0 ? 'any' : list.join(', '));

/** What a person wants to know of a webhook. */
export function printWebhook(webhook: Webhook): void {
  const labels = Object.entries(webhook.labels).map(([name, value]) => `${name}=${value}`);
  const rows = [
    ['kind', webhook.kind],
    ['url', webhook.url],
    ['events', webhook.types.join(', ')],
    ['databases', named(webhook.databases)],
    ['labels', named(labels)],
    ['by', `${webhook.createdBy}, ${webhook.createdAt}`],
  ];
  print(`${webhook.id}: ${stateOf(webhook)}${webhook.description === '' ? '' : `. ${webhook.description}`}`);
  for (const line of table(rows)) print(line);
}

/** What came of the last try, in a few words. */
export function lastTry({ last }: Delivery): string {
  const attempt = last.at(-1);
  if (attempt === undefined) return '';
  const [line = ''] = attempt.detail.split('\n');
  return attempt.status === null
    ? line.slice(0, 100)
    : `${attempt.status} in ${duration(attempt.durationMs)}${line === '' ? '' : `: ${line.slice(0, 60)}`}`;
}

/** One delivery in a line. */
export const deliveryLine = (delivery: Delivery): string =>
  `${delivery.id} (${delivery.type}) is ${delivery.status}: ${lastTry(delivery) || 'not tried yet'}`;
