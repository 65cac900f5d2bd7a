import { clock } from '#platform/clock.ts';
import { Conflict, NotFound, RecordContended } from '#platform/errors.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { absent } from '#platform/records.ts';
import { deleteItem, keys, readAll, readItem, writeItem } from '../store.ts';
import { WebhookRecord } from './records.ts';
import type { Webhook } from './schemas.ts';

/** Every event is compared with all of them. */
const mostWebhooks = 50;
const contentionAttempts = 8;

/** What the API shows of a webhook. */
export function webhookView(record: WebhookRecord): Webhook {
  const { id, kind, url, description, filter, disabled, failingSince, createdAt, createdBy, updatedAt } =
    record;
  const status = disabled === null ? 'enabled' : 'disabled';
  return {
    id,
    kind,
    url,
    description,
    ...filter,
    status,
    disabled,
    failingSince,
    createdAt,
    createdBy,
    updatedAt,
  };
}

export const listWebhooks = (): Promise<WebhookRecord[]> => readAll(WebhookRecord, keys.webhook('').pk, '');

/** Throws NotFound. */
export async function readWebhook(id: string): Promise<WebhookRecord> {
  const found = await readItem(WebhookRecord, keys.webhook(id));
  if (found !== undefined) return found;
  throw new NotFound(`There is no webhook ${id}`, {
    evidence: { id },
    action: 'List them with `theseus webhook list`.',
  });
}

/** Throws Conflict when there are too many. */
export async function assertRoomForWebhook(): Promise<void> {
  const { length } = await listWebhooks();
  if (length < mostWebhooks) return;
  throw new Conflict(`There are ${length} webhooks, at most ${mostWebhooks} are possible`, {
    evidence: { webhooks: length, limit: mostWebhooks },
    action: 'Remove one first, or let one receiver hand events on.',
  });
}

/** Stores a new webhook; the one that is there under this id stays. Returns what is stored. */
export async function createWebhook(record: WebhookRecord): Promise<WebhookRecord> {
  await writeItem(keys.webhook(record.id), record, absent);
  return readWebhook(record.id);
}

/**
 * Reads, decides, writes on the condition that nobody wrote between. `decide` returns the very record to change nothing.
 * Throws NotFound, RecordContended.
 */
export async function changeWebhook(
  id: string,
  decide: (record: WebhookRecord) => WebhookRecord,
): Promise<WebhookRecord> {
  for (let attempt = 0; attempt < contentionAttempts; attempt += 1) {
    const record = await readWebhook(id);
    const changed = decide(record);
    if (changed === record) return record;
    const next = { ...changed, version: record.version + 1, updatedAt: clock.iso() };
    const written = await writeItem(keys.webhook(id), next, {
      expression: '#version = :version',
      names: { '#version': 'version' },
      values: { ':version': record.version },
    });
    if (written) return next;
    await clock.sleep(jitteredBackoff(attempt, 20, 500));
  }
  throw new RecordContended(`Webhook ${id} was written by others ${contentionAttempts} times in a row`, {
    evidence: { id },
    action: 'Repeat the request.',
  });
}

/** Its deliveries go when their time is over. */
export const forgetWebhook = (id: string): Promise<boolean> => deleteItem(keys.webhook(id));
