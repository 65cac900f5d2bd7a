import type { Statement } from './statements.ts';
import { type Token, tokensOf } from './tokens.ts';

/** A comment that asks for findings not to be reported. */
export interface Suppression {
  comment: Token;
  /** Rule ids as written. */
  rules: string[];
  reason: string | null;
  /** Written for squawk: its form has no place for a reason. */
  foreign: boolean;
  /** The statement it speaks of, by index; null for the whole file; undefined when none follows. */
  statement: number | null | undefined;
}

const own = /^theseus:ignore(?<file>-file)?\s+(?<rules>[\w-]+(?:\s*,\s*[\w-]+)*)\s*(?::\s*(?<reason>.*))?$/s;
const squawk = /^squawk-ignore(?<file>-file)?\s+(?<rules>[\w-]+(?:\s*,\s*[\w-]+)*)\s*$/s;

/**
 * Comments `theseus:ignore <rule>[, <rule>]: <reason>`, `theseus:ignore-file …` and squawk's. A comment speaks of the
 * statement it stands in, behind on the same line, or before.
 */
export function suppressionsOf(sql: string, statements: readonly Statement[]): Suppression[] {
  if (!/theseus:ignore|squawk-ignore/.test(sql)) return [];
  const comments = [...tokensOf(sql)].filter(({ kind }) => kind === 'line' || kind === 'block');
  return comments.flatMap((comment) => {
    const ours = own.exec(comment.text)?.groups;
    const groups = ours ?? squawk.exec(comment.text)?.groups;
    if (groups === undefined) return [];
    const reason = groups.reason?.trim();
    return [
      {
        comment,
        rules: (groups.rules ?? '').split(',').map((rule) => rule.trim()),
        reason: reason === undefined || reason === '' ? null : reason,
        foreign: ours === undefined,
        statement: groups.file === undefined ? spokenOf(comment, statements, sql) : null,
      },
    ];
  });
}

function spokenOf(comment: Token, statements: readonly Statement[], sql: string): number | undefined {
  const around = statements.find(({ start, end }) => start <= comment.start && comment.start < end);
  if (around !== undefined) return around.index;
  const before = statements.findLast(({ end }) => end <= comment.start);
  const sameLine = before !== undefined && !sql.slice(before.end, comment.start).includes('\n');
  if (sameLine) return before.index;
  return statements.find(({ start }) => start >= comment.end)?.index;
}
