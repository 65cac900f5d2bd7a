/** A flag as a document of flagd has it; what is not looked at here may be there too. */
export interface FlagDefinition {
  state?: unknown;
  variants?: unknown;
  defaultVariant?: unknown;
  targeting?: unknown;
}

/** What a flag may still give: names of variants; null stands for the default in the code that asks. */
export type Outcomes = ReadonlySet<string | null>;

/** A value of a logic that is known without a context, or not known. */
type Known = { value: unknown } | undefined;

const mostDepth = 100;
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

interface Scope {
  variants: readonly string[];
  fallback: string | null;
  evaluators: Record<string, unknown>;
  /** Unix seconds. */
  now: number;
}

/**
 * Which variants a flag can still give from now on to any context, by its compiled targeting: branches whose condition is
 * decided already, weights of zero and moments that are over count as what they are. What is not understood may give every
 * variant. `now` is in Unix seconds, `evaluators` are the document's `$evaluators`.
 */
export function outcomesOf(flag: FlagDefinition, evaluators: unknown, now: number): Outcomes {
  if (flag.state === 'DISABLED') return new Set([null]);
  const scope: Scope = {
    variants: isRecord(flag.variants) ? Object.keys(flag.variants) : [],
    fallback: typeof flag.defaultVariant === 'string' ? flag.defaultVariant : null,
    evaluators: isRecord(evaluators) ? evaluators : {},
    now,
  };
  const empty = flag.targeting === undefined || (isRecord(flag.targeting) && !hasKeys(flag.targeting));
  return new Set(empty ? [scope.fallback] : resultsOf(flag.targeting, scope, 0));
}

const hasKeys = (value: object) => Object.keys(value).length > 0;

/** The one operator of a logic and its operands. */
function operation(logic: unknown): { operator: string; operands: unknown[] } | undefined {
  if (!isRecord(logic)) return undefined;
  const [entry, ...others] = Object.entries(logic);
  if (entry === undefined || others.length > 0) return undefined;
  return { operator: entry[0], operands: Array.isArray(entry[1]) ? entry[1] : [entry[1]] };
}

function resultsOf(logic: unknown, scope: Scope, depth: number): (string | null)[] {
  const anything = [...scope.variants, scope.fallback];
  if (depth > mostDepth) return anything;
  if (logic === null) return [scope.fallback];
  if (typeof logic === 'string') return [logic];
  // Variants may be named true and false, which targeting then gives as such.
  if (typeof logic === 'boolean') return [String(logic)];
  const found = operation(logic);
  if (found === undefined) return anything;
  const { operator, operands } = found;
  if (operator === 'if' || operator === '?:') return branches(operands, scope, depth);
  if (operator === 'fractional') return buckets(operands) ?? anything;
  const evaluator = operator === '$ref' ? referred(operands, scope) : undefined;
  if (evaluator !== undefined) return resultsOf(evaluator, scope, depth + 1);
  const known = knownValue(logic, scope, depth);
  return known === undefined ? anything : resultsOf(known.value, scope, depth + 1);
}

/** if: condition, result, condition, result, …, otherwise. */
function branches(operands: readonly unknown[], scope: Scope, depth: number): (string | null)[] {
  const results: (string | null)[] = [];
  for (let at = 0; at < operands.length; at += 2) {
    if (at === operands.length - 1) return [...results, ...resultsOf(operands[at], scope, depth + 1)];
    const condition = knownValue(operands[at], scope, depth + 1);
    if (condition !== undefined && !isTrue(condition.value)) continue;
    results.push(...resultsOf(operands[at + 1], scope, depth + 1));
    if (condition !== undefined) return results;
  }
  return [...results, scope.fallback];
}

/** The variants of a fractional operation with any weight; undefined where it has another form. */
function buckets(operands: readonly unknown[]): string[] | undefined {
  // The first operand may be the value to bucket by.
  const parts = Array.isArray(operands[0]) ? operands : operands.slice(1);
  const given: string[] = [];
  for (const part of parts) {
    if (!Array.isArray(part) || typeof part[0] !== 'string') return undefined;
    const weight: unknown = part.length > 1 ? part[1] : 1;
    if (typeof weight !== 'number') return undefined;
    if (weight > 0) given.push(part[0]);
  }
  return given.length === 0 ? undefined : given;
}

const referred = ([name]: readonly unknown[], { evaluators }: Scope): unknown =>
  typeof name === 'string' && Object.hasOwn(evaluators, name) ? evaluators[name] : undefined;

const isTrue = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== '0' && Boolean(value);

function knownValue(logic: unknown, scope: Scope, depth: number): Known {
  if (depth > mostDepth) return undefined;
  if (!isRecord(logic)) return Array.isArray(logic) ? undefined : { value: logic };
  const found = operation(logic);
  if (found === undefined) return undefined;
  const { operator, operands } = found;
  const known = (at: number) => knownValue(operands[at], scope, depth + 1);
  const each = () => operands.map((_, at) => known(at));
  switch (operator) {
    case '$ref': {
      const evaluator = referred(operands, scope);
      return evaluator === undefined ? undefined : knownValue(evaluator, scope, depth + 1);
    }
    case '!':
    case '!!': {
      const value = known(0);
      return value && { value: isTrue(value.value) === (operator === '!!') };
    }
    case '==':
    case '===':
    case '!=':
    case '!==': {
      const [left, right] = each();
      // Only where coercion cannot play a part.
      if (!left || !right || typeof left.value !== typeof right.value) return undefined;
      return { value: (left.value === right.value) === (operator[0] === '=') };
    }
    case 'and':
    case 'or': {
      const decides = operator === 'or';
      const all = each();
      const decided = all.some((one) => one !== undefined && isTrue(one.value) === decides);
      if (decided) return { value: decides };
      return all.every((one) => one !== undefined) ? { value: !decides } : undefined;
    }
    default:
      return past(operator, operands, scope.now);
  }
}

const isTimestamp = (logic: unknown): boolean => {
  const found = operation(logic);
  return found?.operator === 'var' && found.operands[0] === '$flagd.timestamp';
};

/** Time only grows: whether a moment is over is known when it is. */
function past(operator: string, [left, right]: readonly unknown[], now: number): Known {
  const [moment, laterMeans] =
    isTimestamp(left) && typeof right === 'number'
      ? [right, { '>': true, '>=': true, '<': false, '<=': false }]
      : isTimestamp(right) && typeof left === 'number'
        ? [left, { '>': false, '>=': false, '<': true, '<=': true }]
        : [undefined, {}];
  if (moment === undefined || now <= moment || !Object.hasOwn(laterMeans, operator)) return undefined;
  return { value: new Map(Object.entries(laterMeans)).get(operator) };
}
