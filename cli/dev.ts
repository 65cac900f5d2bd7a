import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Command } from 'commander';
import type { LocalConnector } from '#local/connectors.ts';
import { ConnectorName } from '#migrations/connectors/schemas.ts';
import { exitCode, Failure } from './failure.ts';
import { print, printJson } from './output.ts';

const defaultPort = 4280;

function portOf(text: string, option = '--port'): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new Failure(`${option} is '${text}'; expected 0 to 65535, 0 for any free one.`, {
    code: exitCode.usage,
  });
}

/** As a customer's stack would be, so that its registration and its databases can be tried out here. */
function connectorOf(name: string): LocalConnector {
  if (ConnectorName.safeParse(name).success && name !== 'default')
    return { name, account: '111111111111', externalId: `theseus-local-${name}` };
  throw new Failure(
    `--connector is '${name}'; expected at most 32 lower case letters, digits and hyphens, beginning with a letter, and not 'default', which is the platform's own.`,
    { code: exitCode.usage },
  );
}

/** Anything else that keeps the platform from starting is for the caller to name. */
function portInUse(error: unknown): never {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(error instanceof Error && cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'))
    throw error;
  throw new Failure(`${error.message}.`, {
    code: exitCode.refused,
    action: 'npx theseus dev --port 0 takes any free one; the other commands find it by themselves.',
  });
}

interface DevOptions {
  port: string;
  gatewayPort: string;
  connector?: string;
  functions?: string;
  json?: boolean;
}

/** The folder of users' own functions. */
async function functionsFolder(given: string): Promise<string> {
  const folder = resolve(given);
  if ((await stat(folder).catch(() => undefined))?.isDirectory()) return folder;
  throw new Failure(`--functions is '${given}', which is no folder.`, {
    code: exitCode.usage,
    action: 'Name a folder that has one of each function, with its versions: hello/1.ts, hello/2.ts.',
  });
}

/** `theseus dev`: the whole platform on this machine until Ctrl-C. Every running migration is resumed at the next start. */
export const dev = (): Command =>
  new Command('dev')
    .description('Run the platform on this machine, until Ctrl-C')
    .option('--port <port>', 'port of the API on 127.0.0.1, 0 for any free one', String(defaultPort))
    .option('--gateway-port <port>', 'port of the gateway on 127.0.0.1, 0 for any free one', '0')
    .option(
      '--connector <name>',
      'deploy a second connector, as if in another account, and write its outputs',
    )
    .option('--functions <folder>', 'run functions of your own: <name>/<version>.ts exports a handler')
    .option('--json', 'print one JSON line when it is ready')
    .action(async (options: DevOptions, command: Command) => {
      // The platform is much to load, and no other verb needs it.
      const [{ dataDirectory }, { holderOf }] = await Promise.all([
        import('./platform.ts'),
        import('#local/lock.ts'),
      ]);
      const directory = dataDirectory(command.optsWithGlobals<{ directory?: string }>().directory);
      const port = portOf(options.port);
      const gatewayPort = portOf(options.gatewayPort, '--gateway-port');
      const connector = options.connector === undefined ? undefined : connectorOf(options.connector);
      const functions =
        options.functions === undefined ? {} : { functions: await functionsFolder(options.functions) };
      const holder = await holderOf(directory);
      if (holder) {
        throw new Failure(
          `A platform runs on ${directory} already: process ${holder.pid}${holder.url ? `, ${holder.url}` : ''}.`,
          {
            code: exitCode.refused,
            action: 'Use it, or stop it first, or choose another directory with --directory.',
          },
        );
      }
      const [{ startCloud }, { capabilities }, { deployConnector }] = await Promise.all([
        import('#local/cloud.ts'),
        import('#local/capabilities.ts'),
        import('#local/connectors.ts'),
      ]);
      const connectors = connector === undefined ? [] : [connector];
      const ports = { port, gatewayPort };
      const cloud = await startCloud({ directory, ...ports, capabilities, connectors, ...functions }).catch(
        portInUse,
      );
      const outputs =
        connector === undefined ? null : join(directory, 'connectors', `${connector.name}.json`);
      if (connector !== undefined && outputs !== null) {
        await mkdir(dirname(outputs), { recursive: true });
        const { registration } = deployConnector(connector, capabilities);
        await writeFile(outputs, `${JSON.stringify(registration, null, 2)}\n`, { mode: 0o600 });
      }
      if (options.json)
        printJson({ url: cloud.url, gatewayUrl: cloud.gatewayUrl, directory, pid: process.pid, outputs });
      else {
        print(`Theseus runs on ${cloud.url}, its data is in ${directory}.`);
        print(`Requests to services go through ${cloud.gatewayUrl}/<service>/….`);
        if (outputs !== null)
          print(`A second connector is deployed: npx theseus connector add --file ${outputs}`);
        print('In another terminal: npx theseus database add <name> postgresql://…   Stop with Ctrl-C.');
      }
      await new Promise<void>((resolve) => {
        process.once('SIGINT', resolve);
        process.once('SIGTERM', resolve);
      });
      await cloud.stop();
    });
