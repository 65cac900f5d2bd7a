import { Command } from 'commander';
import { Connector } from '#migrations/connectors/schemas.ts';
import { call } from '../client.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { readRegistration } from './file.ts';

interface Options {
  file: string;
  name?: string;
  json?: boolean;
}

/** `theseus connector add --file outputs.json`: registers a connector whose role and functions were tried. Exit 3 when refused. */
export const connectorAdd = (): Command =>
  new Command('add')
    .description('Register the connector of another VPC, Region or account')
    .requiredOption('--file <outputs.json>', "outputs of the connector's stack")
    .option('--name <name>', 'another name than the stack gave it')
    .option('--json', 'print JSON')
    .action(async ({ file, name, json }: Options, command: Command) => {
      const body = await readRegistration(file, name);
      const platform = await platformOf(command);
      const connector = await call(platform, {
        method: 'POST',
        path: '/connectors',
        body,
        answer: Connector,
      });
      if (json) return printJson(connector);
      print(
        `${connector.name} is registered: ${Object.keys(connector.functions).length} functions in ${connector.region} answer to ${connector.roleArn}.`,
      );
      print(`Next: npx theseus database add <name> --connector ${connector.name} --secret <arn>`);
    });
