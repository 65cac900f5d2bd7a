import { type Condition, compileCondition } from './compile-condition.ts';
import { compileHash, fixedEnds } from './compile-fractional.ts';
import type { Evaluation } from './evaluation.ts';
import type { Expression } from './expression.ts';
import type { Compile, Work } from './run.ts';
import { bucketOf } from './shares.ts';

/** A targeting that gives the flag's answer itself. */
export type Answer = (data: unknown, work: Work) => Evaluation;

/** The answers of a flag, made beforehand: by what a targeting gives, which is a variant or nothing. */
export type AnswerOf = (result: unknown) => Evaluation;

/**
 * Compiles a targeting into closures that give answers: where it ends in variants that are known, no variant is handed
 * on as text and looked up. What is computed is.
 */
export function compileAnswer(targeting: Expression, answerOf: AnswerOf, compile: Compile): Answer {
  if (targeting.kind === 'literal') {
    const answer = answerOf(targeting.value);
    return () => answer;
  }
  if (targeting.kind === 'lazy' && targeting.operator === 'if')
    return chosen(targeting.arguments, answerOf, compile);
  if (targeting.kind === 'fractional') {
    const shared = shares(targeting, answerOf, compile);
    if (shared) return shared;
  }
  const { run } = compile(targeting);
  return (data, work) => answerOf(run(data, work));
}

function chosen(parts: readonly Expression[], answerOf: AnswerOf, compile: Compile): Answer {
  const [test, met] = parts;
  if (!test || !met) {
    if (test) return compileAnswer(test, answerOf, compile);
    const nothing = answerOf(null);
    return () => nothing;
  }
  const condition: Condition = compileCondition(test, compile);
  const then = compileAnswer(met, answerOf, compile);
  const otherwise = chosen(parts.slice(2), answerOf, compile);
  return (data, work) => (condition(data, work) ? then(data, work) : otherwise(data, work));
}

function shares(
  targeting: Expression & { kind: 'fractional' },
  answerOf: AnswerOf,
  compile: Compile,
): Answer | undefined {
  const ends = fixedEnds(targeting);
  const answers: Evaluation[] = [];
  for (const { variant } of targeting.buckets) {
    if (variant.kind !== 'literal') return undefined;
    answers.push(answerOf(variant.value));
  }
  if (!ends) return undefined;
  const hash = compileHash(targeting, compile);
  const nothing = answerOf(null);
  const [first, second] = answers;
  const [end = 0] = ends;
  if (first && second && answers.length === 2) {
    return (data, work) => {
      const found = hash(data, work);
      if (found === undefined) return nothing;
      return found >>> 0 < end ? first : second;
    };
  }
  return (data, work) => {
    const found = hash(data, work);
    return (found === undefined ? undefined : answers[bucketOf(found, ends)]) ?? nothing;
  };
}
