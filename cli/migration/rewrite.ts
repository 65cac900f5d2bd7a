import { existsSync, writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { lint } from '#migrations/lint/lint.ts';
import { type HistoryTool, historyOperation, historyTools } from '#migrations/rewrite/history.ts';
import { rewrite } from '#migrations/rewrite/rewrite.ts';
import { TheseusError } from '#platform/errors.ts';
import { exitCode, Failure } from '../failure.ts';
import { readLintFile } from '../lint/files.ts';
import { historyEntry, nameOf } from '../lint/history.ts';
import { asText } from '../lint/text.ts';
import { colours, count, print, printJson } from '../output.ts';

interface Options {
  output?: string;
  schema?: string;
  database?: string;
  history?: HistoryTool;
  json?: boolean;
}

/**
 * `theseus migration rewrite <file.sql>`: prints the migration file that does the same under live traffic; what a
 * person should read goes to standard error. Exit 3 when the SQL cannot be read.
 */
export const migrationRewrite = (): Command =>
  new Command('rewrite')
    .description('Turn SQL into a migration file that does the same under live traffic')
    .argument('<file>', 'a .sql file, for example one that Prisma or Drizzle generated')
    .option(
      '--output <file>',
      'write the migration file there instead of printing it; an existing file is kept',
    )
    .option('--schema <name>', 'the database schema (default: public)')
    .option('--database <url>', 'read there what the SQL does not say, postgresql://…; changes nothing')
    .addOption(
      new Option('--history <tool>', 'also note it as applied in the table of prisma or drizzle').choices([
        ...historyTools,
      ]),
    )
    .option('--json', 'print JSON: operations, notes, yaml')
    .action(async (path: string, options: Options) => {
      const { text, kind } = readLintFile(path);
      if (kind !== 'sql') throw new Failure(`${path} is not .sql.`, { code: exitCode.usage });
      refuseExisting(options.output);
      const schema = options.schema ?? 'public';
      const snapshot =
        options.database === undefined
          ? null
          : await (await import('./offline.ts')).snapshotOf(options.database, schema);
      const version = snapshot === null ? 14 : Math.floor(snapshot.serverVersion / 10_000);
      const made = await rewrite(text, {
        file: path,
        name: nameOf(options.output ?? path),
        schema,
        snapshot,
        postgresVersion: version,
        last: options.history && historyOperation(options.history, historyEntry(options.history, path)),
      }).catch((error: unknown) => {
        throw error instanceof TheseusError ? tooMuch(path, error) : error;
      });
      if ('findings' in made || made.operations.length === 0) {
        const findings =
          'findings' in made
            ? made.findings
            : await lint(text, { file: path, postgresVersion: version, transaction: 'none' });
        throw new Failure(`${path} cannot be rewritten.`, {
          code: exitCode.refused,
          action: 'Correct the SQL.',
          details:
            findings.length === 0 ? ['It holds no change of a schema.'] : asText(findings, 1).slice(0, -2),
        });
      }
      if (options.output !== undefined) writeFileSync(options.output, made.yaml, { flag: 'wx' });
      if (options.json) printJson(made);
      else if (options.output === undefined) process.stdout.write(made.yaml);
      else
        print(
          `${options.output}: ${count(made.operations.length)} operations, of these ${count(made.kept)} SQL as it was`,
        );
      if (!options.json)
        for (const { operation, text: note } of made.notes)
          process.stderr.write(`${colours.dim(`operation ${operation}:`)} ${note}\n`);
    });

const tooMuch = (path: string, { message, action }: TheseusError) =>
  new Failure(`${path} makes too large a migration file: ${message}.`, { code: exitCode.refused, action });

function refuseExisting(output: string | undefined): void {
  if (output !== undefined && existsSync(output))
    throw new Failure(`${output} exists already.`, {
      code: exitCode.refused,
      action: 'Remove it, or name another file.',
    });
}
