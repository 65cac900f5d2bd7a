/** Whose requests to which version, on which day. */
interface Series {
  api: string;
  /** `2026-03-01`, UTC. */
  day: string;
  version: string;
  consumer: string;
  requests: number;
}

interface Used extends Series {
  errors: number;
  /** ISO 8601, of the last request. */
  lastSeen: string;
  /** Some used more than is told, or it could not be read: nobody knows which fields were used. */
  unknownFields: boolean;
}

/** Requests to an endpoint. */
export interface EndpointCount extends Used {
  kind: 'endpoint';
  endpoint: string;
  /** Of the requests, those whose fields were looked at. */
  looked: number;
  /** RFC 6901 with `*` for items. */
  sent: Set<string>;
  received: Set<string>;
}

/** Requests with an operation of a GraphQL API. */
export interface OperationCount extends Used {
  kind: 'operation';
  /** By what it is told apart. */
  hash: string;
  name: string;
  /** `Type.field`. */
  fields: Set<string>;
}

/** Requests that a brownout refused. */
export interface RefusedCount extends Series {
  kind: 'refused';
  brownout: string;
}

export type Count = EndpointCount | OperationCount | RefusedCount;

/** Stands for consumers beyond those that are counted apart. */
export const otherConsumers = '(others)';

/** What a count is of within its series. */
export const subjectOf = (count: Count): string =>
  count.kind === 'endpoint' ? count.endpoint : count.kind === 'operation' ? count.hash : count.brownout;

export function keyOf(count: Count): string {
  const { kind, api, day, version, consumer } = count;
  return [kind, api, day, version, consumer, subjectOf(count)].join('\0');
}

/** The same as part of what is not counted apart. */
export function ofOthers(count: Count): Count {
  const consumer = otherConsumers;
  if (count.kind === 'refused') return { ...count, consumer };
  if (count.kind === 'operation')
    return { ...count, consumer, hash: '', name: '', fields: new Set(), unknownFields: true };
  const nothing = { looked: 0, sent: new Set<string>(), received: new Set<string>() };
  return { ...count, consumer, ...nothing, unknownFields: true };
}

/** Adds a count to another of the same key. */
export function add(sum: Count, more: Count): void {
  sum.requests += more.requests;
  if (sum.kind === 'refused' || more.kind === 'refused') return;
  sum.errors += more.errors;
  sum.unknownFields ||= more.unknownFields;
  if (more.lastSeen > sum.lastSeen) sum.lastSeen = more.lastSeen;
  if (sum.kind === 'operation' && more.kind === 'operation') {
    for (const field of more.fields) sum.fields.add(field);
  }
  if (sum.kind === 'endpoint' && more.kind === 'endpoint') {
    sum.looked += more.looked;
    for (const field of more.sent) sum.sent.add(field);
    for (const field of more.received) sum.received.add(field);
  }
}
