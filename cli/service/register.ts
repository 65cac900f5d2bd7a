import { Command } from 'commander';
import { ServiceVersion } from '#services/schemas.ts';
import { call } from '../client.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { readRegistration } from './file.ts';

interface Options {
  accept: string[];
  reason?: string;
  json?: boolean;
}

const collect = (value: string, former: string[]): string[] => [...former, value];

/** `theseus service register orders.yaml`: registers a version. Exit 3 when it would break who depends on it. */
export const serviceRegister = (): Command =>
  new Command('register')
    .description('Register a version of a service from a file')
    .argument(
      '<file>',
      'YAML or JSON: service, version, endpoints, contract and what docs/services.md names besides',
    )
    .option('--accept <rule or dependant>', 'what is broken on purpose, several times', collect, [])
    .option('--reason <text>', 'why, for the audit trail')
    .option('--json', 'print JSON')
    .action(async (file: string, options: Options, command: Command) => {
      const { service, body } = await readRegistration(file);
      const { accept, reason } = options;
      const platform = await platformOf(command);
      const version = await call(platform, {
        method: 'POST',
        path: `/services/${service}/versions`,
        body: {
          ...body,
          accept: [...body.accept, ...accept],
          ...(reason === undefined ? {} : { reason }),
        },
        answer: ServiceVersion,
      });
      if (options.json) return printJson(version);
      print(`${version.service} ${version.version} is registered.`);
      if (version.healthCheck !== null) print('Its endpoints are probed within a minute.');
      print(`Next: npx theseus service discover ${version.service} --range '^${version.version}'`);
    });
