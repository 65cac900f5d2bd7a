import { Command } from 'commander';
import {
  ConfigurationUpdate,
  ConfigurationUpdatePage,
  type UpdateAction,
  UpdateEventPage,
} from '#configuration/updates/schemas.ts';
import { asking, call } from '../client.ts';
import { print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { followUpdate } from './follow-update.ts';
import { pathOf } from './options.ts';
import { keyText, updateLines } from './update-text.ts';

interface Json {
  json?: boolean;
}

function report(update: ConfigurationUpdate, { json }: Json): void {
  if (json) printJson(update);
  else for (const line of updateLines(update)) print(line);
}

/** `theseus config update show <id>` */
export const configUpdateShow = (): Command =>
  new Command('show')
    .description('An update: what it changes, whom it affects, and how it stands')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Json, command: Command) => {
      const path = pathOf('updates', id);
      report(
        await call(await platformOf(command), { method: 'GET', path, answer: ConfigurationUpdate }),
        options,
      );
    });

/** `theseus config update watch <id>` */
export const configUpdateWatch = (): Command =>
  new Command('watch')
    .description('Follow an update to its end')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Json, command: Command) =>
      followUpdate(asking(await platformOf(command)), id, options),
    );

/** `theseus config update list`: one page, newest first. */
export const configUpdateList = (): Command =>
  new Command('list')
    .description('Updates, newest first')
    .option('--status <status>', 'in this status only, e.g. rolled_back')
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (options: PageOptions & Json & { status?: string }, command: Command) => {
      const { status, limit, cursor } = options;
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: pathOf('updates'),
        query: { status, limit, cursor },
        answer: ConfigurationUpdatePage,
      });
      if (options.json) return printJson(page);
      if (page.items.length === 0) return print('No update yet: npx theseus config set --help');
      const rows = page.items.map((one) => [
        one.id,
        one.status,
        one.changes.map(({ key }) => keyText(key)).join(', '),
        one.createdBy,
        one.createdAt,
        one.why,
      ]);
      for (const line of table([['ID', 'STATUS', 'CHANGES', 'BY', 'CREATED', 'WHY'], ...rows])) print(line);
      printMore(page);
    });

/** `theseus config update events <id>` */
export const configUpdateEvents = (): Command =>
  new Command('events')
    .description('What happened to an update, oldest first')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action(async (id: string, { json }: Json, command: Command) => {
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: pathOf('updates', id, 'events'),
        query: { limit: 100 },
        answer: UpdateEventPage,
      });
      if (json) return printJson(page);
      for (const { at, type, actor } of page.items) print(`${at}  ${type}  ${actor}`);
    });

const acting = (action: UpdateAction, description: string): Command =>
  new Command(action)
    .description(description)
    .argument('<id>')
    .option('--why <text>', 'kept in the history')
    .option('--json', 'print JSON')
    .action(async (id: string, { why, ...options }: Json & { why?: string }, command: Command) => {
      const path = pathOf('updates', id, action);
      const body = { why };
      const platform = await platformOf(command);
      report(await call(platform, { method: 'POST', path, body, answer: ConfigurationUpdate }), options);
    });

/** `theseus config update approve <id>` */
export const configUpdateApprove = (): Command =>
  acting('approve', 'Let an update go on that waits for approval');
/** `theseus config update cancel <id>` */
export const configUpdateCancel = (): Command =>
  acting('cancel', 'Give an update up; what it wrote is taken back');
