import type { z } from 'zod';
import {
  type Dialect,
  dialectOf,
  dialects,
  isObject,
  type JsonSchema,
  stepsOf,
} from '../json-schema/document.ts';
import { everySchema, isLocal } from '../json-schema/references.ts';
import { schemaProblems } from '../json-schema/validity.ts';
import { contractDialect, endpointKey, eventKey, limits, rootOf, type Shape, schemasOf } from './shape.ts';

type Say = (path: (string | number)[], message: string) => void;

/** What a contract of the right form may still have wrong, as issues of its parser. */
export function check(contract: Shape, context: z.RefinementCtx<Shape>): void {
  const say: Say = (path, message) => context.addIssue({ code: 'custom', path, message });
  const large = tooLarge(contract);
  if (large) {
    say([], large);
    return;
  }
  if (contract.$schema !== undefined && dialectOf(contract.$schema) === undefined) {
    say(['$schema'], `Expected ${Object.values(dialects).join(' or ')}, found ${contract.$schema}`);
  }
  twice(contract.endpoints.map(endpointKey), (at, key) => say(['endpoints', at], `${key} is declared twice`));
  twice((contract.events ?? []).map(eventKey), (at, key) => say(['events', at], `${key} is declared twice`));
  const dialect = contractDialect(contract);
  checkDefinitions(contract, dialect, say);
  for (const part of schemasOf(contract)) {
    for (const { pointer, detail } of schemaProblems(part.schema, rootOf(contract, part), dialect)) {
      say([...part.steps, ...stepsOf(pointer)], detail);
    }
    const own = isObject(part.schema) && isObject(part.schema.definitions) ? part.schema.definitions : {};
    for (const name of Object.keys(own).filter((one) => Object.hasOwn(contract.definitions ?? {}, one))) {
      say([...part.steps, 'definitions', name], 'The contract shares a definition of that name: rename one');
    }
  }
}

function checkDefinitions(contract: Shape, dialect: Dialect, say: Say): void {
  const shared = Object.entries(contract.definitions ?? {});
  if (shared.length > limits.definitions) {
    say(['definitions'], `Expected at most ${limits.definitions} definitions, found ${shared.length}`);
    return;
  }
  for (const [name, schema] of shared) {
    const path = ['definitions', name];
    const outward = outwardReference(schema);
    if (outward !== undefined) {
      say(
        [...path, ...stepsOf(outward)],
        'Expected #/definitions/<name>: in what is shared, # is each schema using it',
      );
      continue;
    }
    const root = rootOf(contract, { steps: path, schema: true });
    for (const { pointer, detail } of schemaProblems(schema, root, dialect)) {
      say([...path, ...stepsOf(pointer)], detail);
    }
  }
}

function outwardReference(schema: JsonSchema): string | undefined {
  for (const one of everySchema(schema)) {
    const reference = typeof one.schema === 'boolean' ? undefined : one.schema.$ref;
    if (typeof reference !== 'string' || !isLocal(reference) || reference.startsWith('#/definitions/'))
      continue;
    return `${one.pointer}/$ref`;
  }
  return undefined;
}

function twice(keys: readonly string[], found: (at: number, key: string) => void): void {
  const seen = new Set<string>();
  for (const [at, key] of keys.entries()) {
    if (seen.has(key)) found(at, key);
    seen.add(key);
  }
}

function tooLarge(value: unknown): string | undefined {
  const deep = (one: unknown, depth: number): boolean =>
    depth > limits.depth ||
    (typeof one === 'object' && one !== null && Object.values(one).some((below) => deep(below, depth + 1)));
  if (deep(value, 0)) return `Expected at most ${limits.depth} levels, found more`;
  const bytes = Buffer.byteLength(JSON.stringify(value) ?? '');
  return bytes > limits.bytes ? `Expected at most ${limits.bytes} bytes as JSON, found ${bytes}` : undefined;
}
