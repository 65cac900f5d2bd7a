import { z } from 'zod';
import { NamedPointer, Pointer, stepsOf } from './pointers.ts';

/** What an operation is about: the body, or the parameters of the query, or headers (in lower case), as an object. */
export const Part = z.enum(['body', 'query', 'headers']).default('body');

const Json = z.json();
const Scalar = z.union([z.string().max(1_000), z.number(), z.boolean(), z.null()]);
const Name = z.string().min(1).max(200);
const Pairs = z.array(z.tuple([Scalar, Scalar])).max(1_000);
const Reason = z.array(Pointer).max(50).optional();
const ScalarType = z.enum(['string', 'number', 'boolean']);

const scalarKey = (value: unknown) => JSON.stringify(value);

/** Older and newer values of an enumeration; where several become one, `down` says which comes back. */
const MapValues = z
  .strictObject({
    op: z.literal('map'),
    in: Part,
    at: Pointer,
    /** Each as [older, newer]. Values that are not listed stay. */
    values: Pairs,
    /** Each as [newer, older]: for newer values that several older ones became, and those that no older one is. */
    down: Pairs.optional(),
  })
  .superRefine(({ values, down = [] }, context) => {
    const refuse = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    const back = new Set(down.map(([newer]) => scalarKey(newer)));
    const olders = new Set<string>();
    const newers = new Set<string>();
    for (const [at, [older, newer]] of values.entries()) {
      if (olders.has(scalarKey(older)))
        refuse(['values', at], `${scalarKey(older)} is listed twice: it can become only one value`);
      if (newers.has(scalarKey(newer)) && !back.has(scalarKey(newer)))
        refuse(
          ['values', at],
          `several values become ${scalarKey(newer)}: say in down which one it becomes again`,
        );
      olders.add(scalarKey(older));
      newers.add(scalarKey(newer));
    }
    if (back.size < down.length) refuse(['down'], 'a newer value is listed twice');
  });

const Move = z
  .strictObject({ op: z.literal('move'), in: Part, from: NamedPointer, to: NamedPointer })
  .superRefine(({ from, to }, context) => {
    const [one, other] = [stepsOf(from), stepsOf(to)];
    const shared = one.findIndex((step, at) => step !== other[at]);
    const rest = shared < 0 ? [] : [...one.slice(shared), ...other.slice(shared)];
    if (rest.includes('*'))
      context.addIssue({
        code: 'custom',
        path: ['to'],
        message: 'expected every * in the beginning that both share: a field moves within one item',
      });
    if (shared < 0 || one.length === shared || other.length === shared)
      context.addIssue({
        code: 'custom',
        path: ['to'],
        message: 'expected a place outside of the field itself',
      });
  });

/**
 * What changed from one version to the next newer one, always said from older to newer: a request goes up and has the
 * operations done in order, a response goes down and has them undone, the last one first.
 */
export const Operation = z.discriminatedUnion('op', [
  /** A field has another name. */
  z.strictObject({ op: z.literal('rename'), in: Part, at: NamedPointer, to: Name }),
  /** A field stands elsewhere. Objects that are missing on the way are made, and those left empty go. */
  Move,
  /** A field came: `value` is what documents without it get; without `value` it is only taken away again. */
  z.strictObject({ op: z.literal('add'), in: Part, at: NamedPointer, value: Json.optional() }),
  /** A field went: `value` is what older readers get in its place; without it they get nothing. */
  z.strictObject({ op: z.literal('remove'), in: Part, at: NamedPointer, value: Json.optional() }),
  MapValues,
  /** A value became a list of one, or an object that has it as a property beside `with`. */
  z.strictObject({
    op: z.literal('wrap'),
    at: Pointer,
    as: z.enum(['array', 'object']),
    property: Name.optional(),
    with: z.record(Name, Json).optional(),
  }),
  /** The other way round: the first item of a list, or a property of an object, stands for itself. */
  z.strictObject({
    op: z.literal('unwrap'),
    at: Pointer,
    from: z.enum(['array', 'object']),
    property: Name.optional(),
    with: z.record(Name, Json).optional(),
  }),
  /** A text became a list of its parts, or the named fields beside it; the last one has what is left. */
  z.strictObject({
    op: z.literal('split'),
    in: Part,
    at: NamedPointer,
    separator: z.string().min(1).max(20),
    into: z.array(Name).min(2).max(20).optional(),
  }),
  /** Named fields became one text beside them. */
  z.strictObject({
    op: z.literal('join'),
    in: Part,
    at: NamedPointer,
    from: z.array(Name).min(2).max(20),
    separator: z.string().min(1).max(20),
  }),
  /** A value is of another type. */
  z.strictObject({ op: z.literal('convert'), in: Part, at: Pointer, from: ScalarType, to: ScalarType }),
  /** What is absent or null and may be so no more on one way gets `value`; null without a value goes. */
  z.strictObject({
    op: z.literal('fill'),
    in: Part,
    at: NamedPointer,
    going: z.enum(['up', 'down']),
    found: z.enum(['absent', 'null']),
    value: Json.optional(),
  }),
  /** An answer has another status. */
  z.strictObject({
    op: z.literal('status'),
    from: z.number().int().min(100).max(599),
    to: z.number().int().min(100).max(599),
  }),
  /** Whatever declarations cannot say: an expression for each way. Its context is the value at `at`. */
  z.strictObject({
    op: z.literal('jsonata'),
    at: Pointer.default(''),
    up: z.string().min(1).max(20_000).optional(),
    down: z.string().min(1).max(20_000).optional(),
    /** Fields of the older document that do not come back. */
    loses: Reason,
  }),
  /** A module: `export function request(document)`, `response`, `error`, each of which answers with a document. */
  z.strictObject({
    op: z.literal('typescript'),
    source: z.string().min(1).max(100_000),
    loses: Reason,
  }),
]);
export type Operation = z.infer<typeof Operation>;
export type OperationOf<Op extends Operation['op']> = Extract<Operation, { op: Op }>;

const Operations = z.array(Operation).max(200);

/** What leads from one version of an API to the next newer one: one of the steps. */
export const VersionChange = z
  .strictObject({
    /** Unique within the API; it is what failures name. */
    id: z
      .string()
      .regex(/^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$/, 'expected small letters, digits, dots and dashes'),
    description: z.string().max(2_000),
    /** `GET /orders/{}` as compatibility names endpoints, or all of them. */
    endpoints: z.union([z.literal('all'), z.array(z.string().max(500)).min(1).max(2_000)]),
    /** Done upwards to what consumers send. */
    request: Operations.optional(),
    /** Undone downwards in what they get. */
    response: Operations.optional(),
    /** Undone downwards in answers of status 400 and above. */
    errors: Operations.optional(),
  })
  .superRefine((change, context) => {
    for (const list of ['request', 'response', 'errors'] as const) {
      for (const [at, operation] of (change[list] ?? []).entries()) {
        const refused = misplaced(operation, list);
        if (refused !== undefined) context.addIssue({ code: 'custom', path: [list, at], message: refused });
      }
    }
  });
export type VersionChange = z.infer<typeof VersionChange>;

/** Why an operation cannot stand in a list; undefined where it can. */
function misplaced(operation: Operation, list: 'request' | 'response' | 'errors'): string | undefined {
  const up = list === 'request';
  if (operation.op === 'jsonata' && operation[up ? 'up' : 'down'] === undefined)
    return up ? 'requests go up: give the expression up' : 'answers go down: give the expression down';
  if ((operation.op === 'wrap' || operation.op === 'unwrap') && needsProperty(operation))
    return 'an object holds the value in a property: give its name as property';
  if (operation.op === 'status' && up) return 'requests have no status';
  if ('in' in operation && operation.in === 'query' && !up) return 'answers have no query';
  if (operation.op === 'convert' && operation.from === operation.to) return 'expected two different types';
  return undefined;
}

const needsProperty = (operation: OperationOf<'wrap' | 'unwrap'>) =>
  (operation.op === 'wrap' ? operation.as : operation.from) === 'object' && operation.property === undefined;

/** What a consumer sends. The body is undefined where there is none. */
export interface RequestDocument {
  query: Readonly<Record<string, unknown>>;
  /** By names in lower case. */
  headers: Readonly<Record<string, unknown>>;
  body: unknown;
}

/** What a consumer gets. */
export interface ResponseDocument {
  status: number;
  headers: Readonly<Record<string, unknown>>;
  body: unknown;
}
