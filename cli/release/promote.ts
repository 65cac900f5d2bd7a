import { Command } from 'commander';
import { Promotion } from '#deployments/releases/promotion-schemas.ts';
import { Release } from '#deployments/releases/schemas.ts';
import { call } from '../client.ts';
import { readDocument } from '../document.ts';
import { exitCode, Failure } from '../failure.ts';
import { numberOf } from '../number.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { printRelease } from './describe.ts';
import { releasePath } from './read.ts';

interface Options {
  to: string;
  settings?: string;
  bakedSeconds?: number;
  skipEnvironments?: string;
  approval?: boolean;
  json?: boolean;
}

/** `theseus release promote <id> --to <url>`: fetches the document here, and hands it over there. */
export const releasePromote = (): Command =>
  new Command('promote')
    .description('Bring what a completed release brought into the next environment')
    .argument('<id>')
    .requiredOption('--to <url>', 'the platform of the next environment; its token is in THESEUS_TO_TOKEN')
    .option('--settings <file>', 'YAML or JSON: by service, how it is deployed there')
    .option('--baked-seconds <number>', 'how long ago the release has to have completed', numberOf)
    .option('--skip-environments <reason>', 'come from another environment than the one before')
    .option('--approval', 'somebody has to approve it there')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Options, command: Command) => {
      const { to, settings, bakedSeconds, skipEnvironments, approval, json } = options;
      const token = process.env.THESEUS_TO_TOKEN;
      if (token === undefined || token === '') {
        throw new Failure('THESEUS_TO_TOKEN is not set.', {
          code: exitCode.usage,
          action: `Set it to a token of ${to}.`,
        });
      }
      const document = await call(await platformOf(command), {
        method: 'GET',
        path: `${releasePath(id)}/promotion`,
        answer: Promotion,
      });
      const release = await call(
        { url: to.replace(/\/$/, ''), token },
        {
          method: 'POST',
          path: '/releases/promotions',
          body: {
            document,
            ...(settings === undefined ? {} : { settings: await readDocument(settings) }),
            ...(bakedSeconds === undefined ? {} : { bakedSeconds }),
            ...(skipEnvironments === undefined ? {} : { skipEnvironments: { reason: skipEnvironments } }),
            ...(approval === true ? { approval } : {}),
          },
          answer: Release,
        },
      );
      if (json) return printJson(release);
      print(`At ${to}:`);
      printRelease(release);
    });
