import type { Place } from '#platform/records.ts';
import { keys, readPage } from '../../store.ts';
import type { Feed } from './feed-schema.ts';
import { NoticeRecord } from './records.ts';

export interface FeedQuery {
  api?: string | undefined;
  consumer?: string | undefined;
  limit: number;
  from?: Place | undefined;
}

/** A page of what consumers were told, newest first; with a filter a page may be short and not the last. */
export async function readFeed({ api, consumer, limit, from }: FeedQuery) {
  const page = await readPage(NoticeRecord, {
    pk: keys.feedEntry('', '').pk,
    limit,
    newestFirst: true,
    from,
  });
  const items = page.items.filter(
    (notice) =>
      (api === undefined || notice.api === api) &&
      (consumer === undefined || notice.consumers.includes(consumer)),
  );
  return { items: items.map(itemOf), next: page.next };
}

const itemOf = (notice: NoticeRecord): Feed['items'][number] => ({
  id: notice.id,
  ...(notice.guide === null ? {} : { url: notice.guide }),
  title: notice.title,
  content_text: notice.text,
  date_published: notice.at,
  tags: [notice.api, notice.kind],
  _theseus: {
    deprecation: notice.deprecation,
    api: notice.api,
    version: notice.version,
    kind: notice.kind,
    successor: notice.successor,
    sunset: notice.sunset,
    consumers: notice.consumers,
  },
});
