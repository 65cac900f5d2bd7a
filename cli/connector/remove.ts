import { Command } from 'commander';
import { z } from 'zod';
import { call } from '../client.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';

/** `theseus connector remove customer`: forgets a connector that no database uses. Its stack stays. */
export const connectorRemove = (): Command =>
  new Command('remove')
    .description('Forget a connector that no database uses; its stack is not touched')
    .argument('<name>', 'name or id')
    .option('--json', 'print JSON')
    .action(async (name: string, options: { json?: boolean }, command: Command) => {
      const platform = await platformOf(command);
      await call(platform, {
        method: 'DELETE',
        path: `/connectors/${encodeURIComponent(name)}`,
        answer: z.undefined(),
      });
      if (options.json) printJson({ removed: name });
      else print(`${name} is forgotten; its stack was not touched.`);
    });
