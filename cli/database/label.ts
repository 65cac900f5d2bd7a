import { Command } from 'commander';
import { Database } from '#migrations/databases/schemas.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { labelOf } from './labels.ts';

interface Options {
  set: Record<string, string>;
  remove: string[];
  json?: boolean;
}

/** `theseus database label shop --set tier=free`: sets labels, by which fleets of migrations choose, or removes them. */
export const databaseLabel = (): Command =>
  new Command('label')
    .description('Set or remove labels of a database; others stay')
    .argument('<name>')
    .option('--set <name=value>', 'a label to set; may be repeated', labelOf, {})
    .option(
      '--remove <name>',
      'a label to remove; may be repeated',
      (one, all: string[]) => [...all, one],
      [],
    )
    .option('--json', 'print JSON')
    .action(async (name: string, options: Options, command: Command) => {
      const labels = {
        ...options.set,
        ...Object.fromEntries(options.remove.map((label) => [label, null])),
      };
      if (Object.keys(labels).length === 0) {
        throw new Failure('Expected --set or --remove.', {
          code: exitCode.usage,
          action: `For example: npx theseus database label ${name} --set tier=free`,
        });
      }
      const platform = await platformOf(command);
      const path = `/databases/${encodeURIComponent(name)}`;
      const database = await call(platform, { method: 'PATCH', path, body: { labels }, answer: Database });
      if (options.json) return printJson(database);
      const shown = Object.entries(database.labels).map(([label, value]) => `${label}=${value}`);
      print(`${database.name}: ${shown.length === 0 ? 'no labels' : shown.join(', ')}`);
    });
