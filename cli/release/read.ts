import { Command } from 'commander';
import { Release, ReleaseEvent, ReleasePage } from '#deployments/releases/schemas.ts';
import { pageOf } from '#platform/page.ts';
import { call } from '../client.ts';
import { print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, type PageOptions, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { printRelease, statusOf } from './describe.ts';

/** Where a release is found. */
export const releasePath = (id: string): string => `/releases/${encodeURIComponent(id)}`;

/** `theseus release list`. */
export const releaseList = (): Command =>
  new Command('list')
    .description('Releases, newest first')
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async ({ limit, cursor, json }: PageOptions, command: Command) => {
      const platform = await platformOf(command);
      const page = await call(platform, {
        method: 'GET',
        path: '/releases',
        query: { limit, cursor },
        answer: ReleasePage,
      });
      if (json) return printJson(page);
      const rows = page.items.map(({ id, status, createdAt, members, name }) => [
        id,
        statusOf(status),
        createdAt,
        members.map(({ service, version }) => `${service} ${version}`).join(', '),
        name ?? '',
      ]);
      for (const line of table([['ID', 'STATUS', 'SINCE', 'MEMBERS', 'NAME'], ...rows]))
        print(line.trimEnd());
      printMore(page);
    });

/** `theseus release show <id>`. */
export const releaseShow = (): Command =>
  new Command('show')
    .description('Where a release stands, and what can be done next')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action(async (id: string, { json }: { json?: boolean }, command: Command) => {
      const release = await call(await platformOf(command), {
        method: 'GET',
        path: releasePath(id),
        answer: Release,
      });
      if (json) printJson(release);
      else printRelease(release);
    });

/** `theseus release events <id>`. */
export const releaseEvents = (): Command =>
  new Command('events')
    .description('What happened in a release and who did what')
    .argument('<id>')
    .addOption(limitOption(100))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (id: string, { limit, cursor, json }: PageOptions, command: Command) => {
      const page = await call(await platformOf(command), {
        method: 'GET',
        path: `${releasePath(id)}/events`,
        query: { limit, cursor },
        answer: pageOf(ReleaseEvent),
      });
      if (json) return printJson(page);
      const rows = page.items.map(({ at, type, actor, data }) => [at, type, actor, JSON.stringify(data)]);
      for (const line of table(rows)) print(line);
      printMore(page);
    });
