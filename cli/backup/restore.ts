import { Command } from 'commander';
import { z } from 'zod';
import { GoesOn, RestoredRows } from '#migrations/backups/schemas.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { count, print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { reportGoesOn } from './verify.ts';

interface Options {
  into: string;
  schema?: string;
  key?: string[][];
  from?: string[];
  to?: string[];
  json?: boolean;
}

/** `42`, or `["eu", "42"]` for a key of several columns. @throws Failure (usage) when such a list is broken. */
export function keyOf(text: string): string[] {
  if (!text.startsWith('[')) return [text];
  const broken = new Failure(`The key is ${text}; expected a value, or a JSON list such as ["eu", "42"].`, {
    code: exitCode.usage,
  });
  try {
    const list = z.array(z.union([z.string(), z.number()])).safeParse(JSON.parse(text));
    if (list.success) return list.data.map(String);
  } catch {
    throw broken;
  }
  throw broken;
}

/** `theseus backup restore <id>`: rows of a backup, in a table of their own. */
export const backupRestore = (): Command =>
  new Command('restore')
    .description('Put the rows of a backup, or some of them, into a new table; what stands is not touched')
    .argument('<id>')
    .requiredOption('--into <table>', 'a table that does not exist yet')
    .option('--schema <schema>', 'where to make it; in the schema of the migration when absent')
    .option(
      '--key <key>',
      'only the row of this key; may be given again',
      (text, before: string[][] = []) => [...before, keyOf(text)],
    )
    .option('--from <key>', 'only rows from this key on', keyOf)
    .option('--to <key>', 'only rows up to this key', keyOf)
    .option('--json', 'print JSON')
    .action(async (id: string, options: Options, command: Command) => {
      const platform = await platformOf(command);
      const { into, schema, key, from, to } = options;
      const restored = await call(platform, {
        method: 'POST',
        path: `/backups/${encodeURIComponent(id)}/restore`,
        body: { table: into, schema, keys: key, from, to },
        answer: z.union([RestoredRows, GoesOn]),
      });
      if (options.json) return printJson(restored);
      if ('events' in restored) return reportGoesOn('backup.restored', restored);
      print(`${count(restored.rows)} rows are in ${restored.schema}.${restored.table}.`);
      print(`columns: ${restored.columns.join(', ')}`);
    });
