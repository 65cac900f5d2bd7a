import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import type { EjectGoal } from '#migrations/engines/engine.ts';
import { exitCode, Failure } from '../failure.ts';
import { print } from '../output.ts';

interface Options {
  database: string;
  to: EjectGoal;
  output?: string;
}

const goals: EjectGoal[] = ['complete', 'rollback', 'undo', 'removal'];

/**
 * `theseus migration eject [migration] --database <url> --to <goal>`: the rest of a migration as a psql script, for the
 * day on which nothing but the database is left. Needs no platform and changes nothing.
 * Exit 3 when the goal cannot be reached from where the migration stands, 5 when the database does not answer.
 */
export const migrationEject = (): Command =>
  new Command('eject')
    .description('Write the rest of a migration as a psql script; needs no platform, changes nothing')
    .argument('[migration]', 'its id or name; may be left out where the database knows of one only')
    .requiredOption('--database <url>', 'postgresql://… of the database in change')
    .addOption(new Option('--to <goal>', 'where the script leads').choices(goals).makeOptionMandatory())
    .option('--output <file>', 'write it there, where no file is yet; else it is printed')
    .action(async (migration: string | undefined, options: Options) => {
      if (!/^postgres(ql)?:\/\//.test(options.database)) {
        throw new Failure(
          `--database is '${options.database}'; expected postgresql://user@host:port/database.`,
          {
            code: exitCode.usage,
            action: 'A script is made from what the database itself keeps, not from the platform.',
          },
        );
      }
      const { ejectWithoutPlatform } = await import('./offline.ts');
      const script = await ejectWithoutPlatform(options.database, migration ?? null, options.to);
      if (options.output === undefined) return print(script.trimEnd());
      await writeNew(options.output, script);
      print(`${options.output}: read it, then run: psql -X "$DATABASE_URL" -f ${options.output}`);
    });

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
