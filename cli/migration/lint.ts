import { Command, Option } from 'commander';
import { atLeast, type Finding, type Severity, severities } from '#migrations/lint/finding.ts';
import { lint, newestVersion, oldestVersion } from '#migrations/lint/lint.ts';
import { lintMigrationFile } from '#migrations/lint/migration-file.ts';
import type { Snapshot } from '#migrations/plan/snapshot.ts';
import { withOperations } from '#migrations/rewrite/advise.ts';
import { exitCode, Failure } from '../failure.ts';
import { findFiles } from '../lint/files.ts';
import { asGithub } from '../lint/github.ts';
import { asSarif } from '../lint/sarif.ts';
import { asText } from '../lint/text.ts';
import { print, printJson } from '../output.ts';

interface Options {
  format: 'text' | 'json' | 'sarif' | 'github';
  json?: boolean;
  severity: Severity;
  failOn: Severity;
  postgresVersion?: string;
  database?: string;
  schema?: string;
  inTransaction?: boolean;
}

/** The oldest version that Theseus migrates; what is safe there is safe on all later ones. */
const assumedVersion = 14;

/** @throws Failure usage for anything but 10–18, with or without a minor version. */
function versionOf(text: string): number {
  const major = /^(\d{2})(?:\.\d+)?$/.exec(text)?.[1];
  const version = Number(major);
  if (major === undefined || version < oldestVersion || version > newestVersion)
    throw new Failure(
      `--postgres-version is '${text}'; expected a version from ${oldestVersion} to ${newestVersion}, for example 16.`,
      { code: exitCode.usage },
    );
  return version;
}

/**
 * `theseus migration lint <files, folders or patterns…>`: says what would block or break clients; needs no database.
 * Exit 3 when there is a finding of --fail-on or worse.
 */
export const migrationLint = (): Command =>
  new Command('lint')
    .description('Say what SQL would do to a live database; needs no platform and no database')
    .argument('<files...>', '.sql files, migration files, folders of them, or patterns in quotes')
    .addOption(
      new Option('--format <format>', 'text, json, sarif or github')
        .choices(['text', 'json', 'sarif', 'github'])
        .default('text'),
    )
    .option('--json', 'the same as --format json')
    .addOption(
      new Option('--severity <least>', 'leave out findings below error, warning or info')
        .choices([...severities])
        .default('warning'),
    )
    .addOption(
      new Option('--fail-on <least>', 'exit with 3 when a finding is an error, a warning, or an info')
        .choices([...severities])
        .default('error'),
    )
    .option(
      '--postgres-version <version>',
      `${oldestVersion}–${newestVersion} (default: the database's with --database, else ${assumedVersion})`,
    )
    .option('--database <url>', 'read sizes and types of the tables there, postgresql://…; changes nothing')
    .option('--schema <name>', 'what names without a schema mean (default: public)')
    .option('--in-transaction', 'the tool that runs the files opens a transaction around each')
    .option('--no-in-transaction', 'it opens none (default: by the tool that the folder belongs to)')
    .action(async (names: string[], options: Options) => {
      const given = options.postgresVersion === undefined ? undefined : versionOf(options.postgresVersion);
      const files = findFiles(names);
      const snapshot =
        options.database === undefined
          ? undefined
          : await readSnapshot(options.database, options.schema ?? 'public');
      const version = given ?? (snapshot ? Math.floor(snapshot.serverVersion / 10_000) : assumedVersion);
      const findings: Finding[] = [];
      for (const { path, text, kind, transaction } of files) {
        const more = {
          file: path,
          postgresVersion: Math.min(version, newestVersion),
          snapshot,
          schema: options.schema,
          transaction:
            options.inTransaction === undefined
              ? transaction
              : options.inTransaction
                ? ('file' as const)
                : ('none' as const),
        };
        findings.push(...(kind === 'sql' ? await lint(text, more) : await lintMigrationFile(text, more)));
      }
      const shown = findings.filter(({ severity }) => atLeast(severity, options.severity));
      const format = options.json === true ? 'json' : options.format;
      // Only these two show them, and they take longer than the linting itself.
      const advised =
        format === 'text' || format === 'json'
          ? await withOperations(shown, options.schema ?? 'public', snapshot ?? null)
          : shown;
      report(advised, files.length, format);
      if (findings.some(({ severity }) => atLeast(severity, options.failOn)))
        process.exitCode = exitCode.refused;
    });

function report(findings: readonly Finding[], files: number, format: Options['format']): void {
  if (format === 'json') for (const finding of findings) printJson(finding);
  else if (format === 'sarif') printJson(asSarif(findings));
  else for (const line of format === 'github' ? asGithub(findings) : asText(findings, files)) print(line);
}

async function readSnapshot(url: string, schema: string): Promise<Snapshot> {
  const { snapshotOf } = await import('./offline.ts');
  return snapshotOf(url, schema);
}
