import { clock } from '#platform/clock.ts';
import { absent } from '#platform/records.ts';
import { findConsumer } from '../../consumers/store.ts';
import { keys, readItem, work, writeItem } from '../../store.ts';
import type { DeprecationRecord } from '../records.ts';
import { calendarFor } from '../standing.ts';
import { type Notice, toldOf } from './notice.ts';
import { type NoticeDelivery, NoticeRecord } from './records.ts';

/** The notice as it was told first: what it says and to whom does not change when it is told again. */
async function noticeRecord(record: DeprecationRecord, notice: Notice): Promise<NoticeRecord> {
  const key = keys.notice(record.id, notice.key);
  const found = await readItem(NoticeRecord, key);
  if (found !== undefined) return found;
  const now = clock.now();
  const made: NoticeRecord = {
    id: `${record.id}~${notice.key}`,
    deprecation: record.id,
    api: record.api,
    version: record.version,
    kind: notice.kind,
    title: notice.title,
    text: notice.text,
    successor: record.successor,
    guide: record.guide,
    sunset: record.announcedAt === null ? null : new Date(calendarFor(record, now).removeAt).toISOString(),
    at: new Date(now).toISOString(),
    consumers: toldOf(record, notice.kind),
  };
  if (await writeItem(key, made, absent)) return made;
  return (await readItem(NoticeRecord, key)) ?? made;
}

/** Where the sweeper finds a delivery that is due. */
export const deliveryWork = ({ id, dueAt }: Pick<NoticeDelivery, 'id' | 'dueAt'>): Record<string, string> =>
  dueAt === null ? {} : { gsi1pk: work.notices, gsi1sk: `${new Date(dueAt).toISOString()}#${id}` };

/**
 * Tells consumers of a deprecation: the feed at once, each consumer by every channel it has, by the sweeper. Told again
 * nothing is sent twice: every notice, and every delivery of it, is written once.
 */
export async function tellConsumers(record: DeprecationRecord, notice: Notice): Promise<void> {
  const told = await noticeRecord(record, notice);
  await writeItem(keys.feedEntry(told.at, told.id), told);
  for (const consumer of told.consumers) {
    const contacts = (await findConsumer(consumer))?.contacts;
    const channels = [
      ...(contacts?.webhook ? (['webhook'] as const) : []),
      ...(contacts && contacts.emails.length > 0 ? (['email'] as const) : []),
    ];
    for (const channel of channels) {
      const part = `${notice.key}~${consumer}~${channel}`;
      const delivery: NoticeDelivery = {
        id: `${record.id}~${part}`,
        notice: notice.key,
        consumer,
        channel,
        status: 'pending',
        attempts: 0,
        dueAt: Date.parse(told.at),
        last: null,
        revision: 0,
      };
      await writeItem(keys.notice(record.id, part), { ...delivery, ...deliveryWork(delivery) }, absent);
    }
  }
}
