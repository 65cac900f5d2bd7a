import { Command, Option } from 'commander';
import { z } from 'zod';
import { RotatedSecret, Webhook } from '#migrations/webhooks/schemas.ts';
import { call } from '../client.ts';
import { labelOf } from '../database/labels.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { readSecretText } from '../secret-text.ts';
import { collected } from './add.ts';
import { printWebhook } from './describe.ts';

interface Options {
  url?: string;
  urlFile?: string;
  event: string[];
  database: string[];
  label: Record<string, string>;
  description?: string;
  enable?: boolean;
  disable?: boolean;
  json?: boolean;
}

/** `theseus webhook change whk_… --enable`: what is not named stays. */
export const webhookChange = (): Command =>
  new Command('change')
    .description('Change a webhook; what is not named stays')
    .argument('<id>')
    .option('--url <url>', 'send there')
    .option('--url-file <file>', 'read the URL from a file, - for standard input')
    .option('--event <type>', 'these types instead; may be repeated', collected, [])
    .option('--database <name>', 'these databases instead; may be repeated', collected, [])
    .option('--label <name=value>', 'these labels instead; may be repeated', labelOf, {})
    .option('--description <text>', 'what it is for')
    .addOption(new Option('--enable', 'send again, also after failures ended it').conflicts('disable'))
    .option('--disable', 'send nothing')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Options, command: Command) => {
      const { event, database, label, description } = options;
      const url = options.urlFile === undefined ? options.url : await readSecretText(options.urlFile);
      const platform = await platformOf(command);
      const webhook = await call(platform, {
        method: 'PATCH',
        path: `/webhooks/${encodeURIComponent(id)}`,
        body: {
          ...(url === undefined ? {} : { url }),
          ...(description === undefined ? {} : { description }),
          ...(event.length === 0 ? {} : { types: event }),
          ...(database.length === 0 ? {} : { databases: database }),
          ...(Object.keys(label).length === 0 ? {} : { labels: label }),
          ...(options.enable ? { enabled: true } : {}),
          ...(options.disable ? { enabled: false } : {}),
        },
        answer: Webhook,
      });
      if (options.json) return printJson(webhook);
      printWebhook(webhook);
    });

/** `theseus webhook rotate whk_…`: prints the new secret, once. */
export const webhookRotate = (): Command =>
  new Command('rotate')
    .description('Make a new secret; for a day messages carry a signature of the former one, too')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action(async (id: string, { json }: { json?: boolean }, command: Command) => {
      const platform = await platformOf(command);
      const path = `/webhooks/${encodeURIComponent(id)}/rotate-secret`;
      const rotated = await call(platform, { method: 'POST', path, answer: RotatedSecret });
      if (json) return printJson(rotated);
      print(`The new secret, shown now and never again: ${rotated.secret}`);
      print(`Until ${rotated.previousUntil} messages carry a signature of the former one, too.`);
    });

/** `theseus webhook remove whk_…`. */
export const webhookRemove = (): Command =>
  new Command('remove')
    .description('Forget a webhook and its secret')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action(async (id: string, { json }: { json?: boolean }, command: Command) => {
      const platform = await platformOf(command);
      const path = `/webhooks/${encodeURIComponent(id)}`;
      await call(platform, { method: 'DELETE', path, answer: z.undefined() });
      if (json) printJson({ removed: id });
      else print(`${id} is forgotten.`);
    });
