import { Command, Option } from 'commander';
import { AlertPage } from '#migrations/alerts/schemas.ts';
import { call } from '../client.ts';
import { colours, print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { alertValue } from './value.ts';

interface Options {
  severity?: string;
  pending?: boolean;
  limit: number;
  cursor?: string;
  json?: boolean;
}

const colour = { critical: colours.red, warning: colours.yellow };

/** `theseus alert list`: one page of what fires now. */
export const alertList = (): Command =>
  new Command('list')
    .description('Alerts that fire now, critical ones first')
    .addOption(new Option('--severity <severity>', 'only these').choices(['warning', 'critical']))
    .option('--pending', 'those that have not lasted long enough yet, too')
    .addOption(limitOption(50))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (options: Options, command: Command) => {
      const platform = await platformOf(command);
      const page = await call(platform, {
        method: 'GET',
        path: '/alerts',
        query: {
          severity: options.severity,
          pending: options.pending ? 'true' : undefined,
          limit: options.limit,
          cursor: options.cursor,
        },
        answer: AlertPage,
      });
      if (options.json) return printJson(page);
      if (page.items.length === 0) return print('No alert fires.');
      const rows = page.items.map((alert) => [
        alert.severity === null ? 'pending' : colour[alert.severity](alert.severity),
        alert.rule,
        alertValue(alert),
        alert.since,
        alert.database.name,
        alert.migration.id,
      ]);
      for (const line of table([['SEVERITY', 'RULE', 'VALUE', 'SINCE', 'DATABASE', 'MIGRATION'], ...rows]))
        print(line);
      printMore(page);
    });
