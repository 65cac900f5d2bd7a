import { Command } from 'commander';
import { MigrationPage } from '#migrations/schemas.ts';
import { call } from '../client.ts';
import { print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { statusOf } from './watch.ts';

interface Options {
  database?: string;
  status?: string;
  limit: number;
  cursor?: string;
  json?: boolean;
}

/** `theseus migration list`: one page, newest first. */
export const migrationList = (): Command =>
  new Command('list')
    .description('Migrations, newest first')
    .option('--database <name>', 'of this database only')
    .option('--status <status>', 'in this status only, e.g. running')
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (options: Options, command: Command) => {
      const platform = await platformOf(command);
      const page = await call(platform, {
        method: 'GET',
        path: '/migrations',
        query: {
          database: options.database,
          status: options.status === undefined ? undefined : statusOf('--status', options.status),
          limit: options.limit,
          cursor: options.cursor,
        },
        answer: MigrationPage,
      });
      if (options.json) return printJson(page);
      if (page.items.length === 0)
        return print('No migration yet: npx theseus migration plan --database <name> <file>');
      const rows = page.items.map((one) => [
        one.id,
        one.name,
        one.database.name,
        one.schema,
        one.breakGlass.length === 0 ? one.status : `${one.status}, broken glass`,
        one.phase ?? '',
        one.createdBy,
        one.createdAt,
      ]);
      for (const line of table([
        ['ID', 'NAME', 'DATABASE', 'SCHEMA', 'STATUS', 'PHASE', 'BY', 'CREATED'],
        ...rows,
      ]))
        print(line);
      printMore(page);
    });
