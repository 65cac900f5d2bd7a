import jsonata from 'jsonata';

/**
 * Limits of one evaluation: a tail-recursive expression would otherwise hold the process for ever.
 * Milliseconds, and the depth of jsonata's own stack.
 */
const LIMITS = { timeout: 1_000, stack: 500 };

const EXPRESSION = /^\{%([\s\S]*)%\}$/;

/** The JSONata inside `{% … %}`, or undefined for a literal string. */
export function expressionOf(text: string): string | undefined {
  return EXPRESSION.exec(text)?.[1]?.trim();
}

/** Compiles JSONata under the engine's limits. @throws a jsonata error for bad syntax. */
export function compile(source: string): jsonata.Expression {
  return jsonata(source, LIMITS);
}

/** Definitions say the same in many states: each text is looked at once. Beyond so many they are not a repository's. */
const looked = new Map<string, string | undefined>();
const LOOKED_LIMIT = 5_000;

/** Why a string of a definition cannot be evaluated, or undefined when it is fine. */
export function expressionProblem(text: string): string | undefined {
  if (looked.has(text)) return looked.get(text);
  const problem = problemOf(text);
  if (looked.size < LOOKED_LIMIT) looked.set(text, problem);
  return problem;
}

function problemOf(text: string): string | undefined {
  const source = expressionOf(text);
  if (source === undefined) {
    return text.startsWith('{%') ? 'an expression that starts with {% ends with %}' : undefined;
  }
  let ast: unknown;
  try {
    ast = compile(source).ast();
  } catch (error) {
    return `bad JSONata: ${jsonataMessage(error)}`;
  }
  return usesEval(ast, new Set()) ? '$eval is not available in Step Functions' : undefined;
}

function usesEval(node: unknown, seen: Set<object>): boolean {
  if (node === null || typeof node !== 'object' || seen.has(node)) return false;
  seen.add(node);
  if ('type' in node && node.type === 'variable' && 'value' in node && node.value === 'eval') return true;
  return Object.values(node).some((inner) => usesEval(inner, seen));
}

/** jsonata throws plain objects: their message, with the code that its documentation lists. */
export function jsonataMessage(error: unknown): string {
  if (error === null || typeof error !== 'object' || !('message' in error)) return String(error);
  return 'code' in error ? `${String(error.message)} (${String(error.code)})` : String(error.message);
}
