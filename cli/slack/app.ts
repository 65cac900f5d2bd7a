import { Command } from 'commander';
import { z } from 'zod';
import { SlackApp } from '#migrations/slack/schemas.ts';
import { call } from '../client.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { readSecretText } from '../secret-text.ts';

interface Options {
  signingSecretFile: string;
  json?: boolean;
}

/** `theseus slack connect --signing-secret-file -`. */
export const slackConnect = (): Command =>
  new Command('connect')
    .description('Connect a Slack app, so that its buttons work')
    .requiredOption(
      '--signing-secret-file <file>',
      "the app's signing secret from its Basic Information, - for standard input",
    )
    .option('--json', 'print JSON')
    .action(async ({ signingSecretFile, json }: Options, command: Command) => {
      const signingSecret = await readSecretText(signingSecretFile);
      const platform = await platformOf(command);
      const path = '/slack/app';
      const app = await call(platform, { method: 'PUT', path, body: { signingSecret }, answer: SlackApp });
      if (json) return printJson(app);
      print(`Slack is connected. The Request URL of its Interactivity: ${platform.url}/slack/interactions`);
      print('Next: npx theseus slack user set <team>/<member> --subject <subject> --group <group>');
    });

/** `theseus slack disconnect`. */
export const slackDisconnect = (): Command =>
  new Command('disconnect')
    .description('Disconnect the Slack app: its buttons are refused from now on')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }, command: Command) => {
      const platform = await platformOf(command);
      await call(platform, { method: 'DELETE', path: '/slack/app', answer: z.undefined() });
      if (json) printJson({ disconnected: true });
      else print('Slack is disconnected.');
    });
