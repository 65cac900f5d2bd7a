import { child, items, stringOf, type Tree, walk } from '../../sql/tree.ts';
import type { Rule } from '../rule.ts';
import type { Statement } from '../statements.ts';
import { harmlessFunctions } from './harmless-functions.ts';

/** Functions a statement calls of which nothing is known. */
function unknownCalls(body: Tree): string[] {
  const names = new Set<string>();
  walk(body, (kind, call) => {
    if (kind !== 'FuncCall') return undefined;
    const parts = items(call, 'funcname').map((part) => stringOf(part) ?? '');
    const name = parts.at(-1) ?? '';
    const builtIn = parts.length === 1 || parts[0] === 'pg_catalog';
    if (!builtIn || !harmlessFunctions.has(name)) names.add(parts.join('.'));
    return undefined;
  });
  return [...names];
}

function hidden({ kind, body }: Statement): string | null {
  if (kind === 'DoStmt') return 'a DO block';
  if (kind === 'ExecuteStmt') return `the prepared statement "${String(body.name)}"`;
  if (kind === 'LoadStmt') return 'a library that is loaded into the server';
  if (kind === 'CallStmt') {
    const parts = items(child(body, 'funccall'), 'funcname').map((part) => stringOf(part) ?? '');
    return `the procedure "${parts.join('.')}"`;
  }
  if (kind !== 'SelectStmt') return null;
  const calls = unknownCalls(body);
  return calls.length === 0 ? null : `the function "${calls.join('", "')}"`;
}

export const opaqueStatement: Rule = {
  id: 'opaque-statement',
  severity: 'error',
  title: 'Code that the parser cannot see into',
  lock: null,
  why: 'DO, CALL, EXECUTE and SELECT of a function of yours may change or lock anything; what they do is text until it runs.',
  advice:
    'Write the statements out. Where that cannot be, read the code, and silence this rule with what you found.',
  check(statement) {
    const what = hidden(statement);
    return what === null ? [] : [{ message: `What ${what} does is not known before it runs.` }];
  },
};
