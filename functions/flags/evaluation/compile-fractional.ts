import type { Expression } from './expression.ts';
import { HASH_START, type HashStart, hashStart, murmur3 } from './murmur3.ts';
import { own } from './paths.ts';
import type { Compile, Compiled, Run, Work } from './run.ts';
import { bucketOf, endsOf, weightsOf } from './shares.ts';

type Fractional = Expression & { kind: 'fractional' };

/** Gives the hash that people are told apart by, or undefined where they cannot be. */
export type Hash = (data: unknown, work: Work) => number | undefined;

/** Compiles `fractional`. Whoever cannot be told apart from others, and whom no bucket takes, gets null. */
export function compileFractional(expression: Fractional, compile: Compile): Compiled {
  const hash = compileHash(expression, compile);
  const variants = expression.buckets.map(({ variant }) => compile(variant));
  const weights = expression.buckets.map(({ weight }) => compile(weight));
  const ends = fixedEnds(expression);
  const parts = [...variants, ...weights].reduce((sum, one) => sum + one.parts, 1);
  const run: Run = (data, work) => {
    const found = hash(data, work);
    // All of it is evaluated, also where the answer is known already: what fails in it fails for all.
    const values = variants.map((variant) => variant.run(data, work));
    const shares = ends ?? computedEnds(weights.map((weight) => weight.run(data, work)));
    const isNamed = values.every((value) => typeof value !== 'object' || value === null);
    return found !== undefined && shares && isNamed ? values[bucketOf(found, shares)] : null;
  };
  return { run, parts, constant: false, personal: true };
}

function computedEnds(values: readonly unknown[]): number[] | undefined {
  const weights = weightsOf(values);
  return weights && endsOf(weights);
}

/** The ends of the buckets where no weight is computed. */
export function fixedEnds({ buckets }: Fractional): number[] | undefined {
  const weights = buckets.map(({ weight }) => (weight.kind === 'literal' ? weight.value : undefined));
  return computedEnds(weights);
}

/** The hash of what tells people apart; text that is the same for all is hashed beforehand. */
export function compileHash({ by, flag }: Fractional, compile: Compile): Hash {
  if (!by) {
    const start = startOf(flag);
    return (_, { context }) => {
      const key = own(context, 'targetingKey');
      if (!key) return undefined;
      return start ? murmur3(String(key), start) : murmur3(`${flag}${key}`);
    };
  }
  const [first, second] =
    by.kind === 'call' && by.operator === 'cat' && by.arguments.length === 2 ? by.arguments : [];
  const start =
    first?.kind === 'literal' ? startOf(first.value === null ? '' : String(first.value)) : undefined;
  if (second && start) {
    const { run } = compile(second);
    return (data, work) => {
      const value = run(data, work);
      return murmur3(value === null ? '' : String(value), start);
    };
  }
  const { run } = compile(by);
  return (data, work) => {
    const value = run(data, work);
    return typeof value === 'string' ? murmur3(value) : undefined;
  };
}

/** The hash begun with a text, unless its last character may be half of one. */
function startOf(text: string): HashStart | undefined {
  if (text === '') return HASH_START;
  return /[\uD800-\uDFFF]$/.test(text) ? undefined : hashStart(text);
}
