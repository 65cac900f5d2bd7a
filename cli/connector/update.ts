import { Command } from 'commander';
import { Connector } from '#migrations/connectors/schemas.ts';
import { call } from '../client.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { readRegistration } from './file.ts';

/** `theseus connector update customer --file outputs.json`: what starts from now on uses the new release. */
export const connectorUpdate = (): Command =>
  new Command('update')
    .description('Register a new release of a connector; what runs keeps the functions it was started with')
    .argument('<name>', 'name or id')
    .requiredOption('--file <outputs.json>', "outputs of the connector's stack")
    .option('--json', 'print JSON')
    .action(async (reference: string, options: { file: string; json?: boolean }, command: Command) => {
      const { name: _, ...body } = await readRegistration(options.file);
      const platform = await platformOf(command);
      const connector = await call(platform, {
        method: 'PUT',
        path: `/connectors/${encodeURIComponent(reference)}`,
        body,
        answer: Connector,
      });
      if (options.json) return printJson(connector);
      print(`${connector.name} is registered anew: what starts from now on uses it.`);
    });
