import { existsSync, writeFileSync } from 'node:fs';
import { lint } from '#migrations/lint/lint.ts';
import { assumedVersion } from '#migrations/lint/versions.ts';
import { type HistoryTool, historyOperation } from '#migrations/rewrite/history.ts';
import { rewrite } from '#migrations/rewrite/rewrite.ts';
import { TheseusError } from '#platform/errors.ts';
import { exitCode, Failure } from '../failure.ts';
import { colours, count, print, printJson } from '../output.ts';
import { readLintFile } from './files.ts';
import { historyEntry, nameOf } from './history.ts';
import { asText } from './text.ts';

/** What `theseus migration rewrite` is asked, as its options are written. */
export interface RewriteAsked {
  output?: string;
  schema?: string;
  database?: string;
  history?: HistoryTool;
  json?: boolean;
}

/** Prints or writes the migration file that the SQL file becomes. Throws Failure when it cannot become one. */
export async function rewriteFile(path: string, options: RewriteAsked): Promise<void> {
  const { text, kind } = readLintFile(path);
  if (kind !== 'sql') throw new Failure(`${path} is not .sql.`, { code: exitCode.usage });
  refuseExisting(options.output);
  const schema = options.schema ?? 'public';
  const snapshot =
    options.database === undefined
      ? null
      : await (await import('../migration/offline.ts')).snapshotOf(options.database, schema);
  const version = snapshot === null ? assumedVersion : Math.floor(snapshot.serverVersion / 10_000);
  const made = await rewrite(text, {
    file: path,
    name: nameOf(options.output ?? path),
    schema,
    snapshot,
    postgresVersion: version,
    last: options.history && historyOperation(options.history, historyEntry(options.history, path)),
  }).catch((error: unknown) => {
    throw error instanceof TheseusError ? notWritten(path, error) : error;
  });
  if ('findings' in made || made.operations.length === 0) {
    const findings =
      'findings' in made
        ? made.findings
        : await lint(text, { file: path, postgresVersion: version, transaction: 'none' });
    throw new Failure(`${path} cannot be rewritten.`, {
      code: exitCode.refused,
      action: 'Correct the SQL.',
      details: findings.length === 0 ? ['It holds no change of a schema.'] : asText(findings, 1).slice(0, -2),
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
}

const notWritten = (path: string, { message, action }: TheseusError) =>
  new Failure(`${path} makes no migration file: ${message}.`, { code: exitCode.refused, action });

function refuseExisting(output: string | undefined): void {
  if (output !== undefined && existsSync(output))
    throw new Failure(`${output} exists already.`, {
      code: exitCode.refused,
      action: 'Remove it, or name another file.',
    });
}
