import { Command } from 'commander';
import { z } from 'zod';
import { Feed } from '#apis/deprecations/notices/feed-schema.ts';
import { call } from '../client.ts';
import { print, printJson } from '../output.ts';
import { limitOption } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { apiPath } from './path.ts';

interface FeedOptions {
  limit: number;
  api?: string;
  consumer?: string;
  json?: boolean;
}

/** `theseus api feed`: what consumers were told, newest first. */
export const apiFeed = (): Command =>
  new Command('feed')
    .description('What consumers of APIs were told, newest first')
    .addOption(limitOption(20))
    .option('--api <api>', 'of this one only')
    .option('--consumer <consumer>', 'to this one only')
    .option('--json', 'print JSON Feed')
    .action(async ({ json, ...query }: FeedOptions, command: Command) => {
      const feed = await call(await platformOf(command), {
        method: 'GET',
        path: '/apis/feed',
        query: { ...query },
        answer: Feed,
      });
      if (json) return printJson(feed);
      for (const item of feed.items) {
        print(`${item.date_published.slice(0, 16).replace('T', ' ')}  ${item.title}`);
        print(`  ${item.content_text}`);
      }
      if (feed.items.length === 0) print('Nothing was told yet.');
    });

/** `theseus api consumer webhook-secret shop`. */
export const apiConsumerSecret = (): Command =>
  new Command('webhook-secret')
    .description('The secret that a consumer knows messages of this platform by')
    .argument('<consumer>')
    .option('--json', 'print JSON')
    .action(async (id: string, { json }: { json?: boolean }, command: Command) => {
      const answer = await call(await platformOf(command), {
        method: 'POST',
        path: apiPath('consumers', id, 'webhook-secret'),
        answer: z.object({ secret: z.string() }),
      });
      if (json) printJson(answer);
      else print(answer.secret);
    });
