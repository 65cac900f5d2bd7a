import { threadCpuUsage } from 'node:process';
import { type Context, constants, createContext, Script } from 'node:vm';
import { InvalidInput } from '#platform/errors.ts';
import { define } from '../edits.ts';
import { Misfit } from '../misfit.ts';
import { jsonataSource } from './jsonata-source.ts';
import { timedOut } from './watchdog.ts';

/** Of one try. The library looks at its own limits between steps; the last one ends it wherever it is. */
const limits = { timeout: 100, stack: 500, sequence: 100_000 } as const;
const LAST = 125;
/**
 * What took too long is tried again until it has really had so much of the processor: on a machine that does something else,
 * time passes without it. Where it has the processor to itself, that is after 250 ms.
 */
const ENOUGH_MICROSECONDS = 200_000;
const MOST_TRIES = 16;
const TIMED_OUT = 'D1012';

/** Of one result: values, characters of its texts, and depth. */
const MOST_VALUES = 200_000;
const MOST_CHARACTERS = 8_000_000;
const DEEPEST = 500;

/** The same document gives the same document: an expression has no time and no chance, and it makes no others. */
const REFUSED = new Set(['now', 'millis', 'random', 'eval']);

interface Expression {
  ast(): unknown;
  evaluate(input: unknown): Promise<unknown>;
}

interface Evaluation {
  expression: Expression;
  inputs: readonly unknown[];
  values: unknown[];
  error?: unknown;
  done: boolean;
}

/** The library in a world whose promises run before the script ends: so they are under its limit of time. */
interface World extends Context {
  evaluation?: Evaluation | undefined;
  jsonata(source: string, options: typeof limits): Expression;
}

const library = new Script(
  `var module = { exports: {} }, exports = module.exports;${jsonataSource};globalThis.jsonata = module.exports;`,
);
// One after the other: the library keeps the input of an expression with the expression.
const evaluation = new Script(`(async () => {
  const one = globalThis.evaluation;
  try {
    for (const input of one.inputs) one.values.push(await one.expression.evaluate(input));
  } catch (error) {
    one.error = error ?? 'nothing was said';
  }
  one.done = true;
})()`);

let world: World | undefined;

/** One for all expressions; another one after an evaluation was ended, whose promises may still wait in this one. */
function currentWorld(): World {
  if (world) return world;
  const context = createContext(constants.DONT_CONTEXTIFY, { microtaskMode: 'afterEvaluate' });
  library.runInContext(context);
  // The script has just set jsonata.
  world = context as World;
  return world;
}

/**
 * Compiles an expression, which is given values and answers with what becomes of each: a Misfit where it failed, after
 * which the others are not looked at. All of them together have the time of one.
 * @throws InvalidInput when it does not parse or calls what is not available.
 */
export function jsonataEdits(source: string): (inputs: readonly unknown[]) => unknown[] {
  const compiled = compile(source, currentWorld());
  return (inputs) => evaluated(compiled, inputs);
}

interface Compiled {
  source: string;
  world: World;
  expression: Expression;
}

function compile(source: string, here: World): Compiled {
  let expression: Expression;
  try {
    expression = here.jsonata(source, limits);
  } catch (error) {
    throw refuse(`The JSONata does not parse: ${messageOf(error)}`);
  }
  for (const name of calledIn(expression.ast())) {
    if (REFUSED.has(name))
      throw refuse(`$${name} is not available: the same document always gives the same document`);
  }
  return { source, world: here, expression };
}

function evaluated(compiled: Compiled, inputs: readonly unknown[]): unknown[] {
  const start = threadCpuUsage();
  for (let tries = 1; ; tries++) {
    const one = tried(compiled, inputs);
    if (one === 'too long') {
      const { user, system } = threadCpuUsage(start);
      if (user + system < ENOUGH_MICROSECONDS && tries < MOST_TRIES) continue;
      return [new Misfit('the expression took longer than 250 ms')];
    }
    const left = { values: MOST_VALUES, characters: MOST_CHARACTERS };
    const values: unknown[] = one.values.map((value) => asMisfit(() => plain(value, left, 0)));
    if (!one.done) values.push(new Misfit('the expression waits for what never comes'));
    if (one.error !== undefined) values.push(new Misfit(`the expression failed: ${messageOf(one.error)}`));
    return values;
  }
}

function tried(compiled: Compiled, inputs: readonly unknown[]): Evaluation | 'too long' {
  const here = currentWorld();
  if (compiled.world !== here) Object.assign(compiled, compile(compiled.source, here));
  const one: Evaluation = { expression: compiled.expression, inputs, values: [], done: false };
  here.evaluation = one;
  try {
    evaluation.runInContext(here, { timeout: LAST });
  } catch (error) {
    world = undefined;
    if (!timedOut(error)) throw new Misfit(messageOf(error));
    return 'too long';
  } finally {
    here.evaluation = undefined;
  }
  const { error } = one;
  const tooLong = typeof error === 'object' && error !== null && 'code' in error && error.code === TIMED_OUT;
  return tooLong ? 'too long' : one;
}

function asMisfit(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    if (error instanceof Misfit) return error;
    throw error;
  }
}

/** The names of variables and functions that an expression speaks of. */
function calledIn(ast: unknown): string[] {
  const found: string[] = [];
  const seen = new Set<unknown>();
  const left: unknown[] = [ast];
  while (left.length > 0) {
    const node = left.pop();
    if (typeof node !== 'object' || node === null || seen.has(node)) continue;
    seen.add(node);
    if ('type' in node && node.type === 'variable' && 'value' in node) found.push(String(node.value));
    left.push(...Object.values(node));
  }
  return found;
}

/** A copy that is JSON and no larger than what is left: lists of the library carry marks, and the same part may stand in many places. */
function plain(value: unknown, left: { values: number; characters: number }, depth: number): unknown {
  if (--left.values < 0) throw new Misfit(`the result has more than ${MOST_VALUES} values`);
  if (typeof value === 'string') {
    left.characters -= value.length;
    if (left.characters < 0) throw new Misfit(`the result has more than ${MOST_CHARACTERS} characters`);
    return value;
  }
  if (value === undefined || value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new Misfit('the result has a number that JSON has not');
    return value;
  }
  if (typeof value !== 'object' || '_jsonata_lambda' in value || '_jsonata_function' in value)
    throw new Misfit('the result is a function');
  if (depth >= DEEPEST) throw new Misfit(`the result is more than ${DEEPEST} levels deep`);
  if (Array.isArray(value)) return value.map((item) => plain(item ?? null, left, depth + 1));
  const copy: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    left.characters -= name.length;
    if (inner !== undefined) define(copy, name, plain(inner, left, depth + 1));
  }
  return copy;
}

function refuse(detail: string): InvalidInput {
  return new InvalidInput(detail, { problems: [{ pointer: '', detail }], action: 'Correct the expression.' });
}

/** The library throws plain objects. */
function messageOf(error: unknown): string {
  const text = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  return String(text).slice(0, 500);
}
