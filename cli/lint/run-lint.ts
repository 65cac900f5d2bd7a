import type { Finding, Severity } from '#migrations/lint/finding.ts';
import { lint } from '#migrations/lint/lint.ts';
import { atLeast } from '#migrations/lint/severity.ts';
import { assumedVersion, newestVersion, oldestVersion } from '#migrations/lint/versions.ts';
import type { Snapshot } from '#migrations/plan/snapshot.ts';
import { withOperations } from '#migrations/rewrite/advise.ts';
import { exitCode, Failure } from '../failure.ts';
import { print, printJson } from '../output.ts';
import { findFiles } from './files.ts';
import { asGithub } from './github.ts';
import { asSarif } from './sarif.ts';
import { asText } from './text.ts';

/** What `theseus migration lint` is asked, as its options are written. */
export interface LintAsked {
  format: 'text' | 'json' | 'sarif' | 'github';
  json?: boolean;
  severity: Severity;
  failOn: Severity;
  postgresVersion?: string;
  database?: string;
  schema?: string;
  inTransaction?: boolean;
}

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

/** Lints the files and prints what was found; sets the exit code to refused when something is as severe as asked. */
export async function lintFiles(names: string[], options: LintAsked): Promise<void> {
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
    findings.push(...(await (kind === 'sql' ? lint : await migrationFileLinter())(text, more)));
  }
  const shown = findings.filter(({ severity }) => atLeast(severity, options.severity));
  const format = options.json === true ? 'json' : options.format;
  // Only these two show them, and they take longer than the linting itself.
  const advised =
    format === 'text' || format === 'json'
      ? await withOperations(shown, options.schema ?? 'public', snapshot ?? null)
      : shown;
  report(advised, files.length, format);
  if (findings.some(({ severity }) => atLeast(severity, options.failOn))) process.exitCode = exitCode.refused;
}

function report(findings: readonly Finding[], files: number, format: LintAsked['format']): void {
  if (format === 'json') for (const finding of findings) printJson(finding);
  else if (format === 'sarif') printJson(asSarif(findings));
  else for (const line of format === 'github' ? asGithub(findings) : asText(findings, files)) print(line);
}

/** What reads migration files takes longer to load than the linter. */
const migrationFileLinter = async () =>
  (await import('#migrations/lint/migration-file.ts')).lintMigrationFile;

async function readSnapshot(url: string, schema: string): Promise<Snapshot> {
  const { snapshotOf } = await import('../migration/offline.ts');
  return snapshotOf(url, schema);
}
