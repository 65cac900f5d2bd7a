import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { Route } from '#gateway/schemas.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { numberOf } from '../number.ts';
import { printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { printRoute, routePath } from './routes.ts';

interface Options {
  file?: string;
  target: string[];
  revision?: number;
  override?: boolean;
  reason?: string;
  json?: boolean;
}

const collected = (text: string, all: string[]): string[] => [...all, text];

/** `1.0.0=90:http://a,http://b` or `1.1.0=10:lambda:shop:live`. @throws Failure (usage) */
export function targetOf(text: string): object {
  const [, version, percent, place = ''] = /^([^=]+)=(\d{1,3}):(.+)$/.exec(text) ?? [];
  if (version === undefined) {
    throw new Failure(`--target is '${text}'.`, {
      code: exitCode.usage,
      action: 'Expected 1.0.0=90:https://a.example,https://b.example or 1.1.0=10:lambda:shop:live.',
    });
  }
  const [, functionName, qualifier] = /^lambda:([^:]+)(?::([^:]+))?$/.exec(place) ?? [];
  const target =
    functionName === undefined
      ? { kind: 'http', urls: place.split(',') }
      : { kind: 'lambda', functionName, ...(qualifier === undefined ? {} : { qualifier }) };
  return { version, percent: Number(percent), target };
}

async function settingsOf({ file, target }: Options): Promise<object> {
  if ((file === undefined) === (target.length === 0)) {
    throw new Failure('Expected either --file or --target.', {
      code: exitCode.usage,
      action: "For example: npx theseus gateway set shop --target '1.0.0=100:https://shop.example'",
    });
  }
  if (file === undefined) return { targets: target.map(targetOf) };
  try {
    const { parse } = await import('yaml');
    return Object(parse(await readFile(file, 'utf8')));
  } catch (error) {
    throw new Failure(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      code: exitCode.usage,
      action: 'Expected a route in YAML or JSON, as `theseus gateway show --json` prints its settings.',
    });
  }
}

/** `theseus gateway set shop --target 1.0.0=100:http://127.0.0.1:3000`: the whole route. */
export const gatewaySet = (): Command =>
  new Command('set')
    .description('Say where requests to a service go: the whole route, what is not named gets its default')
    .argument('<service>')
    .option('--file <file>', 'the route in YAML or JSON: targets, canaries, sticky, mirror, retry, …')
    .option(
      '--target <version=percent:place>',
      'URLs divided by commas, or lambda:<function>[:<alias>]; may be repeated',
      collected,
      [],
    )
    .option('--revision <number>', 'only if this is the revision now; 0: there is no route yet', numberOf)
    .option('--override', 'although a deployment moves the route; needs --reason')
    .option('--reason <text>', 'why; it stays in the audit trail')
    .option('--json', 'print JSON')
    .action(async (service: string, options: Options, command: Command) => {
      const { revision, override, reason } = options;
      const body = { ...(await settingsOf(options)), revision, override, reason };
      const platform = await platformOf(command);
      const route = await call(platform, { method: 'PUT', path: routePath(service), body, answer: Route });
      if (options.json) return printJson(route);
      printRoute(route);
    });
