import type { Expression, ListOperator } from './expression.ts';
import { ownAt, stepsOf } from './paths.ts';
import type { Compile, Compiled, Run, Work } from './run.ts';
import { listOf, NotComputable, truthy } from './values.ts';

/** Compiles what does the same with every element of a list, which the body reads as its data. */
export function compileEach(
  { operator, list, body }: Expression & { kind: 'each' },
  compile: Compile,
): Compiled {
  const [items, test] = [compile(list), compile(body)];
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

/** Compiles what makes one value of a list: the body reads `accumulator` and `current`. */
export function compileReduce(
  { list, body, initial }: Expression & { kind: 'reduce' },
  compile: Compile,
): Compiled {
  const [items, fold, start] = [compile(list), compile(body), compile(initial)];
  const run: Run = (data, work) => {
    const found = listOf(items.run(data, work));
    work.spend(found.length * fold.parts);
    let accumulator = flat(start.run(data, work), work);
    for (const current of found) accumulator = flat(fold.run({ accumulator, current }, work), work);
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
function flat(value: unknown, work: Work): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const inside = Object.values(value);
  work.spend(inside.length);
  if (inside.some((inner) => typeof inner === 'object' && inner !== null)) {
    throw new NotComputable('What is accumulated holds lists or objects');
  }
  return value;
}

/** The names, of those given, under which there is nothing. In the context, what flagd adds to it is there. */
export function missing(names: unknown, data: unknown, isContext: boolean, work: Work): unknown[] {
  const all: unknown[] = Array.isArray(names) ? names : [names];
  work.spend(all.length);
  return all.filter((name) => {
    const steps = stepsOf(String(name));
    if (!isContext || steps[0] !== '$flagd') return ownAt(data, steps) === undefined;
    return steps.length > 2 || (steps[1] !== undefined && steps[1] !== 'flagKey' && steps[1] !== 'timestamp');
  });
}
