import { compileFractional } from './compile-fractional.ts';
import { compileRead } from './compile-read.ts';
import type { Expression, LazyOperator, ListOperator } from './expression.ts';
import { loosely, OPERATORS, ORDERS } from './operators.ts';
import { ownAt, stepsOf } from './paths.ts';
import { type Compiled, type Run, Work } from './run.ts';
import { listOf, NotComputable, truthy } from './values.ts';

/**
 * Compiles an expression into a closure. What is the same for everyone is computed now: NotComputable is thrown when
 * that fails, since it would for everyone.
 */
export function compileExpression(expression: Expression): Compiled {
  const compiled = compileOne(expression);
  if (!compiled.constant || expression.kind === 'literal') return compiled;
  const value = compiled.run({}, new Work());
  return { run: () => value, parts: 1, constant: true, personal: false };
}

function compileOne(expression: Expression): Compiled {
  switch (expression.kind) {
    case 'literal': {
      const { value } = expression;
      return { run: () => value, parts: 1, constant: true, personal: false };
    }
    case 'read':
      return {
        run: compileRead(expression.path, expression.fallback),
        parts: 1,
        constant: false,
        personal: false,
      };
    case 'data':
      return { run: (data) => data ?? null, parts: 1, constant: false, personal: false };
    case 'timestamp':
      return { run: timestamp, parts: 1, constant: false, personal: false };
    case 'list':
      return together(expression.items, evaluated);
    case 'call':
      return compileCall(expression);
    case 'spread': {
      const operator = OPERATORS[expression.operator];
      return together([expression.argument], ([argument = none]) => (data, work) => {
        const value = argument(data, work);
        return operator(Array.isArray(value) ? value : [value], work);
      });
    }
    case 'lazy':
      return together(expression.arguments, LAZY[expression.operator]);
    case 'each':
      return compileEach(expression.operator, expression.list, expression.body);
    case 'reduce':
      return compileReduce(expression);
    case 'missing':
      return together(
        [expression.names],
        ([names = none]) =>
          (data, work) => {
            return missing(names(data, work), data, expression.isContext);
          },
        false,
      ); // prettier-ignore
    case 'missing_some':
      return together(
        [expression.needed, expression.names],
        ([needed = none, names = none]) =>
          (data, work) => {
            const wanted = names(data, work);
            const gone = missing(wanted, data, expression.isContext);
            const count = Array.isArray(wanted) ? wanted.length : 1;
            return count - gone.length >= Number(needed(data, work)) ? [] : gone;
          },
        false,
      ); // prettier-ignore
    case 'fractional':
      return compileFractional(expression, compileExpression);
  }
}

const none: Run = () => null;

/** Compiles all parts, and makes one of them; without `constantParts` it depends on the context in any case. */
function together(
  parts: readonly Expression[],
  make: (runs: readonly Run[]) => Run,
  constantParts = true,
): Compiled {
  const compiled = parts.map(compileExpression);
  return {
    run: make(compiled.map(({ run }) => run)),
    parts: 1 + compiled.reduce((sum, one) => sum + one.parts, 0),
    constant: constantParts && compiled.every(({ constant }) => constant),
    personal: compiled.some(({ personal }) => personal),
  };
}

const evaluated = (runs: readonly Run[]): Run => {
  return (data, work) => runs.map((run) => run(data, work));
};

function timestamp(_: unknown, { now }: Work): number {
  if (now === undefined) throw new NotComputable('The targeting asks for the time, and none was given');
  return now;
}

function compileCall({ operator, arguments: all }: Expression & { kind: 'call' }): Compiled {
  const order = Object.hasOwn(ORDERS, operator) ? ORDERS[operator as keyof typeof ORDERS] : undefined;
  if (order) {
    return together(all, ([first = none, second = none, third]) => {
      if (!third) return (data, work) => loosely(order, first(data, work), second(data, work));
      return (data, work) => {
        const middle = second(data, work);
        return loosely(order, first(data, work), middle) && loosely(order, middle, third(data, work));
      };
    });
  }
  const apply = OPERATORS[operator];
  return together(all, (runs) => {
    const [first = none, second = none] = runs;
    if (runs.length === 1) return (data, work) => apply([first(data, work)], work);
    if (runs.length === 2) return (data, work) => apply([first(data, work), second(data, work)], work);
    return (data, work) =>
      apply(
        runs.map((run) => run(data, work)),
        work,
      ); // prettier-ignore
  });
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

function compileEach(operator: ListOperator, list: Expression, body: Expression): Compiled {
  const [items, test] = [compileExpression(list), compileExpression(body)];
  const { run } = test;
  const over = (data: unknown, work: Work) => {
    const found = listOf(items.run(data, work));
    work.spend(found.length * test.parts);
    return found;
  };
  const meets = (work: Work) => (item: unknown) => truthy(run(item, work));
  const RUNS: Readonly<Record<ListOperator, Run>> = {
    map: (data, work) => over(data, work).map((item) => run(item, work)),
    filter: (data, work) => over(data, work).filter(meets(work)),
    some: (data, work) => over(data, work).some(meets(work)),
    none: (data, work) => !over(data, work).some(meets(work)),
    all: (data, work) => {
      const found = over(data, work);
      return found.length > 0 && found.every(meets(work));
    },
  };
  return {
    run: RUNS[operator],
    parts: 1 + items.parts + test.parts,
    constant: items.constant && !test.personal,
    personal: items.personal || test.personal,
  };
}

function compileReduce({ list, body, initial }: Expression & { kind: 'reduce' }): Compiled {
  const [items, fold, start] = [list, body, initial].map(compileExpression);
  if (!items || !fold || !start) throw new NotComputable('A reduction of nothing');
  const run: Run = (data, work) => {
    const found = listOf(items.run(data, work));
    work.spend(found.length * fold.parts);
    let accumulator = flat(start.run(data, work));
    for (const current of found) accumulator = flat(fold.run({ accumulator, current }, work));
    return accumulator;
  };
  return {
    run,
    parts: 1 + items.parts + fold.parts + start.parts,
    constant: items.constant && start.constant && !fold.personal,
    personal: items.personal || fold.personal || start.personal,
  };
}

/** What is accumulated may be a list or an object, and hold none: it could grow without end. */
function flat(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Object.values(value).some((inner) => typeof inner === 'object' && inner !== null)) {
    throw new NotComputable('What is accumulated holds lists or objects');
  }
  return value;
}

function missing(names: unknown, data: unknown, isContext: boolean): unknown[] {
  const all: unknown[] = Array.isArray(names) ? names : [names];
  return all.filter((name) => {
    const steps = stepsOf(String(name));
    if (!isContext || steps[0] !== '$flagd') return ownAt(data, steps) === undefined;
    return steps.length > 2 || (steps[1] !== undefined && steps[1] !== 'flagKey' && steps[1] !== 'timestamp');
  });
}
