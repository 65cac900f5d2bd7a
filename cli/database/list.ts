import { Command } from 'commander';
import { DatabasePage } from '#migrations/databases/schemas.ts';
import { call } from '../client.ts';
import { print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';

/** `theseus database list`: one page of the registered databases. */
export const databaseList = (): Command =>
  new Command('list')
    .description('Registered databases')
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (options: PageOptions, command: Command) => {
      const platform = await platformOf(command);
      const page = await call(platform, {
        method: 'GET',
        path: '/databases',
        query: { limit: options.limit, cursor: options.cursor },
        answer: DatabasePage,
      });
      if (options.json) return printJson(page);
      if (page.items.length === 0)
        return print('No database is registered yet: npx theseus database add <name> <url>');
      const rows = page.items.map((one) => [
        one.name,
        one.engine,
        one.facts?.version ?? '',
        one.facts?.database ?? '',
        one.schema,
        one.connector,
        one.id,
      ]);
      for (const line of table([
        ['NAME', 'ENGINE', 'VERSION', 'DATABASE', 'SCHEMA', 'CONNECTOR', 'ID'],
        ...rows,
      ]))
        print(line);
      printMore(page);
    });
