import { Command } from 'commander';
import { z } from 'zod';
import { call } from '../client.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { routePath } from './routes.ts';

/** `theseus gateway remove shop`. */
export const gatewayRemove = (): Command =>
  new Command('remove')
    .description('Remove the route of a service: its callers get 404 from the gateway')
    .argument('<service>')
    .option('--json', 'print JSON')
    .action(async (service: string, { json }: { json?: boolean }, command: Command) => {
      const platform = await platformOf(command);
      await call(platform, { method: 'DELETE', path: routePath(service), answer: z.undefined() });
      if (json) printJson({ removed: service });
      else print(`No route leads to ${service} any more.`);
    });
