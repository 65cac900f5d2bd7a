import { createHash, randomUUID } from 'node:crypto';
import type jsonata from 'jsonata';
import type { Clock } from '../clock.ts';
import { compile, expressionOf, jsonataMessage } from './compile.ts';
import { StateFailure } from './failure.ts';

/** What an expression sees besides the workflow's variables, as `$states`. */
export interface StatesVariable {
  input: unknown;
  result?: unknown;
  errorOutput?: unknown;
  context: unknown;
}

/** One field of one state being evaluated. */
export interface Evaluation {
  states: StatesVariable;
  variables: Record<string, unknown>;
  /** Named in the error, for example `Arguments`. */
  field: string;
}

export interface Evaluator {
  /**
   * Replaces every `{% … %}` string of a template by its value.
   * @throws StateFailure States.QueryEvaluationError for an error, a function, or nothing as a value.
   */
  evaluate(template: unknown, evaluation: Evaluation): Promise<unknown>;
}

/** Expressions kept compiled; a machine has tens, so this is only a bound. */
const COMPILED_LIMIT = 5_000;

/** JSONata with Step Functions' own functions. Time and chance come from outside, so that tests can hold them. */
export function createEvaluator(clock: Pick<Clock, 'now'>, random: () => number): Evaluator {
  const compiled = new Map<string, jsonata.Expression>();
  const fromMillis = compile('$fromMillis($at, $picture, $zone)');

  const expressionFor = (source: string): jsonata.Expression => {
    const known = compiled.get(source);
    if (known) return known;
    const expression = compile(source);
    expression.registerFunction('partition', partition, '<an:a<a>>');
    expression.registerFunction('range', range, '<nnn:a<n>>');
    expression.registerFunction('hash', hash, '<ss:s>');
    expression.registerFunction(
      'random',
      (seed?: number) => (seed === undefined ? random() : seeded(seed)),
      '<n?:n>',
    );
    expression.registerFunction('uuid', () => randomUUID(), '<:s>');
    expression.registerFunction('parse', parse, '<s:x>');
    expression.registerFunction('millis', () => clock.now(), '<:n>');
    expression.registerFunction(
      'now',
      (picture?: string, zone?: string) => fromMillis.evaluate(undefined, { at: clock.now(), picture, zone }),
      '<s?s?:s>',
    );
    expression.registerFunction('eval', () => {
      throw new Error('$eval is not available in Step Functions');
    });
    if (compiled.size >= COMPILED_LIMIT) compiled.clear();
    compiled.set(source, expression);
    return expression;
  };

  const evaluateText = async (text: string, { states, variables, field }: Evaluation): Promise<unknown> => {
    const source = expressionOf(text);
    if (source === undefined) return text;
    const refuse = (why: string) =>
      new StateFailure(
        'States.QueryEvaluationError',
        `The JSONata expression '${source}' specified for the field '${field}' ${why}`,
      );
    let value: unknown;
    try {
      value = await expressionFor(source).evaluate(undefined, { ...variables, states });
    } catch (error) {
      throw refuse(`threw an error during evaluation: ${jsonataMessage(error)}`);
    }
    if (value === undefined) throw refuse('returned nothing (undefined).');
    try {
      return plain(value);
    } catch {
      throw refuse('returned a value that is not JSON, such as a function.');
    }
  };

  const evaluate = async (template: unknown, evaluation: Evaluation): Promise<unknown> => {
    if (typeof template === 'string') return evaluateText(template, evaluation);
    if (Array.isArray(template)) {
      const values: unknown[] = [];
      for (const [index, inner] of template.entries()) {
        values.push(await evaluate(inner, { ...evaluation, field: `${evaluation.field}/${index}` }));
      }
      return values;
    }
    if (template !== null && typeof template === 'object') {
      const entries: Array<[string, unknown]> = [];
      for (const [key, inner] of Object.entries(template)) {
        entries.push([key, await evaluate(inner, { ...evaluation, field: `${evaluation.field}/${key}` })]);
      }
      return Object.fromEntries(entries);
    }
    return template;
  };
  return { evaluate };
}

/** jsonata's arrays carry marks of their own and its lambdas are objects: only JSON leaves an expression. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, inner) => {
      if (typeof inner === 'function') throw new TypeError('function');
      if (
        inner !== null &&
        typeof inner === 'object' &&
        ('_jsonata_lambda' in inner || '_jsonata_function' in inner)
      ) {
        throw new TypeError('function');
      }
      return inner;
    }),
  );
}

/** `$partition(array, size)`: pieces of at most `size` items. */
function partition(items: unknown[], size: number): unknown[][] {
  if (!Number.isInteger(size) || size < 1)
    throw new Error(`$partition: expected a whole size above 0, found ${size}`);
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

/** `$range(first, last, step)`: both ends included, step not 0, at most 1,000 numbers as States.ArrayRange. */
function range(first: number, last: number, step: number): number[] {
  if (step === 0) throw new Error('$range: the step is not 0');
  const length = Math.max(0, Math.floor((last - first) / step) + 1);
  if (length > 1_000) throw new Error(`$range: expected at most 1000 numbers, found ${length}`);
  return Array.from({ length }, (_, index) => first + index * step);
}

const HASHES: Record<string, string> = {
  MD5: 'md5',
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};

/** `$hash(text, algorithm)`: hexadecimal. */
function hash(text: string, algorithm: string): string {
  const name = Object.hasOwn(HASHES, algorithm) ? HASHES[algorithm] : undefined;
  if (!name) throw new Error(`$hash: expected one of ${Object.keys(HASHES).join(', ')}, found ${algorithm}`);
  return createHash(name).update(text).digest('hex');
}

/** `$random(seed)`: the same seed gives the same number (not the number AWS gives for it: that is not documented). */
function seeded(seed: number): number {
  return createHash('sha256').update(String(seed)).digest().readUIntBE(0, 6) / 2 ** 48;
}

/** `$parse(text)`: JSON text to a value. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('$parse: expected JSON text');
  }
}
