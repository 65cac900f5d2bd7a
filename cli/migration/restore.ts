import { Command } from 'commander';
import { z } from 'zod';
import { RestoredRows, RestoreGoesOn } from '#migrations/schemas.ts';
import { call } from '../client.ts';
import { asTyped, count, print, printJson } from '../output.ts';
import { findPlatform } from '../platform.ts';

interface Options {
  backup: string;
  into: string;
  json?: boolean;
}

/** `theseus migration restore <id>`: the rows of a backup, in a table of their own. */
export const migrationRestore = (): Command =>
  new Command('restore')
    .description('Put the rows of a backup into a new table; what stands is not touched')
    .argument('<id>')
    .requiredOption('--backup <location>', 'a backup, as show lists it')
    .requiredOption('--into <table>', 'a table that does not exist yet')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Options, command: Command) => {
      const platform = await findPlatform(command.optsWithGlobals<{ directory?: string }>().directory);
      const restored = await call(platform, {
        method: 'POST',
        path: `/migrations/${encodeURIComponent(id)}/restore`,
        body: { backup: options.backup, table: options.into },
        answer: z.union([RestoredRows, RestoreGoesOn]),
      });
      if (options.json) return printJson(restored);
      if ('rows' in restored) {
        print(`${count(restored.rows)} rows are in ${restored.schema}.${restored.table}.`);
        print(`columns: ${restored.columns.join(', ')}`);
        return;
      }
      print('It takes longer; the event backup.restored tells when it is done.');
      print(asTyped(`theseus migration events ${id}`));
    });
