import { Command, Option } from 'commander';
import { AuditOutcome, AuditPage } from '#platform/audit-entry.ts';
import { call } from '../client.ts';
import { timeOf } from '../migration/hours.ts';
import { print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';

/** Each capability keeps its own trail, with its records. */
const paths = {
  migrations: '/audit',
  services: '/services/audit',
  gateway: '/gateway/audit',
  deployments: '/deployments/audit',
  apis: '/apis/audit',
  configuration: '/configuration/audit',
  flags: '/flags/audit',
} as const;

interface Options {
  of: keyof typeof paths;
  subject?: string;
  action?: string;
  resource?: string;
  outcome?: string;
  from?: string;
  to?: string;
  limit: number;
  cursor?: string;
  json?: boolean;
}

/** `theseus audit list`: one page of the audit trail, newest first. */
export const auditList = (): Command =>
  new Command('list')
    .description('Who changed what, or tried to, newest first')
    .addOption(
      new Option('--of <capability>', 'whose trail').choices(Object.keys(paths)).default('migrations'),
    )
    .option('--subject <name>', 'by this person or machine only')
    .option('--action <action>', 'e.g. start, approve, break_glass, or platform for what Theseus did itself')
    .option('--resource <what>', 'done to this path, id, or database')
    .addOption(new Option('--outcome <outcome>', 'that ended so').choices(AuditOutcome.options))
    .option('--from <time>', 'not before, e.g. 2026-03-02T22:00:00+01:00', timeOf)
    .option('--to <time>', 'not after', timeOf)
    .addOption(limitOption(50))
    .addOption(cursorOption())
    .option('--json', 'print JSON: a page of full entries, with nextCursor while there are more')
    .action(async ({ json, of, ...query }: Options, command: Command) => {
      const platform = await platformOf(command);
      const page = await call(platform, {
        method: 'GET',
        path: paths[of],
        query: { ...query },
        answer: AuditPage,
      });
      if (json) return printJson(page);
      const rows = page.items.map((one) => [
        one.at,
        one.subject ?? '(no token)',
        one.action,
        one.resource,
        one.database ?? '',
        one.count > 1 ? `${one.outcome} ×${one.count}` : one.outcome,
        one.error ?? '',
        one.reason ?? '',
      ]);
      for (const line of table([
        ['AT', 'WHO', 'ACTION', 'RESOURCE', 'DATABASE', 'OUTCOME', 'ERROR', 'REASON'],
        ...rows,
      ]))
        print(line);
      printMore(page);
    });
