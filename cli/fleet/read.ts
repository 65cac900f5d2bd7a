import { Command } from 'commander';
import { Fleet, FleetPage, TargetPage, TargetStatus } from '#migrations/fleet/schemas.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { duration, print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { reportFleet } from './describe.ts';

interface Options {
  status?: string;
  limit: number;
  cursor?: string;
  json?: boolean;
}

const pathOf = (id: string) => `/migration-fleets/${encodeURIComponent(id)}`;

/** `theseus migration fleet show <id>` */
export const fleetShow = (): Command =>
  new Command('show')
    .description('Waves, counts, failures by cause, and what can be done next')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Options, command: Command) => {
      const platform = await platformOf(command);
      reportFleet(await call(platform, { method: 'GET', path: pathOf(id), answer: Fleet }), options);
    });

/** `theseus migration fleet list`: one page, newest first. */
export const fleetList = (): Command =>
  new Command('list')
    .description('Fleets, newest first')
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async ({ limit, cursor, json }: Options, command: Command) => {
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: '/migration-fleets',
        query: { limit, cursor },
        answer: FleetPage,
      });
      if (json) return printJson(page);
      if (page.items.length === 0) return print('No fleet yet: npx theseus migration fleet plan <file>');
      const rows = page.items.map((one) => [
        one.id,
        one.name,
        one.status,
        one.wave ?? '',
        String(one.total),
        one.createdBy,
        one.createdAt,
      ]);
      for (const line of table([['ID', 'NAME', 'STATUS', 'WAVE', 'TARGETS', 'BY', 'CREATED'], ...rows]))
        print(line);
      printMore(page);
    });

/** `theseus migration fleet targets <id> --status failed` */
export const fleetTargets = (): Command =>
  new Command('targets')
    .description('The targets of a fleet and where each stands')
    .argument('<id>')
    .option('--status <status>', `in this status only: ${TargetStatus.options.join(', ')}`)
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (id: string, { status, limit, cursor, json }: Options, command: Command) => {
      if (status !== undefined && !TargetStatus.safeParse(status).success) {
        throw new Failure(`--status is '${status}'; expected one of ${TargetStatus.options.join(', ')}.`, {
          code: exitCode.usage,
        });
      }
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: `${pathOf(id)}/targets`,
        query: { status, limit, cursor },
        answer: TargetPage,
      });
      if (json) return printJson(page);
      const rows = page.items.map((one) => [
        one.database,
        one.schema,
        one.wave,
        one.status,
        one.migration ?? '',
        one.durationMs === null ? '' : duration(one.durationMs),
        one.failure === null ? (one.reason ?? '') : `${one.failure.name}: ${one.failure.message}`,
      ]);
      for (const line of table([
        ['DATABASE', 'SCHEMA', 'WAVE', 'STATUS', 'MIGRATION', 'TOOK', 'WHY'],
        ...rows,
      ]))
        print(line);
      printMore(page);
    });
