import { Command } from 'commander';
import { Connector } from '#migrations/connectors/schemas.ts';
import { call } from '../client.ts';
import { print, printJson, table } from '../output.ts';
import { platformOf } from '../platform.ts';

/** `theseus connector show customer`: its role and the published version of every function. */
export const connectorShow = (): Command =>
  new Command('show')
    .description('A connector with its role and functions')
    .argument('<name>', 'name or id')
    .option('--json', 'print JSON')
    .action(async (name: string, options: { json?: boolean }, command: Command) => {
      const platform = await platformOf(command);
      const connector = await call(platform, {
        method: 'GET',
        path: `/connectors/${encodeURIComponent(name)}`,
        answer: Connector,
      });
      if (options.json) return printJson(connector);
      const since =
        connector.updatedAt === null ? 'deployed with the platform' : `as of ${connector.updatedAt}`;
      print(`${connector.name} (${connector.id}), ${since}`);
      const functions = Object.entries(connector.functions).sort(([a], [b]) => (a < b ? -1 : 1));
      for (const line of table([['region', connector.region], ['role', connector.roleArn], ...functions])) {
        print(line);
      }
    });
