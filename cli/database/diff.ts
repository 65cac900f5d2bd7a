import { Command } from 'commander';
import { SchemaDifference } from '#migrations/registry/report.ts';
import { SchemaVersionPage } from '#migrations/registry/schemas.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { print, printJson } from '../output.ts';
import { type Platform, platformOf } from '../platform.ts';
import { describeChangesOf } from './describe.ts';

interface Options {
  schema?: string;
  json?: boolean;
}

/** The number of a version. @throws Failure usage for anything but a whole number above 0. */
export function versionNumber(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Failure(`The version is '${text}'; expected its number, for example 3.`, {
    code: exitCode.usage,
    action: 'List them with `npx theseus database versions <name>`.',
  });
}

async function newest(platform: Platform, path: string, schema: string | undefined): Promise<number> {
  const query = { schema, limit: 1 };
  const page = await call(platform, {
    method: 'GET',
    path: `${path}/schema-versions`,
    query,
    answer: SchemaVersionPage,
  });
  const [last] = page.items;
  if (last !== undefined) return last.number;
  throw new Failure('The schema has no version yet.', {
    code: exitCode.refused,
    action: 'Look at it with `npx theseus database drift <name>`: what it finds is the first.',
  });
}

/** `theseus database diff shop 1 2`: what leads from one version to another; without numbers, to the last from before it. */
export const databaseDiff = (): Command =>
  new Command('diff')
    .description('What changed between two versions of the schema, and whether old clients go on')
    .argument('<name>')
    .argument('[from]', 'number of a version (default: the one before)', versionNumber)
    .argument('[to]', 'number of a version (default: the last)', versionNumber)
    .option('--schema <name>', "the schema (default: the database's own)")
    .option('--json', 'print JSON')
    .action(
      async (
        name: string,
        first: number | undefined,
        second: number | undefined,
        options: Options,
        command: Command,
      ) => {
        const platform = await platformOf(command);
        const path = `/databases/${encodeURIComponent(name)}`;
        const { schema } = options;
        const to = second ?? (await newest(platform, path, schema));
        const from = first ?? Math.max(1, to - 1);
        const difference = await call(platform, {
          method: 'GET',
          path: `${path}/schema-differences`,
          query: { schema, from, to },
          answer: SchemaDifference,
        });
        if (options.json) return printJson(difference);
        if (difference.changes.length === 0) return print(`Versions ${from} and ${to} are the same.`);
        print(`From version ${from} to ${to}:`);
        for (const line of describeChangesOf(difference)) print(line);
      },
    );
