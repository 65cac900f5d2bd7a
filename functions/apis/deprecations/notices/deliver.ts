import { SendEmailCommand } from '@aws-sdk/client-sesv2';
import { clock } from '#platform/clock.ts';
import { email } from '#platform/email-client.ts';
import { environmentVariable } from '#platform/environment.ts';
import { forAllOpen } from '#platform/open-work.ts';
import { DestinationRefused, DestinationUnreachable } from '#platform/outbound/destination.ts';
import { post } from '#platform/outbound/post.ts';
import { nextTry, retryAfterMs } from '#platform/outbound/retries.ts';
import { signatureHeaders } from '#platform/outbound/signature.ts';
import type { TaskTools } from '#platform/task.ts';
import { type ConsumerRecord, findConsumer } from '../../consumers/store.ts';
import { keys, readItem, readWork, work, writeItem } from '../../store.ts';
import { NoticeDelivery, NoticeRecord } from './records.ts';
import { consumerSecret } from './secret.ts';
import { deliveryWork } from './tell.ts';

/** A receiver has so long to answer, ms. */
const receiverMs = 10_000;
/** Somebody who was cut off while sending is followed by another after this, ms. */
const claimMs = 120_000;
const longestDetail = 500;

interface Outcome {
  result: 'taken' | 'refused' | 'gone' | 'unreachable';
  status: number | null;
  detail: string;
  retryAfter?: number | undefined;
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

const keyOf = (id: string) => {
  const [deprecation = '', ...rest] = id.split('~');
  return { deprecation, item: keys.notice(deprecation, rest.join('~')) };
};

/** Writes a delivery on the condition that nobody did since it was read. */
const replace = (old: NoticeDelivery, next: NoticeDelivery): Promise<boolean> =>
  writeItem(
    keyOf(old.id).item,
    { ...next, ...deliveryWork(next) },
    { expression: 'revision = :revision', values: { ':revision': old.revision } },
  );

async function deliverOne(id: string): Promise<boolean> {
  const { deprecation, item } = keyOf(id);
  const found = await readItem(NoticeDelivery, item);
  if (found === undefined || found.status !== 'pending' || found.dueAt === null) return false;
  if (found.dueAt > clock.now()) return false;
  const claimed = { ...found, dueAt: clock.now() + claimMs, revision: found.revision + 1 };
  if (!(await replace(found, claimed))) return false;
  const notice = await readItem(NoticeRecord, keys.notice(deprecation, found.notice));
  const consumer = await findConsumer(found.consumer);
  const outcome = await send(claimed, notice, consumer);
  await replace(claimed, { ...deliveryAfter(claimed, outcome, clock.now()), revision: claimed.revision + 1 });
  return true;
}

/** The delivery after a try at `now` (epoch ms): a failure is tried again, seven times in all. */
export function deliveryAfter(delivery: NoticeDelivery, outcome: Outcome, now: number): NoticeDelivery {
  const attempts = delivery.attempts + 1;
  const last = {
    at: new Date(now).toISOString(),
    status: outcome.status,
    detail: outcome.detail.slice(0, longestDetail),
  };
  const tried = { ...delivery, attempts, last, dueAt: null };
  if (outcome.result === 'taken') return { ...tried, status: 'delivered' };
  const next = outcome.result === 'gone' ? undefined : nextTry(attempts, now, outcome.retryAfter);
  return next === undefined ? { ...tried, status: 'failed' } : { ...tried, status: 'pending', dueAt: next };
}

async function send(
  delivery: NoticeDelivery,
  notice: NoticeRecord | undefined,
  consumer: ConsumerRecord | undefined,
): Promise<Outcome> {
  const contacts = consumer?.contacts;
  if (notice === undefined || contacts === undefined)
    return { result: 'gone', status: null, detail: 'The consumer is not registered any more' };
  if (delivery.channel === 'email') return sendEmail(notice, contacts.emails);
  if (contacts.webhook === null)
    return { result: 'gone', status: null, detail: 'The consumer has no webhook any more' };
  return sendWebhook(delivery, notice, contacts.webhook);
}

/** The same id at every try: a receiver that took it and did not answer in time knows it again. */
async function sendWebhook(delivery: NoticeDelivery, notice: NoticeRecord, url: string): Promise<Outcome> {
  const { kind, at, consumers: _consumers, ...data } = notice;
  const body = JSON.stringify({
    type: `deprecation.${kind}`,
    timestamp: at,
    data: { ...data, consumer: delivery.consumer },
  });
  const message = { id: delivery.id, timestamp: Math.floor(clock.now() / 1_000), body };
  const signatures = signatureHeaders(message, [await consumerSecret(delivery.consumer)]);
  const headers = { 'content-type': 'application/json', 'user-agent': 'theseus', ...signatures };
  try {
    const { status, text, retryAfter } = await post({ url, headers, body, timeoutMs: receiverMs });
    const result = status >= 200 && status < 300 ? 'taken' : status === 410 ? 'gone' : 'refused';
    return { result, status, detail: text, retryAfter: retryAfterMs(retryAfter, clock.now()) };
  } catch (error) {
    if (error instanceof DestinationRefused)
      return { result: 'refused', status: null, detail: error.message };
    if (error instanceof DestinationUnreachable)
      return { result: 'unreachable', status: null, detail: error.message };
    throw error;
  }
}

/** One message to all addresses of a consumer, who know of one another. */
async function sendEmail({ title, text }: NoticeRecord, addresses: string[]): Promise<Outcome> {
  const sender = environmentVariable('NOTICE_SENDER');
  if (addresses.length === 0 || sender === 'none')
    return {
      result: 'gone',
      status: null,
      detail: 'There is no address, or the environment sends no e-mail',
    };
  try {
    const { MessageId } = await email().send(
      new SendEmailCommand({
        FromEmailAddress: sender,
        Destination: { ToAddresses: addresses },
        Content: {
          Simple: {
            Subject: { Data: title, Charset: 'UTF-8' },
            Body: { Text: { Data: `${text}\n`, Charset: 'UTF-8' } },
          },
        },
      }),
    );
    return { result: 'taken', status: 200, detail: MessageId ?? '' };
  } catch (error) {
    // Whatever SES refuses with, a later try may find an address that was verified, or a quota that is free again.
    if (!(error instanceof Error)) throw error;
    return { result: 'refused', status: null, detail: `${error.name}: ${error.message}` };
  }
}
