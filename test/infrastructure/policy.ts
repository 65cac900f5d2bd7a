import type { Statement } from './statements.ts';

/** What IAM is asked: may this action be taken on this resource, in these circumstances? */
export interface Question {
  action: string;
  resource: string;
  /** Condition keys and their values, for example `kms:ViaService`. */
  context?: Record<string, string>;
}

/** A statement without intrinsic functions. */
export interface PlainStatement {
  sid: string;
  effect: 'Allow' | 'Deny';
  actions: string[];
  resources: string[];
  /** Operator → condition key → values, of which one has to match. */
  conditions: Record<string, Record<string, string[]>>;
}

const understood = new Set(['Sid', 'Effect', 'Action', 'Resource', 'Condition']);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

/** Throws an Error for what is not understood, such as NotAction: leaving it out would allow too much or too little. */
export function plainStatement(statement: Statement, resolve: (value: unknown) => string): PlainStatement {
  const strange = Object.keys(statement).filter((key) => !understood.has(key));
  if (strange.length > 0 || statement.Resource === undefined) {
    throw new Error(`Expected a statement of an identity's policy, found ${JSON.stringify(statement)}`);
  }
  const conditions = Object.entries(statement.Condition ?? {}).map(([operator, keys]) => [
    operator,
    Object.fromEntries(Object.entries(keys).map(([key, values]) => [key, list(values).map(resolve)])),
  ]);
  return {
    sid: statement.Sid ?? '',
    effect: statement.Effect,
    actions: statement.Action,
    resources: statement.Resource.map(resolve),
    conditions: Object.fromEntries(conditions),
  };
}

/** `*` stands for any characters and `?` for one. */
function matches(pattern: string, text: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(text);
}

/** ARNs are compared part by part, so that a wildcard in one does not reach into the next; the sixth is the rest. */
function matchesArn(pattern: string, arn: string): boolean {
  const parts = (text: string) => [...text.split(':').slice(0, 5), text.split(':').slice(5).join(':')];
  const given = parts(arn);
  return parts(pattern).every((part, at) => matches(part, given[at] ?? ''));
}

const operators: Record<string, (pattern: string, found: string) => boolean> = {
  StringEquals: (pattern, found) => pattern === found,
  StringLike: matches,
  ArnEquals: matchesArn,
  ArnLike: matchesArn,
};

function holds(conditions: PlainStatement['conditions'], context: Record<string, string>): boolean {
  return Object.entries(conditions).every(([operator, keys]) => {
    const compare = operators[operator];
    if (compare === undefined) throw new Error(`The condition operator ${operator} is not evaluated here`);
    return Object.entries(keys).every(([key, patterns]) => {
      const found = context[key];
      return found !== undefined && patterns.some((pattern) => compare(pattern, found));
    });
  });
}

/** As IAM decides for an identity: something allows it and nothing denies it. Unknown condition operators throw. */
export function allows(
  statements: readonly PlainStatement[],
  { action, resource, context = {} }: Question,
): boolean {
  const about = statements.filter(
    (each) =>
      each.actions.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) &&
      each.resources.some((pattern) => matches(pattern, resource)) &&
      holds(each.conditions, context),
  );
  return about.some(({ effect }) => effect === 'Allow') && about.every(({ effect }) => effect === 'Allow');
}
