import { z } from 'zod';
import { type Change, type Verdict, verdictOf } from './changes.ts';
import { EventContract, endpointKey, Method, Path, ServiceName } from './contracts/shape.ts';
import { stepsOf } from './json-schema/document.ts';
import { Version } from './ranges.ts';

// RFC 6901 pointers into documents, `*` for every item: `/items/*/price`. What stands below a field belongs to it.
const Fields = z
  .array(
    z
      .string()
      .max(1_024)
      .regex(/^(\/.*)?$/),
  )
  .max(2_000);

/** What one consumer really uses of a service. A list that is absent says that it is not known: everything may be used. */
export const ConsumerContract = z.strictObject({
  consumer: ServiceName,
  /** The consumer's own version; absent: every version of it. */
  version: Version.optional(),
  service: ServiceName,
  /** The version of the service it was built and tested with. */
  builtAgainst: Version.optional(),
  endpoints: z
    .array(
      z.strictObject({
        method: Method,
        path: Path,
        sends: Fields.optional(),
        reads: Fields.optional(),
        /** Statuses of errors whose body it reads. */
        errors: z.array(z.string()).max(100).optional(),
      }),
    )
    .max(500)
    .default([]),
  /** Events as the service declares them: it publishes what the consumer reads, and consumes what the consumer sends. */
  events: z
    .array(
      z.strictObject({
        name: EventContract.shape.name,
        direction: EventContract.shape.direction,
        fields: Fields.optional(),
      }),
    )
    .max(500)
    .default([]),
});
export type ConsumerContract = z.infer<typeof ConsumerContract>;

/** Whether `change` touches what the consumer uses. A consumer that does not say which fields it uses, uses all. */
export function affects(consumer: ConsumerContract, change: Change): boolean {
  const { place } = change;
  if (place.kind === 'dependency') return false;
  // What it uses of anything else, no consumer says.
  if (place.kind !== 'endpoint' && place.kind !== 'event') return true;
  if (place.kind === 'event') {
    const event = consumer.events.find((one) => one.name === place.event && one.direction === place.role);
    if (!event) return false;
    return touches(event.fields, place.field, place.role === 'consumed' && demandsMore(change));
  }
  const endpoint = consumer.endpoints.find((one) => endpointKey(one) === place.endpoint);
  if (!endpoint) return false;
  if (place.part === 'input') return touches(endpoint.sends, place.field, demandsMore(change));
  if (place.part === 'output') return touches(endpoint.reads, place.field, false);
  if (place.part === 'error') return endpoint.errors?.includes(place.status ?? '') ?? true;
  return true;
}

/** The verdict as it is for one consumer: what does not touch it is told as information. */
export function forConsumer(verdict: Verdict, consumer: ConsumerContract): Verdict {
  const changes = verdict.changes.map((change) =>
    change.level === 'info' || affects(consumer, change) ? change : { ...change, level: 'info' as const },
  );
  return verdictOf(changes, verdict.bump !== 'none');
}

/** A field that has to be there now: whoever sends it already is not touched, and whoever leaves it out is. */
const demandsMore = (change: Change): boolean =>
  /-(property-required-added|property-became-required)$/.test(change.rule);

function touches(used: readonly string[] | undefined, field: string | undefined, demanded: boolean): boolean {
  if (used === undefined || field === undefined) return true;
  const steps = stepsOf(field);
  if (!demanded) return used.some((one) => overlaps(stepsOf(one), steps));
  const sends = used.some((one) => covers(stepsOf(one), steps) || covers(steps, stepsOf(one)));
  const parent = steps.slice(0, -1);
  // The object that now needs the field is sent only when something in it is; the document itself always is.
  return !sends && (parent.length === 0 || used.some((one) => covers(parent, stepsOf(one))));
}

const overlaps = (a: readonly string[], b: readonly string[]) => covers(a, b) || covers(b, a);

/** Whether `below` is `above` or lies below it; `*` stands for any step. */
function covers(above: readonly string[], below: readonly string[]): boolean {
  return (
    above.length <= below.length &&
    above.every((step, at) => step === '*' || below[at] === '*' || step === below[at])
  );
}
