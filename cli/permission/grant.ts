import { Command, Option } from 'commander';
import { Action } from '#migrations/access/actions.ts';
import { Permission } from '#migrations/access/schemas.ts';
import { environmentName } from '#platform/environment.ts';
import { call } from '../client.ts';
import { labelOf } from '../database/labels.ts';
import { timeOf } from '../migration/hours.ts';
import { platformOf } from '../platform.ts';
import { reportPermission } from './describe.ts';

interface Options {
  group: string;
  action: string[];
  database: string[];
  label: Record<string, string>;
  environment: string[];
  until?: string;
  reason: string;
  json?: boolean;
}

/** `theseus permission grant --group team --action start --database shop --reason <text>`. Exit 3 when refused. */
export const permissionGrant = (): Command =>
  new Command('grant')
    .description('Allow a group actions on databases, besides what roles give')
    .requiredOption('--group <group>', 'a group as it stands in the token')
    // The list is short enough to be printed when one is not in it.
    .addOption(
      new Option('--action <action...>', 'what it may do; several are taken')
        .choices(Action.options)
        .makeOptionMandatory(),
    )
    .option(
      '--database <name>',
      'only on this database; may be repeated',
      (one, all: string[]) => [...all, one],
      [],
    )
    .option('--label <name=value>', 'only on databases with this label; may be repeated', labelOf, {})
    .addOption(
      new Option('--environment <name...>', 'counts only there').choices(environmentName.options).default([]),
    )
    .option('--until <time>', 'counts up to this time, e.g. 2026-03-02T22:00:00+01:00', timeOf)
    .requiredOption('--reason <text>', 'kept with it')
    .option('--json', 'print JSON')
    .action(async (options: Options, command: Command) => {
      const { group, action, database, label, environment, until, reason } = options;
      const platform = await platformOf(command);
      const permission = await call(platform, {
        method: 'POST',
        path: '/permissions',
        body: {
          group,
          actions: [...new Set(action)],
          ...(database.length === 0 ? {} : { databases: database }),
          ...(Object.keys(label).length === 0 ? {} : { labels: label }),
          ...(environment.length === 0 ? {} : { environments: environment }),
          ...(until === undefined ? {} : { until }),
          reason,
        },
        answer: Permission,
      });
      reportPermission(permission, options);
    });
