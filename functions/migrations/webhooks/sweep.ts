import { clock } from '#platform/clock.ts';
import { NotFound } from '#platform/errors.ts';
import { nextTry } from '#platform/outbound/retries.ts';
import type { TaskTools } from '#platform/task.ts';
import { claimDelivery, forgetDelivery, readDue, replaceDelivery } from './deliveries.ts';
import { announceDisabled } from './events.ts';
import type { DeliveryRecord, WebhookRecord } from './records.ts';
import { deliver } from './send.ts';
import { listWebhooks } from './store.ts';

const mostInOneRun = 200;
/** A try and writing it down take less, ms; a run that has less left ends. */
const roomForOne = 15_000;

/**
 * Tries what is due again: webhooks beside one another, the deliveries of one in turn. A receiver that gives no answer is
 * asked once in a run; the rest of its deliveries wait without counting as tried. Returns how many were tried.
 */
export async function sweepDeliveries({
  deadline,
  metrics,
}: Pick<TaskTools, 'deadline' | 'metrics'>): Promise<number> {
  const webhooks = new Map((await listWebhooks()).map((webhook) => [webhook.id, webhook]));
  const due = Map.groupBy(await readDue(mostInOneRun), ({ webhook }) => webhook);
  const tried = await Promise.all(
    [...due].map(([id, deliveries]) => sweepOne(webhooks.get(id), deliveries, deadline)),
  );
  for (const webhook of await listWebhooks()) {
    if (!webhook.unannounced) continue;
    metrics.count('WebhookDisabled');
    await announceDisabled(webhook).catch(unlessRemoved);
  }
  return tried.reduce((sum, one) => sum + one, 0);
}

async function sweepOne(
  webhook: WebhookRecord | undefined,
  deliveries: DeliveryRecord[],
  deadline: () => number,
): Promise<number> {
  let tried = 0;
  let silent = false;
  for (const delivery of deliveries) {
    if (deadline() < roomForOne) break;
    if (webhook === undefined) await forgetDelivery(delivery);
    else if (webhook.disabled !== null) await giveUp(delivery);
    else if (silent) await postpone(delivery);
    else {
      const claimed = await claimDelivery(delivery);
      if (claimed === undefined) continue;
      tried += 1;
      const result = await deliver(webhook, claimed, { retry: true }).catch(unlessRemoved);
      silent = result === 'unreachable';
    }
  }
  return tried;
}

/** The webhook was removed while its delivery was on the way. */
function unlessRemoved(error: unknown): undefined {
  if (!(error instanceof NotFound)) throw error;
}

async function giveUp(delivery: DeliveryRecord): Promise<void> {
  const attempt = { at: clock.iso(), status: null, durationMs: 0, detail: 'The webhook is disabled' };
  await replaceDelivery(delivery, {
    ...delivery,
    status: 'failed',
    dueAt: null,
    last: [...delivery.last, attempt].slice(-10),
  });
}

async function postpone(delivery: DeliveryRecord): Promise<void> {
  const dueAt = nextTry(Math.max(1, delivery.attempts), clock.now());
  await replaceDelivery(delivery, { ...delivery, dueAt: dueAt ?? clock.now() });
}
