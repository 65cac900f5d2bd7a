import { z } from 'zod';

/** `breaking`: somebody who relied on the old version fails. `warning`: a person should look. `info`: nobody is hurt. */
export const Level = z.enum(['breaking', 'warning', 'info']);
export type Level = z.infer<typeof Level>;

/** What the changed part is: sent to the service, answered by it, an event, what it demands of other services, or all of it. */
export const Direction = z.enum(['request', 'response', 'event', 'dependency', 'both']);
export type Direction = z.infer<typeof Direction>;

/** Where in the service a change lies, so that it can be held against what a consumer uses. */
export const Place = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('endpoint'),
    /** Method and path with nameless parameters: `GET /orders/{}`. */
    endpoint: z.string(),
    part: z.enum(['input', 'output', 'error']).optional(),
    parameter: z
      .strictObject({ in: z.enum(['path', 'query', 'header', 'cookie']), name: z.string() })
      .optional(),
    /** A header of the answer. */
    header: z.string().optional(),
    mediaType: z.string().optional(),
    /** The HTTP status of an answer. */
    status: z.string().optional(),
    // The field as an RFC 6901 pointer into documents, `*` for every item and every further property: `/items/*/price`.
    field: z.string().optional(),
  }),
  z.strictObject({
    kind: z.literal('event'),
    event: z.string(),
    role: z.enum(['published', 'consumed']),
    field: z.string().optional(),
  }),
  z.strictObject({ kind: z.literal('dependency'), service: z.string() }),
  /** What concerns an API as a whole: its servers, its version, its tags. */
  z.strictObject({ kind: z.literal('api') }),
  /** Of a GraphQL schema: a type or directive, or a field or value of it, or an argument of that. */
  z.strictObject({
    kind: z.literal('type'),
    type: z.string(),
    field: z.string().optional(),
    argument: z.string().optional(),
  }),
  /** Of a JSON Schema that stands by itself. */
  z.strictObject({ kind: z.literal('schema'), field: z.string().optional() }),
]);
export type Place = z.infer<typeof Place>;

/** A document that one version accepts and the other refuses, shown by a validator and not only by reasoning. */
export const Example = z.strictObject({
  document: z.unknown(),
  acceptedBy: z.enum(['old', 'new']),
  refusedBy: z.enum(['old', 'new']),
  /** What the validator says of the version that refuses. */
  reason: z.string(),
});
export type Example = z.infer<typeof Example>;

export const Change = z.strictObject({
  /** A stable name such as `request-property-became-required`; docs/compatibility.md lists all. */
  rule: z.string(),
  level: Level,
  direction: Direction,
  place: Place,
  /** RFC 6901, into the new contract; into the old one for what is gone. */
  pointer: z.string(),
  message: z.string(),
  example: Example.optional(),
  remedy: z.string(),
  /** What the level was before, and who or what changed it, in turn. */
  adjusted: z
    .array(
      z.strictObject({ by: z.enum(['stability', 'usage', 'override']), from: Level, reason: z.string() }),
    )
    .optional(),
  /** Consumers that used what changes, at most 10. */
  usedBy: z.array(z.string()).optional(),
});
export type Change = z.infer<typeof Change>;

/** The part of the version number that has to grow, at least. */
export const Bump = z.enum(['none', 'patch', 'minor', 'major']);
export type Bump = z.infer<typeof Bump>;

export const Verdict = z.strictObject({
  /** No change is breaking. Warnings are not counted: they ask for a person's eyes. */
  compatible: z.boolean(),
  bump: Bump,
  changes: z.array(Change),
});
export type Verdict = z.infer<typeof Verdict>;

const ORDER: Record<Level, number> = { breaking: 0, warning: 1, info: 2 };

/**
 * The verdict over changes, the worst first: breaking ones demand a major version, others a minor one.
 * `touched` says that something changed which is no change of the contract, such as a summary: a patch.
 */
export function verdictOf(changes: readonly Change[], touched: boolean): Verdict {
  const sorted = [...changes].sort(
    (a, b) => ORDER[a.level] - ORDER[b.level] || compare(a.pointer, b.pointer) || compare(a.rule, b.rule),
  );
  const compatible = !changes.some((change) => change.level === 'breaking');
  const bump = !compatible ? 'major' : changes.length > 0 ? 'minor' : touched ? 'patch' : 'none';
  return { compatible, bump, changes: sorted };
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
