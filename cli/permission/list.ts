import { Command } from 'commander';
import { OwnAccess, Permission, PermissionPage } from '#migrations/access/schemas.ts';
import { call } from '../client.ts';
import { print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';
import { reportPermission, whereOf } from './describe.ts';

interface Options {
  limit: number;
  cursor?: string;
  database?: string;
  json?: boolean;
}

/** `theseus permission list`: one page of the permissions that count. */
export const permissionList = (): Command =>
  new Command('list')
    .description('Permissions that count')
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async ({ limit, cursor, json }: Options, command: Command) => {
      const query = { limit, cursor };
      const path = '/permissions';
      const page = await call(await platformOf(command), {
        method: 'GET',
        path,
        query,
        answer: PermissionPage,
      });
      if (json) return printJson(page);
      if (page.items.length === 0) return print('No permission yet: what may be done follows from roles.');
      const rows = page.items.map((one) => [
        one.id,
        one.group,
        one.actions.join(','),
        whereOf(one),
        one.grantedBy,
      ]);
      for (const line of table([['ID', 'GROUP', 'ACTIONS', 'WHERE', 'BY'], ...rows])) print(line);
      printMore(page);
    });

/** `theseus permission show <id>`: also one that was revoked. */
export const permissionShow = (): Command =>
  new Command('show')
    .description('A permission, also after it was revoked')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Options, command: Command) => {
      const path = `/permissions/${encodeURIComponent(id)}`;
      const permission = await call(await platformOf(command), { method: 'GET', path, answer: Permission });
      reportPermission(permission, options);
    });

/** `theseus permission mine`: what the holder of the token may do. */
export const permissionMine = (): Command =>
  new Command('mine')
    .description('What you may do, on a database or on the platform')
    .option('--database <name>', 'on this database')
    .option('--json', 'print JSON')
    .action(async ({ database, json }: Options, command: Command) => {
      const own = await call(await platformOf(command), {
        method: 'GET',
        path: '/permissions/mine',
        query: { database },
        answer: OwnAccess,
      });
      if (json) return printJson(own);
      const where =
        own.database === null
          ? 'on the platform and every database that is not restricted'
          : `on ${own.database.name}${own.database.restricted ? ' (restricted)' : ''}`;
      print(
        `${own.subject} may do ${own.actions.length === 0 ? 'nothing' : own.actions.join(', ')} ${where}.`,
      );
      print(`  roles: ${own.roles.join(', ') || 'none'}; groups: ${own.groups.join(', ') || 'none'}`);
    });
