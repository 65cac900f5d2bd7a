import { Command } from 'commander';
import { z } from 'zod';
import { call } from '../client.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';

/** `theseus database remove shop`: forgets a database that has no migration in progress. The database itself stays. */
export const databaseRemove = (): Command =>
  new Command('remove')
    .description('Forget a database; the database itself is not touched')
    .argument('<name>')
    .option('--json', 'print JSON')
    .action(async (name: string, options: { json?: boolean }, command: Command) => {
      const platform = await platformOf(command);
      await call(platform, {
        method: 'DELETE',
        path: `/databases/${encodeURIComponent(name)}`,
        answer: z.undefined(),
      });
      if (options.json) printJson({ removed: name });
      else print(`${name} is forgotten; the database itself was not touched.`);
    });
