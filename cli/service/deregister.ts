import { Command } from 'commander';
import { z } from 'zod';
import { call } from '../client.ts';
import { print } from '../output.ts';
import { platformOf } from '../platform.ts';

interface Options {
  force?: boolean;
  reason?: string;
}

/** `theseus service deregister orders 1.0.0`: forgets a version, or without one a service that has none. */
export const serviceDeregister = (): Command =>
  new Command('deregister')
    .description('Forget a version with its instances, or a service that has no versions')
    .argument('<service>')
    .argument('[version]')
    .option('--force', 'although others are left without a version in their range')
    .option('--reason <text>', 'why, for the audit trail; needed with --force')
    .action(
      async (service: string, version: string | undefined, { force, reason }: Options, command: Command) => {
        const platform = await platformOf(command);
        if (version === undefined) {
          await call(platform, { method: 'DELETE', path: `/services/${service}`, answer: z.undefined() });
          return print(`${service} is forgotten.`);
        }
        await call(platform, {
          method: 'DELETE',
          path: `/services/${service}/versions/${encodeURIComponent(version)}`,
          query: { force: force ? 'true' : undefined, reason },
          answer: z.undefined(),
        });
        print(`${service} ${version} is deregistered.`);
      },
    );
