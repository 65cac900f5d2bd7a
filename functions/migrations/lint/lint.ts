import type { Snapshot } from '../plan/snapshot.ts';
import { didYouMean } from '../sql/identifiers.ts';
import { advance } from './advance.ts';
import { durationOf } from './duration.ts';
import type { Finding } from './finding.ts';
import { positionsOf } from './position.ts';
import { ruleById, rules } from './registry.ts';
import type { Draft, Rule } from './rule.ts';
import { suppressionWithoutReason } from './rules/suppression-without-reason.ts';
import { syntaxError } from './rules/syntax-error.ts';
import { unusedSuppression } from './rules/unused-suppression.ts';
import { initialState, keyOf, type State, shown, standing } from './state.ts';
import { readStatements, type Statement } from './statements.ts';
import { type Suppression, suppressionsOf } from './suppressions.ts';

export interface LintOptions {
  /** The name findings carry. */
  file: string;
  /** Major version of PostgreSQL, 10–18. */
  postgresVersion: number;
  /** The database as it stands: sizes, types and constraints. */
  snapshot?: Snapshot | undefined;
  /** What a name without a schema means; the snapshot's, or public. */
  schema?: string | undefined;
  /**
   * Who opens a transaction around the file: nobody (none), the tool that runs it (file), or the server because the
   * whole file is sent as one query (several: only when it holds more than one statement).
   */
  transaction: 'none' | 'file' | 'several';
  /** Tables that the same migration makes before this SQL: nobody uses them. */
  fresh?: readonly string[];
}

/** A finding before it knows its place in a file. */
interface Found {
  rule: Rule;
  draft: Draft;
  statement: Statement | null;
  start: number;
  end: number;
}

/**
 * What may go wrong when this SQL runs on a live database, in the order of the text. Pure; never throws on any text.
 * Suppressed findings are left out; `operations` of every finding is null (rewrite/ fills it).
 */
export async function lint(sql: string, options: LintOptions): Promise<Finding[]> {
  const { statements, unreadable } = await readStatements(sql);
  if (unreadable !== null) {
    const { reason, offset } = unreadable;
    const end = Math.max(offset, Math.min(sql.length, lineEnd(sql, offset)));
    const draft = { message: `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.` };
    return [finding({ rule: syntaxError, draft, statement: null, start: offset, end }, sql, options, null)];
  }
  const several = options.transaction === 'several' && statements.length > 1;
  const state = initialState(
    options.postgresVersion,
    options.schema ?? options.snapshot?.schema ?? 'public',
    options.snapshot ?? null,
    options.transaction === 'file' || several,
  );
  for (const name of options.fresh ?? []) state.created.add(keyOf(state, { schema: null, name }));
  const found: Found[] = [];
  for (const statement of statements) {
    for (const rule of rules) {
      for (const draft of rule.check(statement, state)) {
        found.push({ rule, draft, statement, start: statement.start, end: statement.end });
      }
    }
    advance(state, statement);
  }
  for (const rule of rules) {
    for (const { statement: index, ...draft } of rule.finish?.(state) ?? []) {
      const statement = statements[index];
      if (statement !== undefined)
        found.push({ rule, draft, statement, start: statement.start, end: statement.end });
    }
  }
  const left = suppress(found, suppressionsOf(sql, statements));
  const place = positionsOf(sql);
  return left.toSorted((a, b) => a.start - b.start).map((one) => finding(one, sql, options, state, place));
}

const lineEnd = (sql: string, offset: number): number => {
  const end = sql.indexOf('\n', offset);
  return end < 0 ? sql.length : end;
};

function finding(
  { rule, draft, statement, start, end }: Found,
  sql: string,
  { file }: LintOptions,
  state: State | null,
  place = positionsOf(sql),
): Finding {
  const at = place(
    statement === null ? start : draft.offset === undefined ? statement.at(draft.at) : start + draft.offset,
  );
  const table = draft.table === undefined || state === null ? null : standing(state, draft.table);
  const mode = draft.lock === undefined ? rule.lock : draft.lock;
  return {
    file,
    rule: rule.id,
    severity: draft.severity ?? rule.severity,
    line: at.line,
    column: at.column,
    range: { start: place(start), end: place(end) },
    statement: sql.slice(start, end).slice(0, 2_000),
    lock:
      mode === null
        ? null
        : {
            mode,
            table: draft.table === undefined ? null : shown(draft.table),
            duration: durationOf(draft.work ?? rule.work ?? 'catalogue', table),
          },
    message: draft.message,
    advice: draft.advice ?? rule.advice,
    operations: null,
    url: `docs/lint.md#${rule.id}`,
  };
}

/** Takes away what comments silence, and adds what is wrong with these comments. */
function suppress(found: Found[], suppressions: Suppression[]): Found[] {
  const used = new Set<string>();
  const speaks = (one: Suppression, { rule, statement }: Found) =>
    (one.statement === null || one.statement === statement?.index) &&
    one.rules.some((name) => name === rule.id || rule.aliases?.includes(name) === true);
  const left = found.filter((one) => {
    const silencing = suppressions.filter((suppression) => speaks(suppression, one));
    for (const { comment, rules: names } of silencing)
      for (const name of names)
        if (name === one.rule.id || one.rule.aliases?.includes(name)) used.add(`${comment.start} ${name}`);
    return silencing.length === 0;
  });
  const about = (rule: Rule, { comment }: Suppression, message: string): Found => ({
    rule,
    draft: { message },
    statement: null,
    start: comment.start,
    end: comment.end,
  });
  for (const one of suppressions) {
    const known = one.rules.filter((name) => ruleById.has(name));
    if (one.reason === null && (known.length > 0 || !one.foreign))
      left.push(
        about(suppressionWithoutReason, one, `${one.rules.join(', ')} is silenced without a reason.`),
      );
    for (const name of one.rules) {
      // What squawk's comment silences there may be a rule that only squawk has, or has there.
      if (one.foreign || used.has(`${one.comment.start} ${name}`)) continue;
      if (known.includes(name))
        left.push(about(unusedSuppression, one, `${name} finds nothing here: the comment silences nothing.`));
      else
        left.push(
          about(unusedSuppression, one, `There is no rule ${name}${didYouMean(name, [...ruleById.keys()])}`),
        );
    }
  }
  return left;
}
