import { Command } from 'commander';
import { DeliveryPage, Webhook, WebhookList } from '#migrations/webhooks/schemas.ts';
import { call } from '../client.ts';
import { print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { lastTry, printWebhook, stateOf } from './describe.ts';

/** `theseus webhook list`: all of them. */
export const webhookList = (): Command =>
  new Command('list')
    .description('Where events are sent')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }, command: Command) => {
      const platform = await platformOf(command);
      const list = await call(platform, { method: 'GET', path: '/webhooks', answer: WebhookList });
      if (json) return printJson(list);
      const rows = list.items.map((one) => [one.id, one.kind, stateOf(one), one.types.join(','), one.url]);
      for (const line of table([['ID', 'KIND', 'STATE', 'EVENTS', 'URL'], ...rows])) print(line);
    });

/** `theseus webhook show whk_…`. */
export const webhookShow = (): Command =>
  new Command('show')
    .description('A webhook: where to, which events, whether they arrive')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action(async (id: string, { json }: { json?: boolean }, command: Command) => {
      const platform = await platformOf(command);
      const path = `/webhooks/${encodeURIComponent(id)}`;
      const webhook = await call(platform, { method: 'GET', path, answer: Webhook });
      if (json) return printJson(webhook);
      printWebhook(webhook);
    });

/** `theseus webhook deliveries whk_…`: one page, newest first. */
export const webhookDeliveries = (): Command =>
  new Command('deliveries')
    .description('What was sent in the last 30 days, and what came of it')
    .argument('<id>')
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (id: string, { limit, cursor, json }: PageOptions, command: Command) => {
      const platform = await platformOf(command);
      const page = await call(platform, {
        method: 'GET',
        path: `/webhooks/${encodeURIComponent(id)}/deliveries`,
        query: { limit, cursor },
        answer: DeliveryPage,
      });
      if (json) return printJson(page);
      const rows = page.items.map((one) => [
        one.id,
        one.type,
        one.status,
        String(one.attempts),
        one.nextAttemptAt ?? '',
        lastTry(one),
      ]);
      for (const line of table([['ID', 'EVENT', 'STATUS', 'TRIES', 'NEXT', 'LAST'], ...rows])) print(line);
      printMore(page);
    });
