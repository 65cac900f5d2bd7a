import { z } from 'zod';
import type { Place } from '#platform/records.ts';
import { keys, readPage } from '../../store.ts';
import { NoticeRecord } from './records.ts';

/** JSON Feed 1.1 (jsonfeed.org), what readers of feeds take. */
export const Feed = z
  .strictObject({
    version: z.literal('https://jsonfeed.org/version/1.1'),
    title: z.string(),
    feed_url: z.string(),
    next_url: z.string().optional().describe('The page after this one; absent on the last'),
    items: z.array(
      z.strictObject({
        id: z.string(),
        url: z.string().optional().describe('The guide, when there is one'),
        title: z.string(),
        content_text: z.string(),
        date_published: z.iso.datetime(),
        tags: z.array(z.string()),
        _theseus: z.strictObject({
          deprecation: z.string(),
          api: z.string(),
          version: z.string(),
          kind: z.string(),
          successor: z.string(),
          sunset: z.iso.datetime().nullable(),
          consumers: z.array(z.string()),
        }),
      }),
    ),
  })
  .meta({ id: 'DeprecationFeed' });
export type Feed = z.infer<typeof Feed>;

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
