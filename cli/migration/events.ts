import { Command } from 'commander';
import { MigrationEventPage } from '#migrations/schemas.ts';
import { call } from '../client.ts';
import { print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';

/** The verb `events` of what keeps them under `/<noun>/{id}/events`. */
const eventsOf = (noun: 'migrations' | 'migration-fleets'): Command =>
  new Command('events')
    .description('What happened and who did what')
    .argument('<id>')
    .addOption(limitOption(100))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (id: string, options: PageOptions, command: Command) => {
      const platform = await platformOf(command);
      const page = await call(platform, {
        method: 'GET',
        path: `/${noun}/${encodeURIComponent(id)}/events`,
        query: { limit: options.limit, cursor: options.cursor },
        answer: MigrationEventPage,
      });
      if (options.json) return printJson(page);
      const rows = page.items.map((one) => [
        one.at,
        one.type,
        one.actor,
        Object.keys(one.data).length > 0 ? JSON.stringify(one.data) : '',
      ]);
      for (const line of table(rows)) print(line);
      printMore(page);
    });

/** `theseus migration events <id>`: who did what, and what happened, in order. */
export const migrationEvents = (): Command => eventsOf('migrations');

/** `theseus migration fleet events <id>` */
export const fleetEvents = (): Command => eventsOf('migration-fleets');
