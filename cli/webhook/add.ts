import { Command } from 'commander';
import { WebhookWithSecret } from '#migrations/webhooks/schemas.ts';
import { call } from '../client.ts';
import { labelOf } from '../database/labels.ts';
import { exitCode, Failure } from '../failure.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { readSecretText } from '../secret-text.ts';
import { printWebhook } from './describe.ts';

interface Options {
  slack?: boolean;
  urlFile?: string;
  event: string[];
  database: string[];
  label: Record<string, string>;
  description: string;
  json?: boolean;
}

export const collected = (text: string, all: string[]): string[] => [...all, text];

/** `theseus webhook add https://example.com/hooks --event 'migration.*'`: prints the secret, once. */
export const webhookAdd = (): Command =>
  new Command('add')
    .description('Send events to a URL as signed JSON, or to Slack as messages')
    .argument('[url]', 'https://…; the platform on this machine takes http://127.0.0.1 too')
    .option('--slack', 'the URL is an incoming webhook of Slack')
    .option('--url-file <file>', 'read the URL from a file, - for standard input: that of Slack is a secret')
    .option(
      '--event <type>',
      'a type such as migration.completed or migration.*; may be repeated',
      collected,
      [],
    )
    .option('--database <name>', 'only of this database; may be repeated', collected, [])
    .option('--label <name=value>', 'only of databases with this label; may be repeated', labelOf, {})
    .option('--description <text>', 'what it is for', '')
    .option('--json', 'print JSON')
    .action(async (given: string | undefined, options: Options, command: Command) => {
      if ((given === undefined) === (options.urlFile === undefined)) {
        throw new Failure('Expected either a URL or --url-file.', {
          code: exitCode.usage,
          action: 'For example: npx theseus webhook add https://example.com/hooks',
        });
      }
      const url = given ?? (await readSecretText(options.urlFile ?? '-'));
      const platform = await platformOf(command);
      const webhook = await call(platform, {
        method: 'POST',
        path: '/webhooks',
        body: {
          kind: options.slack ? 'slack' : 'webhook',
          url,
          description: options.description,
          ...(options.event.length === 0 ? {} : { types: options.event }),
          databases: options.database,
          labels: options.label,
        },
        answer: WebhookWithSecret,
      });
      if (options.json) return printJson(webhook);
      printWebhook(webhook);
      if (webhook.secret !== null) print(`Its secret, shown now and never again: ${webhook.secret}`);
      print(`Next: npx theseus webhook test ${webhook.id}`);
    });
