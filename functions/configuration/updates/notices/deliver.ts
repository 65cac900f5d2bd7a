import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { forAllOpen } from '#platform/open-work.ts';
import { DestinationRefused, DestinationUnreachable } from '#platform/outbound/destination.ts';
import { exchange } from '#platform/outbound/exchange.ts';
import { nextTry, retryAfterMs } from '#platform/outbound/retries.ts';
import { signatureHeaders } from '#platform/outbound/signature.ts';
import { absent } from '#platform/records.ts';
import type { TaskTools } from '#platform/task.ts';
import { ConfigurationKey } from '../../schemas.ts';
import { keys, readItem, readWork, work, writeItem } from '../../store.ts';
import { reaches } from '../health/look.ts';
import { subscriberSecret } from './secret.ts';
import { findSubscription } from './subscriptions.ts';

/** A receiver has so long to answer, ms. */
const receiverMs = 5_000;
/** Somebody who was cut off while sending is followed by another after this, ms. */
const claimMs = 60_000;
const longestDetail = 500;

/** What one service is told of one update, and how that goes. */
const Notice = z.strictObject({
  /** `<update>~<kind>~<service>`, and of the message: a receiver that gets it twice knows it again. */
  id: z.string(),
  kind: z.enum(['updated', 'rolled_back', 'drifted']),
  update: z.string().nullable(),
  service: z.string(),
  at: z.iso.datetime(),
  changes: z.array(z.strictObject({ key: ConfigurationKey, version: z.int() })),
  status: z.enum(['pending', 'delivered', 'failed']),
  attempts: z.int(),
  /** When the next try is due, epoch ms; null: there is none. */
  dueAt: z.number().nullable(),
  last: z.strictObject({ at: z.string(), status: z.int().nullable(), detail: z.string() }).nullable(),
  revision: z.int(),
});
export type Notice = z.infer<typeof Notice>;

const workOf = ({ id, dueAt }: Notice): Record<string, string> =>
  dueAt === null ? {} : { gsi1pk: work.notices, gsi1sk: `${new Date(dueAt).toISOString()}#${id}` };

const replace = (old: Notice, next: Notice): Promise<boolean> =>
  writeItem(
    keys.notice(old.id),
    { ...next, ...workOf(next) },
    { expression: 'revision = :revision', values: { ':revision': old.revision } },
  );

/** Stores what a service is to be told, once, and sends it at once; what fails is sent again later. Nothing when it is subscribed to nothing. */
export async function tell(
  told: Pick<Notice, 'id' | 'kind' | 'update' | 'service' | 'changes'>,
): Promise<void> {
  if ((await findSubscription(told.service)) === undefined) return;
  const notice: Notice = {
    ...told,
    at: clock.iso(),
    status: 'pending',
    attempts: 0,
    dueAt: clock.now(),
    last: null,
    revision: 0,
  };
  await writeItem(keys.notice(told.id), { ...notice, ...workOf(notice) }, absent);
  await deliverOne(told.id);
}

/** Sends what is due, each once. Returns how many were tried. */
export async function deliverNotices(
  tools: Pick<TaskTools, 'signal' | 'logger' | 'metrics'>,
): Promise<number> {
  let tried = 0;
  await forAllOpen(
    (from) => readWork(work.notices, from),
    tools,
    async (id) => {
      try {
        if (await deliverOne(id)) tried += 1;
      } catch (error) {
        tools.metrics.count('NoticeFailed');
        tools.logger.error('notice not delivered', error instanceof Error ? error : String(error));
      }
    },
  );
  return tried;
}

async function deliverOne(id: string): Promise<boolean> {
  const found = await readItem(Notice, keys.notice(id));
  if (found === undefined || found.status !== 'pending' || found.dueAt === null) return false;
  if (found.dueAt > clock.now()) return false;
  const claimed = { ...found, dueAt: clock.now() + claimMs, revision: found.revision + 1 };
  if (!(await replace(found, claimed))) return false;
  const outcome = await send(claimed);
  await replace(claimed, { ...noticeAfter(claimed, outcome, clock.now()), revision: claimed.revision + 1 });
  return true;
}

interface Outcome {
  result: 'taken' | 'refused' | 'gone';
  status: number | null;
  detail: string;
  retryAfter?: number | undefined;
}

/** The notice after a try at `now` (epoch ms): a failure is tried again, seven times in all. */
export function noticeAfter(notice: Notice, outcome: Outcome, now: number): Notice {
  const attempts = notice.attempts + 1;
  const last = {
    at: new Date(now).toISOString(),
    status: outcome.status,
    detail: outcome.detail.slice(0, longestDetail),
  };
  const tried = { ...notice, attempts, last, dueAt: null };
  if (outcome.result === 'taken') return { ...tried, status: 'delivered' };
  const next = outcome.result === 'gone' ? undefined : nextTry(attempts, now, outcome.retryAfter);
  return next === undefined ? { ...tried, status: 'failed' } : { ...tried, status: 'pending', dueAt: next };
}

async function send({ id, kind, update, service, at, changes }: Notice): Promise<Outcome> {
  const subscription = await findSubscription(service);
  if (subscription === undefined)
    return { result: 'gone', status: null, detail: 'The service is subscribed no longer' };
  const type = `configuration.${kind}`;
  const body = JSON.stringify({ type, timestamp: at, data: { service, update, changes } });
  const message = { id, timestamp: Math.floor(clock.now() / 1_000), body };
  const signatures = signatureHeaders(message, [await subscriberSecret(service)]);
  try {
    const { status, text, retryAfter } = await exchange({
      method: 'POST',
      url: subscription.url,
      headers: { 'content-type': 'application/json', 'user-agent': 'theseus', ...signatures },
      body,
      timeoutMs: receiverMs,
      reaches: reaches(),
    });
    const result = status >= 200 && status < 300 ? 'taken' : status === 410 ? 'gone' : 'refused';
    return { result, status, detail: text, retryAfter: retryAfterMs(retryAfter, clock.now()) };
  } catch (error) {
    if (error instanceof DestinationRefused || error instanceof DestinationUnreachable)
      return { result: 'refused', status: null, detail: error.message };
    throw error;
  }
}
