import { compileFractional } from './compile-fractional.ts';
import { compileEach, compileReduce, missing } from './compile-lists.ts';
import { compileRead } from './compile-read.ts';
import type { Expression, LazyOperator, PlainOperator, SpreadOperator } from './expression.ts';
import { loosely, OPERATORS, ORDERS, type Order } from './operators.ts';
import type { Compile, Compiled, Run, Work } from './run.ts';
import { NotComputable, truthy } from './values.ts';

/**
 * Compiles an expression into a closure. What is the same for everyone is computed now, with `work`, which bounds it for
 * all that is compiled together: NotComputable is thrown when that fails, since it would for everyone.
 */
export function compileExpression(expression: Expression, work: Work): Compiled {
  const compiled = compileOne(expression, (part) => compileExpression(part, work));
  if (!compiled.constant || expression.kind === 'literal') return compiled;
  const value = compiled.run({}, work);
  return { ...FIXED, run: () => value };
}

const FIXED = { parts: 1, constant: true, personal: false };
const OPEN = { parts: 1, constant: false, personal: false };

function compileOne(expression: Expression, compile: Compile): Compiled {
  switch (expression.kind) {
    case 'literal': {
      const { value } = expression;
      return { ...FIXED, run: () => value };
    }
    case 'read':
      return { ...OPEN, run: compileRead(expression.path, expression.fallback) };
    case 'data':
      return { ...OPEN, run: (data) => data ?? null };
    case 'timestamp':
      return { ...OPEN, run: timestamp };
    case 'list':
      return together(expression.items.map(compile), evaluated);
    case 'call':
      return together(expression.arguments.map(compile), called(expression.operator));
    case 'spread':
      return together([compile(expression.argument)], spread(expression.operator));
    case 'lazy':
      return together(expression.arguments.map(compile), LAZY[expression.operator]);
    case 'each':
      return compileEach(expression, compile);
    case 'reduce':
      return compileReduce(expression, compile);
    case 'missing': {
      const { isContext } = expression;
      const names = compile(expression.names);
      const run: Run = (data, work) => missing(names.run(data, work), data, isContext, work);
      return { run, parts: 1 + names.parts, constant: false, personal: names.personal };
    }
    case 'missing_some':
      return compileMissingSome(expression, compile);
    case 'fractional':
      return compileFractional(expression, compile);
  }
}

const none: Run = () => null;

/** Makes one of all parts. */
function together(parts: readonly Compiled[], make: (runs: readonly Run[]) => Run): Compiled {
  return {
    run: make(parts.map(({ run }) => run)),
    parts: 1 + parts.reduce((sum, one) => sum + one.parts, 0),
    constant: parts.every(({ constant }) => constant),
    personal: parts.some(({ personal }) => personal),
  };
}

function compileMissingSome(expression: Expression & { kind: 'missing_some' }, compile: Compile): Compiled {
  const { isContext } = expression;
  const [needed, names] = [compile(expression.needed), compile(expression.names)];
  const run: Run = (data, work) => {
    const wanted = names.run(data, work);
    const gone = missing(wanted, data, isContext, work);
    const count = Array.isArray(wanted) ? wanted.length : 1;
    return count - gone.length >= Number(needed.run(data, work)) ? [] : gone;
  };
  return {
    run,
    parts: 1 + needed.parts + names.parts,
    constant: false,
    personal: needed.personal || names.personal,
  };
}

const evaluated = (runs: readonly Run[]): ((data: unknown, work: Work) => unknown[]) => {
  return (data, work) => runs.map((run) => run(data, work));
};

function timestamp(_: unknown, { now }: Work): number {
  if (now === undefined) throw new NotComputable('The targeting asks for the time, and none was given');
  return now;
}

const isOrder = (operator: PlainOperator): operator is keyof typeof ORDERS => Object.hasOwn(ORDERS, operator);

function called(operator: PlainOperator): (runs: readonly Run[]) => Run {
  if (isOrder(operator)) return ordered(ORDERS[operator]);
  const apply = OPERATORS[operator];
  return (runs) => {
    const [first = none, second = none] = runs;
    if (runs.length === 1) return (data, work) => apply([first(data, work)], work);
    if (runs.length === 2) return (data, work) => apply([first(data, work), second(data, work)], work);
    const all = evaluated(runs);
    return (data, work) => apply(all(data, work), work);
  };
}

/** Two values in an order, or three, of which the last is only computed when the first two are. */
function ordered(order: Order): (runs: readonly Run[]) => Run {
  return ([first = none, second = none, third]) => {
    if (!third) return (data, work) => loosely(order, first(data, work), second(data, work));
    return (data, work) => {
      const middle = second(data, work);
      return loosely(order, first(data, work), middle) && loosely(order, middle, third(data, work));
    };
  };
}

function spread(operator: SpreadOperator): (runs: readonly Run[]) => Run {
  const apply = OPERATORS[operator];
  return ([argument = none]) => {
    return (data, work) => {
      const value = argument(data, work);
      if (!Array.isArray(value)) return apply([value], work);
      work.spend(value.length);
      return apply(value, work);
    };
  };
}

/** Those that evaluate no more than they must. */
const LAZY: Readonly<Record<LazyOperator, (runs: readonly Run[]) => Run>> = {
  and: (runs) => (data, work) => {
    let value: unknown = null;
    for (const run of runs) {
      value = run(data, work);
      if (!truthy(value)) return value;
    }
    return value;
  },
  or: (runs) => (data, work) => {
    let value: unknown = null;
    for (const run of runs) {
      value = run(data, work);
      if (truthy(value)) return value;
    }
    return value;
  },
  if: (runs) => (data, work) => {
    const last = runs.length - 1;
    for (let index = 0; index < last; index += 2) {
      if (truthy(runs[index]?.(data, work))) return runs[index + 1]?.(data, work);
    }
    // An even number of parts has nothing for those who meet no condition.
    return last % 2 === 0 ? runs[last]?.(data, work) : null;
  },
};
