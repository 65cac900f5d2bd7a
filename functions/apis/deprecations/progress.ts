import type { Usage } from '#compatibility/usage.ts';
import type { DeprecationRecord } from './records.ts';
import type { ConsumerProgress, Element } from './schemas.ts';

const mostConsumers = 1_000;
const mostUses = 20;

type ConsumerUsage = Usage['consumers'][number];

interface Used {
  requests: number;
  uses: string[];
}

/** What of an element a consumer uses; fields that nobody recorded count as used. */
function usesOf({ endpoints, types }: ConsumerUsage, element: Element): Used {
  if ('type' in element) {
    const found = types?.filter(
      ({ type, field }) => type === element.type && (element.field === undefined || field === element.field),
    );
    const all = endpoints.reduce((sum, { requests }) => sum + requests, 0);
    if (found === undefined) return { requests: all, uses: all === 0 ? [] : [element.type] };
    return {
      requests: found.reduce((sum, { requests }) => sum + requests, 0),
      uses: found.map(({ type, field }) => `${type}.${field}`),
    };
  }
  const { endpoint, field } = element;
  const touched = ({ sent, received }: ConsumerUsage['endpoints'][number]) => {
    if (field === undefined || sent === undefined || received === undefined) return true;
    return [...sent, ...received].some(
      (one) => one === field || one === `?${field.slice(1)}` || one.startsWith(`${field}/`),
    );
  };
  const found = endpoints.filter((one) => one.endpoint === endpoint && one.requests > 0 && touched(one));
  return {
    requests: found.reduce((sum, { requests }) => sum + requests, 0),
    uses: found.length === 0 ? [] : [field === undefined ? endpoint : `${endpoint} ${field}`],
  };
}

function used(one: ConsumerUsage, elements: readonly Element[] | null): Used {
  if (elements === null) {
    const called = one.endpoints.filter(({ requests }) => requests > 0);
    return {
      requests: called.reduce((sum, { requests }) => sum + requests, 0),
      uses: called
        .toSorted((a, b) => b.requests - a.requests)
        .map(({ endpoint, sent, received }) => {
          const fields = [...(sent ?? []), ...(received ?? [])].length;
          return fields === 0 ? endpoint : `${endpoint} (${fields} fields)`;
        }),
    };
  }
  const found = elements.map((element) => usesOf(one, element));
  return {
    requests: found.reduce((sum, { requests }) => Math.max(sum, requests), 0),
    uses: found.flatMap(({ uses }) => uses),
  };
}

type Known = Pick<DeprecationRecord, 'version' | 'elements' | 'consumers' | 'exempt'>;

/**
 * Where every consumer stands by what was used of late: those of before stay, with what they said. `pinned` are consumers
 * that are bound to the version, seen or not. The 1,000 with the most requests are kept, and all that consented.
 */
export function progressOf(record: Known, usage: Usage, pinned: readonly string[]): ConsumerProgress[] {
  const now = new Map<string, ConsumerProgress>();
  const before = new Map(record.consumers.map((one) => [one.consumer, one]));
  const enter = (consumer: string, { requests, uses }: Used, lastSeen: string | null) => {
    const consented = before.get(consumer)?.consented ?? null;
    now.set(consumer, {
      consumer,
      requests,
      lastSeen: lastSeen === null ? null : new Date(lastSeen).toISOString(),
      uses: uses.slice(0, mostUses),
      consented,
      exempt: record.exempt.includes(consumer),
      ready: consented !== null || requests === 0,
    });
  };
  for (const consumer of [...before.keys(), ...pinned]) enter(consumer, { requests: 0, uses: [] }, null);
  for (const one of usage.consumers) {
    if (one.version !== record.version) continue;
    const found = used(one, record.elements);
    if (found.requests > 0) enter(one.consumer, found, one.lastSeen);
  }
  return [...now.values()]
    .toSorted((a, b) => b.requests - a.requests || (a.consumer < b.consumer ? -1 : 1))
    .filter(({ consented }, at) => at < mostConsumers || consented !== null);
}

/** What brownouts refused, and whom. */
export interface Refused {
  consumer: string;
  brownout: string;
  requests: number;
}

export interface Harm {
  consumer: string;
  why: 'refused' | 'errors';
  requests: number;
}

/**
 * The consumer that a brownout hurts most beyond the policy's threshold: one that has not consented by requests that were
 * refused, an exempt one by errors that came since it began. Undefined when it hurts nobody so much.
 */
export function harmOf(
  record: Pick<DeprecationRecord, 'policy' | 'consumers' | 'exempt' | 'version'>,
  brownout: string,
  {
    refused,
    usage,
    errorsBefore,
  }: {
    refused: readonly Refused[];
    usage: Usage;
    errorsBefore: readonly { consumer: string; errors: number }[];
  },
): Harm | undefined {
  const consented = new Set(
    record.consumers.flatMap(({ consumer, consented: said }) => (said === null ? [] : [consumer])),
  );
  const exempt = new Set(record.exempt);
  const before = new Map(errorsBefore.map(({ consumer, errors }) => [consumer, errors]));
  const hurt: Harm[] = refused
    .filter((one) => one.brownout === brownout && !consented.has(one.consumer))
    .filter(({ requests, consumer }) => requests > (exempt.has(consumer) ? 0 : record.policy.harm.refused))
    .map(({ consumer, requests }) => ({ consumer, why: 'refused' as const, requests }));
  for (const { consumer, errors } of errorsOf(record, usage)) {
    const more = errors - (before.get(consumer) ?? 0);
    if (more > record.policy.harm.exemptErrors) hurt.push({ consumer, why: 'errors', requests: more });
  }
  return hurt.toSorted((a, b) => b.requests - a.requests)[0];
}

/** The errors that exempt consumers of the version had in the window of this usage. */
export const errorsOf = (
  { exempt, version }: Pick<DeprecationRecord, 'exempt' | 'version'>,
  usage: Usage,
): { consumer: string; errors: number }[] =>
  usage.consumers.flatMap((one) =>
    one.version === version && exempt.includes(one.consumer)
      ? [{ consumer: one.consumer, errors: one.endpoints.reduce((sum, { errors }) => sum + errors, 0) }]
      : [],
  );
