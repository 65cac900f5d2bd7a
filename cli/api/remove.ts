import { Command } from 'commander';
import { z } from 'zod';
import { call } from '../client.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { apiPath } from './path.ts';

/** `theseus api remove orders`. */
export const apiRemove = (): Command =>
  new Command('remove')
    .description('Forget an API that has no versions')
    .argument('<api>')
    .option('--json', 'print JSON')
    .action(async (api: string, { json }: { json?: boolean }, command: Command) => {
      const platform = await platformOf(command);
      await call(platform, { method: 'DELETE', path: apiPath(api), answer: z.undefined() });
      if (json) printJson({ removed: api });
      else print(`${api} is forgotten.`);
    });
