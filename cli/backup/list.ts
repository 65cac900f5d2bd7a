import { Command } from 'commander';
import { BackupPage } from '#migrations/backups/schemas.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { bytes, count, print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';

interface Options {
  database?: string;
  migration?: string;
  limit: number;
  cursor?: string;
  json?: boolean;
}

/** `theseus backup list`: one page of row backups, newest first. */
export const backupList = (): Command =>
  new Command('list')
    .description('Rows that migrations kept before they went away')
    .option('--database <name>', 'of one database')
    .option('--migration <id>', 'of one migration')
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (options: Options, command: Command) => {
      const { database, migration, limit, cursor } = options;
      if (database !== undefined && migration !== undefined) {
        throw new Failure('A migration is of one database: expected --database or --migration, found both.', {
          code: exitCode.usage,
        });
      }
      const platform = await platformOf(command);
      const page = await call(platform, {
        method: 'GET',
        path: migration === undefined ? '/backups' : `/migrations/${encodeURIComponent(migration)}/backups`,
        query: { limit, cursor, ...(database === undefined ? {} : { database }) },
        answer: BackupPage,
      });
      if (options.json) return printJson(page);
      const rows = page.items.map((one) => [
        one.at,
        one.database.name,
        one.table,
        one.purpose,
        count(one.rows),
        bytes(one.bytes),
        one.status,
        one.keptUntil ?? 'no end',
        one.id,
      ]);
      const head = ['AT', 'DATABASE', 'TABLE', 'BEFORE', 'ROWS', 'SIZE', 'STATUS', 'KEPT UNTIL', 'ID'];
      for (const line of table([head, ...rows])) print(line);
      printMore(page);
    });
