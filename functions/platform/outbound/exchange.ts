import { request as overHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { clock } from '../clock.ts';
import { TheseusError } from '../errors.ts';
import { request as overHttp } from '../node-http.ts';
import { type Destination, DestinationUnreachable, type Reaches, resolveDestination } from './destination.ts';

export interface Request {
  method: 'GET' | 'POST';
  url: string;
  headers: Record<string, string>;
  /** Of a POST. */
  body?: string;
  /** Of all of it: name, connection, and the answer to its end. */
  timeoutMs: number;
  /** Bytes of the answer that are wanted, all of them as text; when absent only its beginning is. */
  mostBytes?: number;
  /** Where else than to the internet it may go. */
  reaches?: Reaches;
}

export interface Answer {
  status: number;
  /** The beginning of the body: at most 1,000 characters, or the bytes that were wanted. */
  text: string;
  /** Whether that is all of it. */
  whole: boolean;
  /** The header Retry-After, when there was one. */
  retryAfter: string | undefined;
  durationMs: number;
}

/** Every length of time that somebody outside is given is multiplied by this. */
export let patience = 1;

/** Tests on a busy machine wait longer through this; the product never calls it. Returns a function that restores. */
export function setPatience(factor: number): () => void {
  const former = patience;
  patience = factor;
  return () => {
    patience = former;
  };
}

/** Bytes of an answer that are read; the connection is closed on the rest. */
const readAnyway = 16_384;
const mostText = 1_000;

/**
 * Asks whoever a person named. The address that was checked is the one connected to, whatever the name says a moment
 * later; no redirect is followed, no connection is kept, and of the answer only the beginning is read. Throws
 * DestinationRefused, or DestinationUnreachable when no whole answer came in time.
 */
export async function exchange(request: Request): Promise<Answer> {
  const { url, timeoutMs, reaches } = request;
  const started = clock.monotonic();
  const signal = AbortSignal.timeout(timeoutMs * patience);
  try {
    const destination = await resolveDestination(url, signal, reaches);
    const answer = await send(destination, request, signal);
    return { ...answer, durationMs: Math.round(clock.monotonic() - started) };
  } catch (cause) {
    if (cause instanceof TheseusError && !signal.aborted) throw cause;
    const { origin } = new URL(url);
    throw new DestinationUnreachable(
      signal.aborted ? `${origin} did not answer within ${timeoutMs} ms` : `${origin}: ${reasonOf(cause)}`,
      { evidence: { origin }, cause },
    );
  }
}

/** Several addresses failing at once come as one error without a message of its own. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || ('code' in cause ? String(cause.code) : cause.name);
}

function send(
  { url, address }: Destination,
  { method, headers, body, mostBytes }: Request,
  signal: AbortSignal,
): Promise<Omit<Answer, 'durationMs'>> {
  const pinned: LookupFunction = (_host, options, done) =>
    options.all ? done(null, [address]) : done(null, address.address, address.family);
  const request = url.protocol === 'https:' ? overHttps : overHttp;
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method, headers: { ...headers, ...length }, lookup: pinned, agent: false, signal },
      (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        const finish = () => {
          const all = Buffer.concat(chunks);
          const text = all.subarray(0, mostBytes ?? readAnyway).toString('utf8');
          const shown = mostBytes === undefined ? text.slice(0, mostText) : text;
          resolve({
            status: response.statusCode ?? 0,
            text: shown,
            whole: bytes <= (mostBytes ?? readAnyway) && shown.length === text.length,
            retryAfter: response.headers['retry-after'],
          });
          sent.destroy();
        };
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          chunks.push(chunk);
          if (bytes > (mostBytes ?? readAnyway)) finish();
        });
        response.on('end', finish);
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
