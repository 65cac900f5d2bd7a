import { Command } from 'commander';
import { SchemaVersionPage, type VersionSource } from '#migrations/registry/schemas.ts';
import { call } from '../client.ts';
import { print, printJson, table } from '../output.ts';
import { cursorOption, limitOption, printMore } from '../paging.ts';
import { platformOf } from '../platform.ts';

interface Options {
  schema?: string;
  limit: number;
  cursor?: string;
  json?: boolean;
}

const came = (source: VersionSource): string =>
  source.kind === 'migration'
    ? `${source.name} ${source.outcome} (${source.migration})`
    : source.kind === 'import'
      ? `${source.applied} migrations of ${source.tool}`
      : source.kind.replaceAll('_', ' ');

/** `theseus database versions shop`: the versions of a schema, newest first. */
export const databaseVersions = (): Command =>
  new Command('versions')
    .description('Versions of the schema, newest first')
    .argument('<name>')
    .option('--schema <name>', "the schema (default: the database's own)")
    .addOption(limitOption(20))
    .addOption(cursorOption())
    .option('--json', 'print JSON')
    .action(async (name: string, options: Options, command: Command) => {
      const platform = await platformOf(command);
      const { schema, limit, cursor } = options;
      const page = await call(platform, {
        method: 'GET',
        path: `/databases/${encodeURIComponent(name)}/schema-versions`,
        query: { schema, limit, cursor },
        answer: SchemaVersionPage,
      });
      if (options.json) return printJson(page);
      const rows = page.items.map((one) => [
        String(one.number),
        one.at,
        one.hash.slice(0, 12),
        String(one.objects),
        came(one.source),
        one.by,
      ]);
      for (const line of table([['VERSION', 'AT', 'HASH', 'OBJECTS', 'FROM', 'BY'], ...rows])) print(line);
      printMore(page);
    });
