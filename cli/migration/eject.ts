import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import type { EjectGoal } from '#migrations/engines/engine.ts';
import { EjectedScript } from '#migrations/schemas.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { print } from '../output.ts';
import { platformOf } from '../platform.ts';

interface Options {
  database?: string;
  to: EjectGoal;
  output?: string;
}

const goals: EjectGoal[] = ['complete', 'rollback', 'undo', 'removal'];

/**
 * `theseus migration eject [migration] --to <goal>`: the rest of a migration as a psql script. With `--database <url>` it
 * needs no platform, for the day on which nothing but the database is left. Changes nothing.
 * Exit 3 when the goal cannot be reached from where the migration stands, 5 when the database does not answer.
 */
export const migrationEject = (): Command =>
  new Command('eject')
    .description('Write the rest of a migration as a psql script; changes nothing')
    .argument(
      '[migration]',
      'its id; with --database its name too, or nothing where the database knows of one only',
    )
    .option('--database <url>', 'postgresql://… of the database in change: no platform is needed then')
    .addOption(new Option('--to <goal>', 'where the script leads').choices(goals).makeOptionMandatory())
    .option('--output <file>', 'write it there, where no file is yet; else it is printed')
    .action(async (migration: string | undefined, options: Options, command: Command) => {
      const script =
        options.database === undefined
          ? await throughPlatform(migration, options.to, command)
          : await fromDatabase(options.database, migration, options.to);
      if (options.output === undefined) return print(script.trimEnd());
      await writeNew(options.output, script);
      print(`${options.output}: read it, then run: psql -X "$DATABASE_URL" -f ${options.output}`);
    });

async function throughPlatform(
  migration: string | undefined,
  to: EjectGoal,
  command: Command,
): Promise<string> {
  if (migration === undefined) {
    throw new Failure('Expected the id of a migration, or --database with the URL of its database.', {
      code: exitCode.usage,
      action: 'List them with: theseus migration list',
    });
  }
  const platform = await platformOf(command);
  const path = `/migrations/${encodeURIComponent(migration)}/eject`;
  const { script } = await call(platform, { method: 'GET', path, query: { to }, answer: EjectedScript });
  return script;
}

async function fromDatabase(url: string, migration: string | undefined, to: EjectGoal): Promise<string> {
  if (!/^postgres(ql)?:\/\//.test(url)) {
    throw new Failure(`--database is '${url}'; expected postgresql://user@host:port/database.`, {
      code: exitCode.usage,
      action: 'Without it the platform is asked for the script.',
    });
  }
  const { ejectWithoutPlatform } = await import('./offline.ts');
  return ejectWithoutPlatform(url, migration ?? null, to);
}

async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx' });
  } catch (error) {
    const known: Record<string, string> = {
      EEXIST: 'is there already',
      ENOENT: 'is in no folder that exists',
    };
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw new Failure(`${path} ${known[code] ?? 'cannot be written'}.`, {
      code: exitCode.usage,
      action: 'Name another file.',
    });
  }
}
