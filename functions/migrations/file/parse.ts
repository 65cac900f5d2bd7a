import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { type FieldProblem, fieldProblems } from '#platform/errors.ts';
import { MigrationFileInvalid, MigrationFileTooLarge } from '../errors.ts';
import { didYouMean } from '../sql/identifiers.ts';
import { MAX_FILE_BYTES } from './limits.ts';
import {
  Identifier,
  type MigrationFile,
  type Operation,
  type OperationKind,
  operationSchemas,
} from './schema.ts';

const MAX_OPERATIONS = 500;
const MAX_ALIASES = 50;

const FileShape = z.strictObject({
  name: z.string().optional(),
  version_schema: Identifier.optional(),
  operations: z.array(z.record(z.string(), z.unknown())).min(1).max(MAX_OPERATIONS),
});

/** The error that names every wrong field of a file. */
export const refuse = (problems: FieldProblem[]) =>
  new MigrationFileInvalid(
    `The migration file has ${problems.length} problem${problems.length === 1 ? '' : 's'}`,
    {
      problems: problems.slice(0, 50),
      evidence: { problems: problems.slice(0, 50) },
      action: 'Correct the fields named and plan again.',
    },
  );

/**
 * Reads a migration file, YAML or JSON (which is YAML too). `fileName` names the migration when the file does not.
 * Throws MigrationFileTooLarge over 256 KiB, MigrationFileInvalid with a pointer to every wrong field.
 */
export function parseMigrationFile(text: string, options: { fileName?: string } = {}): MigrationFile {
  const content = readFileText(text);
  if (isDataFile(content)) {
    throw refuse([
      {
        pointer: '/data',
        detail: 'This is a data migration, which is planned against a registered database only',
      },
    ]);
  }
  const shape = FileShape.safeParse(content);
  if (!shape.success) throw refuse(fieldProblems('', shape.error));
  const problems: FieldProblem[] = [];
  const operations = shape.data.operations.flatMap((entry, index) => {
    const result = parseOperation(entry, `/operations/${index}`);
    if ('problems' in result) problems.push(...result.problems);
    return 'operation' in result ? [result.operation] : [];
  });
  const name = nameOf(shape.data.name, options.fileName);
  if (!Identifier.safeParse(name).success) {
    problems.unshift({
      pointer: '/name',
      detail: 'Expected a name of 1 to 63 bytes, in the file or as the file’s own name',
    });
  }
  if (problems.length > 0) throw refuse(problems);
  return { name, versionSchema: shape.data.version_schema ?? null, operations };
}

/** Whether a file's content is that of a data migration: rows, not a schema. */
export const isDataFile = (content: unknown): boolean =>
  typeof content === 'object' && content !== null && 'data' in content;

/** The content of a file, YAML or JSON. Throws MigrationFileTooLarge over 256 KiB, MigrationFileInvalid. */
export function readFileText(text: string): unknown {
  const size = Buffer.byteLength(text, 'utf8');
  if (size > MAX_FILE_BYTES) {
    throw new MigrationFileTooLarge(
      `The migration file has ${size} bytes; at most ${MAX_FILE_BYTES} are read`,
      {
        evidence: { bytes: size, limit: MAX_FILE_BYTES },
        action: 'Split the migration into several files.',
      },
    );
  }
  return parseText(text);
}

function parseText(text: string): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: true,
    stringKeys: true,
    merge: false,
  });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw refuse([{ pointer: '', detail: `Not YAML or JSON at line ${line}, column ${col}: ${error.code}` }]);
  }
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch {
    throw refuse([{ pointer: '', detail: `Aliases expand to more than ${MAX_ALIASES} nodes` }]);
  }
}

/** The name in the file, else that of the file itself. */
export function nameOf(given: string | undefined, fileName: string | undefined): string {
  if (given !== undefined) return given;
  const base = fileName?.split(/[/\\]/).at(-1) ?? '';
  return base.replace(/\.(ya?ml|json)$/i, '');
}

const isKind = (word: string): word is OperationKind => Object.hasOwn(operationSchemas, word);

function parseOperation(
  entry: Record<string, unknown>,
  pointer: string,
): { operation: Operation } | { problems: FieldProblem[] } {
  const words = Object.keys(entry);
  const [kind] = words;
  if (kind === undefined || words.length > 1) {
    return { problems: [{ pointer, detail: `Expected one operation, found ${words.length}` }] };
  }
  if (!isKind(kind)) {
    const near = didYouMean(kind, Object.keys(operationSchemas));
    return { problems: [{ pointer: `${pointer}/${kind}`, detail: `"${kind}" is not an operation${near}` }] };
  }
  const body = operationSchemas[kind].safeParse(entry[kind]);
  if (!body.success) return { problems: fieldProblems(`${pointer}/${kind}`, body.error) };
  // The schema was chosen by kind, so kind and body belong together; the compiler cannot follow the lookup.
  return { operation: { kind, body: body.data } as Operation };
}
