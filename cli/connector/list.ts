import { Command } from 'commander';
import { ConnectorPage } from '#migrations/connectors/schemas.ts';
import { call } from '../client.ts';
import { print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';

const accountOf = (arn: string): string => arn.split(':')[4] ?? '';

/** `theseus connector list`: one page of the connectors, the platform's own first. */
export const connectorList = (): Command =>
  new Command('list')
    .description('Connectors through which databases are reached')
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (options: PageOptions, command: Command) => {
      const platform = await platformOf(command);
      const page = await call(platform, {
        method: 'GET',
        path: '/connectors',
        query: { limit: options.limit, cursor: options.cursor },
        answer: ConnectorPage,
      });
      if (options.json) return printJson(page);
      const rows = page.items.map((one) => [
        one.name,
        one.region,
        accountOf(one.roleArn),
        one.updatedAt ?? 'with the platform',
        one.id,
      ]);
      for (const line of table([['NAME', 'REGION', 'ACCOUNT', 'REGISTERED', 'ID'], ...rows])) print(line);
      printMore(page);
    });
