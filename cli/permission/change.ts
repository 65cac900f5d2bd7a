import { Command } from 'commander';
import { Permission, Restriction } from '#migrations/access/schemas.ts';
import { call } from '../client.ts';
import { print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { reportPermission } from './describe.ts';

interface Options {
  reason: string;
  json?: boolean;
}

/** `theseus permission revoke <id> --reason <text>`. */
export const permissionRevoke = (): Command =>
  new Command('revoke')
    .description('Revoke a permission; it stays readable')
    .argument('<id>')
    .requiredOption('--reason <text>', 'kept with it')
    .option('--json', 'print JSON')
    .action(async (id: string, { reason, json }: Options, command: Command) => {
      const permission = await call(await platformOf(command), {
        method: 'POST',
        path: `/permissions/${encodeURIComponent(id)}/revoke`,
        body: { reason },
        answer: Permission,
      });
      reportPermission(permission, json === undefined ? {} : { json });
    });

const restriction = (verb: string, restricted: boolean, description: string) => (): Command =>
  new Command(verb)
    .description(description)
    .argument('<database>')
    .requiredOption('--reason <text>', 'kept with it')
    .option('--json', 'print JSON')
    .action(async (database: string, { reason, json }: Options, command: Command) => {
      const answer = await call(await platformOf(command), {
        method: 'POST',
        path: `/databases/${encodeURIComponent(database)}/restrict`,
        body: { restricted, reason },
        answer: Restriction,
      });
      if (json) return printJson(answer);
      print(
        restricted
          ? `${answer.database.name} is restricted: permissions count on it, and administrators; other roles do not.`
          : `${answer.database.name} is open: roles count on it as on any other.`,
      );
    });

export const permissionRestrict = restriction(
  'restrict',
  true,
  'Close a database to all but permissions and administrators',
);
export const permissionOpen = restriction('open', false, 'Open a restricted database to the roles again');
