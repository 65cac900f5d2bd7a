import { Command } from 'commander';
import { AlertRulePage } from '#migrations/alerts/schemas.ts';
import { call } from '../client.ts';
import { print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { scope, thresholds } from './options.ts';

/** `theseus alert-rule list`: one page of the rules, those of the platform among them. */
export const alertRuleList = (): Command =>
  new Command('list')
    .description('Alert rules, those that come with the platform included')
    .addOption(limitOption(50))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (options: PageOptions, command: Command) => {
      const platform = await platformOf(command);
      const page = await call(platform, {
        method: 'GET',
        path: '/alert-rules',
        query: { limit: options.limit, cursor: options.cursor },
        answer: AlertRulePage,
      });
      if (options.json) return printJson(page);
      const rows = page.items.map((rule) => [
        rule.name,
        rule.metric,
        thresholds(rule),
        scope(rule),
        rule.action === 'none' ? '-' : rule.action,
        rule.enabled ? rule.source : `${rule.source}, off`,
      ]);
      for (const line of table([['NAME', 'METRIC', 'FIRES', 'ON', 'ACTION', 'SOURCE'], ...rows])) print(line);
      printMore(page);
    });
