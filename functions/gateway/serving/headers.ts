import { secretBytes } from '#platform/random.ts';

/** Fields by their names in lower case, as Node gives and takes them. */
export type HeaderFields = Record<string, string | string[] | undefined>;

/** A field as one text; several of a name are joined as HTTP has it. */
export function headerText(headers: HeaderFields, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** RFC 9110 §7.6.1: about one connection, never passed on. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** The fields without those that are about one connection, and those which `Connection` names. */
export function endToEnd(headers: HeaderFields): HeaderFields {
  const named = headers.connection === undefined ? [] : (headerText(headers, 'connection') ?? '').split(',');
  const dropped = new Set(named.map((name) => name.trim().toLowerCase()));
  const kept: HeaderFields = {};
  for (const name in headers) {
    if (!hopByHop.has(name) && !dropped.has(name) && headers[name] !== undefined) kept[name] = headers[name];
  }
  return kept;
}

/** The token of the gateway itself: for it alone, so that Authorization stays the service's own. */
export const tokenHeader = 'x-theseus-token';

const traceparent = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}/;

/** A W3C trace context of a new trace, sampled. */
function newTrace(): string {
  const hex = secretBytes(24).toString('hex');
  return `00-${hex.slice(0, 32)}-${hex.slice(32)}-01`;
}

const correlation = /^[\x21-\x7e]{1,200}$/;

export interface Came {
  headers: HeaderFields;
  /** Of the client. */
  address: string;
  protocol: 'http' | 'https';
  requestId: string;
}

/** The id that the request has in every log: its own, or that of the request. */
export function correlationId({ headers, requestId }: Came): string {
  const sent = headerText(headers, 'x-correlation-id');
  return sent !== undefined && correlation.test(sent) ? sent : requestId;
}

/** What a request is forwarded with: the client's fields, who it was, and the ids it is followed by. */
export function forwarded(came: Came, bodyLength: number): HeaderFields {
  const { headers, address, protocol } = came;
  const sent = endToEnd(headers);
  const trail = headerText(headers, 'x-forwarded-for');
  const { host } = headers;
  delete sent.host;
  delete sent.expect;
  delete sent[tokenHeader];
  delete sent['content-length'];
  if (bodyLength > 0) sent['content-length'] = String(bodyLength);
  sent['x-forwarded-for'] = trail === undefined ? address : trailWith(trail, address);
  sent['x-forwarded-proto'] ??= protocol;
  sent['x-forwarded-host'] ??= host;
  sent['x-correlation-id'] = correlationId(came);
  if (!traceparent.test(headerText(headers, 'traceparent') ?? '')) {
    sent.traceparent = newTrace();
    delete sent.tracestate;
  }
  return sent;
}

/** The front door may have added the client already. */
const trailWith = (trail: string, address: string): string =>
  trail.split(',').some((one) => one.trim() === address) ? trail : `${trail}, ${address}`;
