import type { SchemaDifference } from '#migrations/registry/report.ts';
import { colours } from '../output.ts';

const marks = { added: '+', dropped: '-', changed: '~' };
const said = { works: 'works', may_fail: 'may fail', fails: 'fails' };

/** Changes as lines: what changed, whether old clients go on, and the SQL. */
export function describeChangesOf({ changes, oldClients, script }: SchemaDifference): string[] {
  return [
    ...changes.map(({ change, kind, table, name, oldClients: client }) => {
      const what = `${marks[change]} ${kind.replace('_', ' ')} ${table === null ? '' : `${table}.`}${name}`;
      return `${what}: reads ${said[client.reads]}, writes ${said[client.writes]}. ${client.reason}.`;
    }),
    `Clients of before: reads ${said[oldClients.reads]}, writes ${said[oldClients.writes]}.`,
    '',
    ...script.map((sql) => colours.dim(sql)),
  ];
}
