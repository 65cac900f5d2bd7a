import { z } from 'zod';
import type { Change, Place } from './changes.ts';

const Count = z.int().min(0);
const Time = z.iso.datetime({ offset: true });

/** What consumers really used in a window, as the gateway counts it or GraphQL operations say. */
export const Usage = z.strictObject({
  from: Time,
  to: Time,
  /** The share of requests that was looked into, above 0 and at most 1. */
  sampled: z.number().gt(0).max(1),
  consumers: z
    .array(
      z.strictObject({
        consumer: z.string().min(1).max(256),
        version: z.string().max(128),
        lastSeen: Time,
        endpoints: z
          .array(
            z.strictObject({
              /** `GET /orders/{}` */
              endpoint: z.string().max(2_048),
              requests: Count,
              errors: Count,
              /** Fields as RFC 6901 pointers with `*` for items, query parameters as `?name`; absent when they were not recorded. */
              sent: z.array(z.string().max(2_048)).max(10_000).optional(),
              received: z.array(z.string().max(2_048)).max(10_000).optional(),
            }),
          )
          .max(10_000)
          .default([]),
        /** Of GraphQL: which fields operations asked for. */
        types: z
          .array(
            z.strictObject({
              type: z.string().max(256),
              field: z.string().max(256),
              operations: Count,
              requests: Count,
            }),
          )
          .max(100_000)
          .optional(),
      }),
    )
    .max(10_000),
});
export type Usage = z.infer<typeof Usage>;
type ConsumerUsage = Usage['consumers'][number];

/** So many consumers are named; the count is of all. */
const MOST_NAMED = 10;

/**
 * The changes with what usage says of them: a break that nobody can have noticed in the window becomes a warning, and one
 * that was used names who did, at most 10. What usage cannot know stays as it is.
 */
export function weighByUsage(changes: readonly Change[], usage: Usage): Change[] {
  const window = `between ${usage.from} and ${usage.to}, ${percent(usage.sampled)} of requests looked into`;
  return changes.map((change) => {
    if (change.level !== 'breaking') return change;
    const answers = usage.consumers.map((one) => ({ consumer: one.consumer, used: usedBy(one, change) }));
    if (answers.some(({ used }) => used === 'unknown')) return change;
    const users = [...new Set(answers.filter(({ used }) => used === true).map(({ consumer }) => consumer))];
    if (users.length > 0) {
      const others = users.length > MOST_NAMED ? ` and ${users.length - MOST_NAMED} more` : '';
      const named = users.slice(0, MOST_NAMED);
      const message = `${change.message}. Used by ${named.join(', ')}${others} ${window}`;
      return { ...change, message, usedBy: named };
    }
    if (!isKnown(change.place)) return change;
    const reason = `Nobody used it ${window}`;
    return {
      ...change,
      level: 'warning',
      message: `${change.message}. ${reason}`,
      adjusted: [...(change.adjusted ?? []), { by: 'usage', from: change.level, reason }],
    };
  });
}

/** Whether usage speaks of such a place at all: of directives it does not. */
const isKnown = (place: Place): boolean =>
  place.kind === 'endpoint' || (place.kind === 'type' && !place.type.startsWith('@'));

function usedBy(consumer: ConsumerUsage, change: Change): boolean | 'unknown' {
  const { place } = change;
  if (place.kind === 'type') return typeUsed(consumer, place);
  return place.kind === 'endpoint' ? endpointUsed(consumer, change, place) : 'unknown';
}

function typeUsed({ types }: ConsumerUsage, place: Extract<Place, { kind: 'type' }>): boolean | 'unknown' {
  if (!types) return 'unknown';
  const asked = types.some(
    (one) =>
      one.type === place.type &&
      (place.field === undefined || one.field === place.field) &&
      (one.requests > 0 || one.operations > 0),
  );
  return asked;
}

type EndpointPlace = Extract<Place, { kind: 'endpoint' }>;

function endpointUsed({ endpoints }: ConsumerUsage, change: Change, place: EndpointPlace): boolean {
  const called = endpoints.find((one) => one.endpoint === place.endpoint && one.requests > 0);
  if (!called) return false;
  const absent = hurtsByAbsence.test(change.rule);
  if (place.parameter) return absent || parameterUsed(called.sent, place.parameter);
  // What else is no field, such as a header of the answer or a status, may have been relied upon.
  if (!place.field || place.header) return true;
  const fields = place.part === 'input' ? called.sent : called.received;
  if (fields === undefined) return true;
  const field = absent ? place.field.slice(0, place.field.lastIndexOf('/')) : place.field;
  return field === '' || fields.some((one) => touches(one, field));
}

/** Rules that hurt who did not send the field, or did not know it: then all who use what is around it are hurt. */
const hurtsByAbsence =
  /(became-required|required-added|required-request-parameter|property-allowed|property-names-widened)$/;

/** Query parameters are recorded as `?name`, if at all. */
function parameterUsed(
  sent: readonly string[] | undefined,
  parameter: NonNullable<EndpointPlace['parameter']>,
): boolean {
  const recorded = sent?.filter((one) => one.startsWith('?')) ?? [];
  return parameter.in !== 'query' || recorded.length === 0 || recorded.includes(`?${parameter.name}`);
}

/** Whether a field that was used is the changed one, lies below it, or is what the changed one lies below of. */
function touches(used: string, changed: string): boolean {
  const [one, other] = [used.split('/'), changed.split('/')];
  const shorter = Math.min(one.length, other.length);
  return one.slice(0, shorter).every((step, at) => step === other[at] || step === '*' || other[at] === '*');
}

const percent = (share: number) => `${Number((share * 100).toPrecision(3))} %`;
