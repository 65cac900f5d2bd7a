import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { MAX_FILE_BYTES } from '#migrations/file/limits.ts';
import type { LintOptions } from '#migrations/lint/lint.ts';
import { MAX_SQL_LENGTH } from '#migrations/lint/statements.ts';
import { exitCode, Failure } from '../failure.ts';

/** A file to be linted. */
export interface LintFile {
  /** Relative to the current folder where it lies below it, with forward slashes. */
  path: string;
  text: string;
  kind: 'sql' | 'migration';
  transaction: LintOptions['transaction'];
}

const maxFiles = 10_000;
const isSql = (path: string) => /\.sql$/i.test(path);
const isMigration = (path: string) => /\.(ya?ml|json)$/i.test(path);
const natural = new Intl.Collator('en', { numeric: true }).compare;

/**
 * The files behind names, folders and patterns, each once, in natural order. In folders: every .sql, and YAML and JSON
 * files that have operations.
 * @throws Failure usage for names that match nothing, refused for files that are too large or too many.
 */
export function findFiles(names: readonly string[]): LintFile[] {
  const files = new Map<string, LintFile>();
  for (const name of names) {
    const found = matches(name);
    if (found.length === 0)
      throw new Failure(`${name} matches no file.`, {
        code: exitCode.usage,
        action: 'Name .sql, .yaml or .json files, folders that hold them, or patterns in quotes.',
      });
    for (const { path, searched } of found) {
      if (files.size >= maxFiles)
        throw new Failure(`More than ${maxFiles} files.`, {
          code: exitCode.refused,
          action: 'Name fewer at once.',
        });
      const file = readLintFile(path);
      if (searched && file.kind === 'migration' && !/(^|[\s{,"])operations"?\s*:/.test(file.text)) continue;
      files.set(path, file);
    }
  }
  return [...files.values()];
}

function matches(name: string): { path: string; searched: boolean }[] {
  if (existsSync(name)) {
    if (!statSync(name).isDirectory()) return [{ path: name, searched: false }];
    return readdirSync(name, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/[/\\]node_modules[/\\]/.test(`${entry.parentPath}/`))
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => isSql(path) || isMigration(path))
      .sort(natural)
      .map((path) => ({ path, searched: true }));
  }
  return globSync(name)
    .filter((path) => statSync(path).isFile())
    .sort(natural)
    .map((path) => ({ path, searched: false }));
}

/** @throws Failure for a file that is too large, cannot be read, or is neither SQL nor a migration by its name. */
export function readLintFile(path: string): LintFile {
  const kind = isSql(path) ? 'sql' : isMigration(path) ? 'migration' : undefined;
  if (kind === undefined)
    throw new Failure(`${path} is neither .sql nor .yaml, .yml or .json.`, { code: exitCode.usage });
  const largest = kind === 'sql' ? MAX_SQL_LENGTH : MAX_FILE_BYTES;
  try {
    const { size } = statSync(path);
    if (size > largest)
      throw new Failure(`${path} has ${size} bytes; at most ${largest} are read.`, {
        code: exitCode.refused,
        action: 'Split it; what is this large loads data rather than changing a schema.',
      });
    const text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
    return { path: shownPath(path), text, kind, transaction: kind === 'sql' ? transactionOf(path) : 'file' };
  } catch (error) {
    if (error instanceof Failure) throw error;
    const reason =
      error instanceof Error && 'code' in error && error.code === 'ENOENT'
        ? 'does not exist'
        : 'cannot be read';
    throw new Failure(`${path} ${reason}.`, { code: exitCode.usage });
  }
}

function shownPath(path: string): string {
  const own = relative(process.cwd(), path);
  return (own === '' || own.startsWith('..') ? path : own).replaceAll('\\', '/');
}

/**
 * Who opens a transaction around a file, by where it lies: Drizzle around all files; Prisma sends a file whole, which
 * the server takes for one transaction; Flyway opens one unless the file's only statement forbids it.
 */
function transactionOf(path: string): LintOptions['transaction'] {
  const folder = dirname(path);
  if (existsSync(join(folder, 'meta', '_journal.json'))) return 'file';
  if (basename(path) === 'migration.sql' && existsSync(join(folder, '..', 'migration_lock.toml')))
    return 'several';
  if (/^[VR][\d._]*__.+\.sql$/i.test(basename(path))) return 'several';
  return 'none';
}
