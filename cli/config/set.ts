import { Command } from 'commander';
import { ConfigurationUpdate, UpdatePlan } from '#configuration/updates/schemas.ts';
import { asking, call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { readSecretText } from '../secret-text.ts';
import { parsedText } from './define.ts';
import { followUpdate } from './follow-update.ts';
import { collect, type LayerOptions, namespaceOption } from './options.ts';
import { planLines } from './update-text.ts';

interface Options extends LayerOptions {
  why: string;
  delete?: boolean;
  secretFrom?: string;
  expect?: string;
  affects: string[];
  healthSeconds?: string;
  healthUrl: string[];
  unknown?: string;
  refuseWhenBusy?: boolean;
  approval?: boolean;
  dryRun?: boolean;
  follow: boolean;
  json?: boolean;
}

/** @throws Failure unless exactly one of a value, --delete and --secret-from is there. */
async function contentOf(value: string | undefined, options: Options): Promise<object> {
  const { delete: gone, secretFrom } = options;
  if ([value, gone, secretFrom].filter((one) => one !== undefined).length !== 1) {
    throw new Failure('Expected a value, --delete, or --secret-from a file or - for the input.', {
      code: exitCode.usage,
    });
  }
  if (secretFrom !== undefined) return { secret: await readSecretText(secretFrom) };
  return gone ? { delete: true } : { value: parsedText(value ?? '') };
}

function healthOf({ healthSeconds, healthUrl, unknown }: Options): object {
  if (healthSeconds === undefined && healthUrl.length === 0 && unknown === undefined) return {};
  return {
    health: {
      ...(healthSeconds === undefined ? {} : { forSeconds: Number(healthSeconds) }),
      urls: healthUrl,
      ...(unknown === undefined ? {} : { unknown }),
    },
  };
}

/** `theseus config set limits.orders 50 --namespace shop --why …`: changes one value, and follows how that goes. */
export const configSet = (): Command =>
  new Command('set')
    .description('Change a value, or delete it, and follow how the services do')
    .argument('<key>')
    .argument('[value]', 'JSON, else a string')
    .addOption(namespaceOption())
    .option('--service <service>', 'for this service only')
    .option('--environment <environment>', 'in this environment only')
    .option('--tenant <tenant>', 'for this tenant only')
    .requiredOption('--why <text>', 'kept in the history')
    .option('--delete', 'let the next layer hold')
    .option('--secret-from <file>', 'a secret from a file, or from the input (-)')
    .option('--expect <version>', 'the version you saw, 0 for none: another one is a conflict')
    .option(
      '--affects <service>',
      'a service to watch beside those that are known, several times',
      collect,
      [],
    )
    .option('--health-seconds <seconds>', 'how long the services are watched')
    .option('--health-url <url>', 'asked beside the services, several times', collect, [])
    .option('--unknown <what>', 'a service without instances: skip or fail')
    .option('--refuse-when-busy', 'do not wait when another update changes the key')
    .option('--approval', 'wait for somebody to approve')
    .option('--dry-run', 'show what it would do; nothing is stored')
    .option('--no-follow', 'do not wait for its end')
    .option('--json', 'print JSON')
    .action(async (key: string, value: string | undefined, options: Options, command: Command) => {
      const { namespace, service, environment, tenant, why, affects, expect, json } = options;
      const identity = { namespace, key, service, environment, tenant };
      const change = {
        key: identity,
        ...(await contentOf(value, options)),
        ...(expect === undefined ? {} : { expectedVersion: Number(expect) }),
      };
      const body = {
        changes: [change],
        why,
        services: affects,
        ...healthOf(options),
        ...(options.refuseWhenBusy ? { whenBusy: 'refuse' } : {}),
        ...(options.approval ? { approval: true } : {}),
      };
      const platform = await platformOf(command);
      const path = '/configuration/updates';
      if (options.dryRun) {
        const query = { dryRun: 'true' };
        const plan = await call(platform, { method: 'POST', path, query, body, answer: UpdatePlan });
        if (json) printJson(plan);
        else for (const line of planLines(plan)) print(line);
        return;
      }
      const update = await call(platform, { method: 'POST', path, body, answer: ConfigurationUpdate });
      if (options.follow) await followUpdate(asking(platform), update.id, options);
      else if (json) printJson(update);
      else print(`Follow it with: npx theseus config update watch ${update.id}`);
    });
