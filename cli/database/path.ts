import { Command } from 'commander';
import { SchemaPath } from '#migrations/registry/path.ts';
import { call } from '../client.ts';
import { print, printJson, table } from '../output.ts';
import { platformOf } from '../platform.ts';
import { versionNumber } from './diff.ts';

interface Options {
  schema?: string;
  json?: boolean;
}

/** `theseus database path shop 1 3`: the migrations between two versions. Exit 3 with the reason when none lead there. */
export const databasePath = (): Command =>
  new Command('path')
    .description('The migrations that lead from one version of the schema to another, up or down')
    .argument('<name>')
    .argument('<from>', 'number of a version', versionNumber)
    .argument('<to>', 'number of a version', versionNumber)
    .option('--schema <name>', "the schema (default: the database's own)")
    .option('--json', 'print JSON')
    .action(async (name: string, from: number, to: number, options: Options, command: Command) => {
      const platform = await platformOf(command);
      const path = await call(platform, {
        method: 'GET',
        path: `/databases/${encodeURIComponent(name)}/schema-path`,
        query: { schema: options.schema, from, to },
        answer: SchemaPath,
      });
      if (options.json) return printJson(path);
      if (path.direction === 'none') return print(`Nothing lies between versions ${from} and ${to}.`);
      print(
        path.direction === 'up'
          ? `From version ${from} up to ${to}, run:`
          : `From version ${from} down to ${to}, undo:`,
      );
      const rows = path.steps.map((step) => [step.name, step.fileName, step.undo, step.migration]);
      for (const line of table([['MIGRATION', 'FILE', 'UNDO', 'ID'], ...rows])) print(line);
    });
