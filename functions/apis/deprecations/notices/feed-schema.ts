import { z } from 'zod';

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
