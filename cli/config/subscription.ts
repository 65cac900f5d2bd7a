import { Command } from 'commander';
import { z } from 'zod';
import { Subscription } from '#configuration/updates/schemas.ts';
import { call } from '../client.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { pathOf } from './options.ts';

interface Json {
  json?: boolean;
}

/** `theseus config subscribe checkout https://checkout.example/hooks` */
export const configSubscribe = (): Command =>
  new Command('subscribe')
    .description('Tell a service of changes that affect it, by a signed webhook')
    .argument('<service>')
    .argument('<url>')
    .option('--json', 'print JSON')
    .action(async (service: string, url: string, { json }: Json, command: Command) => {
      const path = pathOf('subscriptions', service);
      const platform = await platformOf(command);
      const found = await call(platform, { method: 'PUT', path, body: { url }, answer: Subscription });
      if (json) printJson(found);
      else
        print(
          `${service} is told at ${found.url}. What signs it shows: npx theseus config webhook-secret ${service}`,
        );
    });

/** `theseus config unsubscribe checkout` */
export const configUnsubscribe = (): Command =>
  new Command('unsubscribe')
    .description('Tell a service no longer')
    .argument('<service>')
    .action(async (service: string, _options: object, command: Command) => {
      const path = pathOf('subscriptions', service);
      await call(await platformOf(command), { method: 'DELETE', path, answer: z.undefined() });
      print(`${service} is told no longer.`);
    });

/** `theseus config webhook-secret checkout` */
export const configWebhookSecret = (): Command =>
  new Command('webhook-secret')
    .description('The secret that a service knows messages of this platform by')
    .argument('<service>')
    .option('--json', 'print JSON')
    .action(async (service: string, { json }: Json, command: Command) => {
      const path = pathOf('subscriptions', service, 'webhook-secret');
      const answer = z.object({ secret: z.string() });
      const found = await call(await platformOf(command), { method: 'POST', path, answer });
      if (json) printJson(found);
      else print(found.secret);
    });
