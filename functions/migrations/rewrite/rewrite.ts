import { Document, isMap, isSeq } from 'yaml';
import { parseMigrationFile } from '../file/parse.ts';
import type { Operation, OperationOf } from '../file/schema.ts';
import type { Finding } from '../lint/finding.ts';
import { lint } from '../lint/lint.ts';
import type { Statement } from '../lint/statements.ts';
import type { Snapshot } from '../plan/snapshot.ts';
import { cutToBytes, MAX_IDENTIFIER_BYTES } from '../sql/identifiers.ts';
import type { Entry } from './context.ts';
import { operationsOf } from './operations-of.ts';

export interface RewriteOptions {
  /** The file's name, for findings. */
  file: string;
  /** The migration's name. */
  name: string;
  /** The schema that is migrated; names with another one stay SQL. */
  schema: string;
  /** Of the database to be migrated: tells types, columns and defaults that the SQL does not say. */
  snapshot: Snapshot | null;
  postgresVersion: number;
  /** An operation to append: what notes the migration in another tool's history. */
  last?: OperationOf<'sql'> | undefined;
}

/** A migration file made of SQL. */
export interface Rewritten {
  operations: Operation[];
  /** The file, with a comment before each operation that a person should look at. */
  yaml: string;
  /** How many statements stay SQL. */
  kept: number;
  /** What is to be read, one line each, with the operation's place from 1. */
  notes: { operation: number; text: string }[];
}

/**
 * Turns SQL into a migration file: operations where there are any, `sql` operations for the rest, with what the linter
 * finds in these. The result is read back by the product's own parser.
 * @returns the findings instead when the SQL cannot be read. Throws MigrationFileTooLarge or MigrationFileInvalid when the
 * file would have more than 256 KiB or 500 operations.
 */
export async function rewrite(
  sql: string,
  options: RewriteOptions,
): Promise<Rewritten | { findings: Finding[] }> {
  const findings = await lint(sql, {
    ...options,
    snapshot: options.snapshot ?? undefined,
    transaction: 'file',
  });
  const made = await operationsOf(sql, options.schema, options.snapshot);
  if (made === null) return { findings };
  const noted: Entry[] = [];
  for (const entry of made.entries)
    noted.push({
      ...entry,
      notes: [...entry.notes, ...(await found(entry, made.statements, findings, options))],
    });
  if (options.last !== undefined)
    noted.push({ operation: { kind: 'sql', body: options.last }, notes: [], statement: -1 });
  const yaml = printFile(cutToBytes(options.name, MAX_IDENTIFIER_BYTES), noted);
  const operations = noted.map(({ operation }) => operation);
  // What is printed must be what the platform will read; a file without operations is refused there too.
  if (operations.length > 0) parseMigrationFile(yaml);
  return {
    operations,
    yaml,
    kept: made.entries.filter(({ operation }) => operation.kind === 'sql').length,
    notes: noted.flatMap(({ notes }, at) => notes.map((text) => ({ operation: at + 1, text }))),
  };
}

/** Rules about the way a file is run, which the platform decides. */
const otherwise = [
  'unused-suppression',
  'suppression-without-reason',
  'require-timeout-settings',
  'locking-several-tables',
];

/** What the linter says of SQL that stays, alone and in its place: a clause alone does not know tables made before it. */
async function found(
  { operation, statement }: Entry,
  statements: Statement[],
  findings: Finding[],
  { postgresVersion, snapshot, file }: RewriteOptions,
): Promise<string[]> {
  if (operation.kind !== 'sql') return [];
  const start = statements[statement]?.start;
  const there = findings.filter(({ range }) => range.start.offset === start).map(({ rule }) => rule);
  const more = { file, postgresVersion, snapshot: snapshot ?? undefined, transaction: 'file' as const };
  return (await lint(operation.body.up, more))
    .filter(({ rule, severity }) => there.includes(rule) && severity !== 'info' && !otherwise.includes(rule))
    .map(({ rule, message }) => `${rule}: ${message}`);
}

function printFile(name: string, entries: Entry[]): string {
  const operations = entries.map(({ operation: { kind, body } }) => ({ [kind]: body }));
  const document = new Document({ name, operations });
  const list = document.get('operations');
  if (isSeq(list)) {
    for (const [at, item] of list.items.entries()) {
      const notes = entries[at]?.notes ?? [];
      if (isMap(item) && notes.length > 0)
        item.commentBefore = notes.map((note) => ` ${note.replaceAll('\n', ' ')}`).join('\n');
    }
  }
  return document.toString({ lineWidth: 0, blockQuote: 'literal' });
}
