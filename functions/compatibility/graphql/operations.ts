import { hash } from 'node:crypto';
import { type DocumentNode, type GraphQLSchema, Kind, validate } from 'graphql';
import { z } from 'zod';
import { type FieldProblem, InvalidInput } from '#platform/errors.ts';
import type { Usage } from '../usage.ts';
import { elementsOf } from './elements.ts';
import { operationLimits } from './operation-limits.ts';
import { parseWithin, problemOf } from './schema.ts';

/** A client's operation and how often it was sent in a window: registered by hand, or recorded. */
export const RecordedOperation = z.strictObject({
  /** Who sends it. */
  client: z.string().min(1).max(256),
  /** The whole document: one operation, and the fragments that it uses. */
  document: z.string().min(1).max(operationLimits.bytes),
  /** How many requests the window had; 0 for what is registered and was not yet seen. */
  requests: z.int().min(0),
  /** In UTC, so that the later text is the later time. */
  lastSeen: z.iso.datetime(),
});
export type RecordedOperation = z.infer<typeof RecordedOperation>;

/** An operation that goes on with a schema no more. */
export interface BrokenOperation {
  /** Its name, or the beginning of its digest when it has none. */
  operation: string;
  client: string;
  requests: number;
  /** What the new schema says against it. */
  error: string;
}

/** What an operation is called: its name, or the beginning of the digest of its document. */
export function nameOfOperation(document: string): string {
  const found = parseWithin(document, 'operation').definitions.find(
    (one) => one.kind === Kind.OPERATION_DEFINITION,
  );
  return found?.name?.value ?? digestOfOperation(document).slice(0, 12);
}

/** SHA-256 of a document, as clients of persisted operations count it. */
export const digestOfOperation = (document: string): string => hash('sha256', document);

/**
 * Reads an operation and checks it against a schema. Throws InvalidInput, with lines, for what does not parse, is not
 * valid, or holds more than one operation.
 */
export function readOperation(document: string, schema: GraphQLSchema): DocumentNode {
  const parsed = parseWithin(document, 'operation');
  const operations = parsed.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  const problems: FieldProblem[] =
    operations.length === 1
      ? validate(schema, parsed).slice(0, operationLimits.problems).map(problemOf)
      : [{ pointer: '', detail: `Expected one operation in a document, found ${operations.length}` }];
  if (problems.length > 0)
    throw new InvalidInput('Expected an operation that the schema takes', {
      problems,
      action: 'Mend what is named, or register the version of the schema first that it is made for.',
    });
  return parsed;
}

/**
 * Operations that the old schema takes and the new one refuses, those with the most requests first. What the old one
 * refuses already was broken before.
 */
export function brokenOperations(
  operations: readonly RecordedOperation[],
  old: GraphQLSchema,
  next: GraphQLSchema,
): BrokenOperation[] {
  const verdicts = new Map<string, string | undefined>();
  const errorOf = (document: string): string | undefined => {
    if (!verdicts.has(document)) verdicts.set(document, newlyRefused(document, old, next));
    return verdicts.get(document);
  };
  return operations
    .flatMap(({ client, document, requests }) => {
      const error = errorOf(document);
      return error === undefined ? [] : [{ operation: nameOfOperation(document), client, requests, error }];
    })
    .sort((a, b) => b.requests - a.requests);
}

function newlyRefused(document: string, old: GraphQLSchema, next: GraphQLSchema): string | undefined {
  const parsed = parseWithin(document, 'operation');
  return validate(old, parsed).length > 0 ? undefined : validate(next, parsed)[0]?.message;
}

/**
 * Which fields, values and inputs operations ask for, by client. What a variable may bring counts as asked for: all fields
 * of an input, all values of an enum. Operations that the schema refuses count for nothing.
 */
export function usageOfOperations(
  operations: readonly RecordedOperation[],
  schema: GraphQLSchema,
  window: { from: string; to: string; version: string },
): Usage {
  const byClient = new Map<string, ClientUsage>();
  for (const { client, document, requests, lastSeen } of operations) {
    const parsed = parseWithin(document, 'operation');
    if (validate(schema, parsed).length > 0) continue;
    const known = byClient.get(client) ?? { lastSeen, types: new Map() };
    byClient.set(client, known);
    if (lastSeen > known.lastSeen) known.lastSeen = lastSeen;
    for (const { type, field } of elementsOf(parsed, schema)) {
      const key = JSON.stringify([type, field]);
      const before = known.types.get(key) ?? { type, field, operations: 0, requests: 0 };
      known.types.set(key, {
        ...before,
        operations: before.operations + 1,
        requests: before.requests + requests,
      });
    }
  }
  return {
    from: window.from,
    to: window.to,
    sampled: 1,
    consumers: [...byClient].map(([consumer, { lastSeen, types }]) => ({
      consumer,
      version: window.version,
      lastSeen,
      endpoints: [],
      types: [...types.values()],
    })),
  };
}

interface ClientUsage {
  lastSeen: string;
  types: Map<string, { type: string; field: string; operations: number; requests: number }>;
}
