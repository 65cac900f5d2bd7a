import { isScalar, LineCounter, parseDocument, Scalar } from 'yaml';
import { TheseusError } from '#platform/errors.ts';
import { parseMigrationFile } from '../file/parse.ts';
import type { Finding, Position } from './finding.ts';
import { type LintOptions, lint } from './lint.ts';
import { migrationFileInvalid } from './rules/migration-file-invalid.ts';

/**
 * Lints the `sql` operations of a migration file, YAML or JSON; their findings carry the places in that file. A file
 * that is not a migration gives one finding for each wrong field. Pure; never throws.
 */
export async function lintMigrationFile(text: string, options: LintOptions): Promise<Finding[]> {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: true,
    stringKeys: true,
    merge: false,
  });
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { offset: Math.min(offset, text.length), line: Math.max(1, line), column: Math.max(1, col) };
  };
  const node = (path: (string | number)[]): Scalar | undefined => {
    const found = document.getIn(path, true);
    return isScalar(found) ? found : undefined;
  };
  try {
    const { operations } = parseMigrationFile(text, { fileName: options.file });
    const findings: Finding[] = [];
    for (const [index, { kind, body }] of operations.entries()) {
      if (kind !== 'sql') continue;
      for (const field of ['up', 'down'] as const) {
        const sql = body[field];
        if (sql === undefined) continue;
        const within = placesIn(node(['operations', index, kind, field]), sql, text, place);
        const found = await lint(sql, { ...options, transaction: 'file' });
        findings.push(...found.map((one) => moved(one, within)));
      }
    }
    return findings;
  } catch (error) {
    if (!(error instanceof TheseusError)) throw error;
    const problems = 'problems' in error && Array.isArray(error.problems) ? error.problems : [];
    const wrong: { pointer: string; detail: string }[] =
      problems.length > 0 ? problems : [{ pointer: '', detail: error.message }];
    return wrong.map(({ pointer, detail }) =>
      invalid(options.file, detail, place(offsetOf(document, pointer))),
    );
  }
}

function offsetOf(document: ReturnType<typeof parseDocument>, pointer: string): number {
  const path = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  for (let length = path.length; length > 0; length--) {
    const found = document.getIn(path.slice(0, length), true);
    const range = typeof found === 'object' && found !== null && 'range' in found ? found.range : undefined;
    if (Array.isArray(range) && typeof range[0] === 'number') return range[0];
  }
  return document.errors[0]?.pos[0] ?? 0;
}

function invalid(file: string, detail: string, at: Position): Finding {
  const { id, severity, advice } = migrationFileInvalid;
  return {
    file,
    rule: id,
    severity,
    line: at.line,
    column: at.column,
    range: { start: at, end: at },
    statement: '',
    lock: null,
    message: detail,
    advice,
    operations: null,
    url: `docs/lint.md#${id}`,
  };
}

/** Places in the file of places in the SQL. Exact in block scalars (`|`); elsewhere the scalar's own place stands for all. */
function placesIn(
  scalar: Scalar | undefined,
  sql: string,
  text: string,
  place: (offset: number) => Position,
): (inner: Position) => Position {
  const start = scalar?.range?.[0] ?? 0;
  if (scalar?.type === Scalar.BLOCK_LITERAL) {
    const first = text.indexOf('\n', start) + 1;
    const indent = /^[ \t]*/.exec(text.slice(skipBlank(text, first)))?.[0].length ?? 0;
    const { line } = place(first);
    const begins = text.split('\n').slice(line - 1, line + sql.split('\n').length);
    return (inner) => {
      const own = begins[inner.line - 1] ?? '';
      const column = Math.min(inner.column + indent, own.length + 1);
      let offset = first;
      for (const before of begins.slice(0, inner.line - 1)) offset += before.length + 1;
      return { offset: offset + column - 1, line: line + inner.line - 1, column };
    };
  }
  const plain = scalar?.source === sql && !sql.includes('\n');
  const quoted = scalar?.type === Scalar.PLAIN ? 0 : 1;
  return (inner) => place(plain ? start + quoted + inner.offset : start);
}

/** Where the first line with something on it begins. */
function skipBlank(text: string, from: number): number {
  let at = from;
  for (
    let end = text.indexOf('\n', at);
    end >= 0 && text.slice(at, end).trim() === '';
    end = text.indexOf('\n', at)
  )
    at = end + 1;
  return at;
}

function moved(found: Finding, within: (inner: Position) => Position): Finding {
  const start = within(found.range.start);
  const end = within(found.range.end);
  const { line, column } = within({
    offset: found.range.start.offset,
    line: found.line,
    column: found.column,
  });
  return { ...found, line, column, range: { start, end } };
}
