import { type TheseusError, Unauthenticated } from '#platform/errors.ts';
import { namedError, problemOf } from '#platform/problem.ts';
import type { Answered } from './attempt.ts';
import { versionHeader } from './choose.ts';
import { correlationId, endToEnd, type HeaderFields } from './headers.ts';
import type { GatewayRequest, Respond } from './request.ts';

/** On answers of the gateway itself: the name of the error. Those of services never have it. */
export const gatewayHeader = 'x-theseus-gateway';

/** Passes the response of a version on as it comes; resolves when it has ended, however it did: whether whole. */
export function passOn(
  { status, headers, body }: Answered,
  more: HeaderFields,
  request: GatewayRequest,
  respond: Respond,
): Promise<boolean> {
  const fields: HeaderFields = { ...endToEnd(headers), ...more, 'x-correlation-id': correlationId(request) };
  delete fields[gatewayHeader];
  const client = respond({ status, headers: fields });
  return new Promise((resolve) => {
    if (Buffer.isBuffer(body)) {
      client.on('error', () => resolve(false));
      client.end(body, () => resolve(true));
      return;
    }
    // As pipeline() does it, for a third of its cost: either side's end is the other's.
    const end = (whole: boolean) => {
      if (!whole) {
        body.destroy();
        client.destroy();
      }
      resolve(whole);
    };
    body.on('error', () => end(false));
    client.on('error', () => end(false));
    body.once('close', () => {
      if (!body.readableEnded) end(false);
    });
    client.once('close', () => end(client.writableFinished));
    client.once('finish', () => end(true));
    body.pipe(client);
  });
}

function retryAfter(error: TheseusError): HeaderFields {
  if (!error.retryable) return {};
  const { retryAfterMs } = error.evidence;
  return { 'retry-after': String(typeof retryAfterMs === 'number' ? Math.ceil(retryAfterMs / 1_000) : 1) };
}

/** Answers with problem details (RFC 9457) of the gateway's own failure. */
export function answerProblem(
  error: unknown,
  more: HeaderFields,
  request: GatewayRequest,
  respond: Respond,
): Promise<void> {
  const named = namedError(error, request.requestId);
  const body = Buffer.from(JSON.stringify(problemOf(named, request.requestId)));
  const headers = {
    ...more,
    'content-type': 'application/problem+json',
    'content-length': String(body.length),
    'cache-control': 'no-store',
    [gatewayHeader]: named.name,
    'x-correlation-id': correlationId(request),
    ...(named instanceof Unauthenticated ? { 'www-authenticate': 'Theseus' } : {}),
    ...retryAfter(named),
  };
  const client = respond({ status: named.status, headers });
  return new Promise((resolve) => {
    client.on('error', () => resolve());
    client.end(request.method === 'HEAD' ? undefined : body, () => resolve());
  });
}

/** What a response says about its version, and the cookie by which its client is recognised. */
export function choiceHeaders(
  version: string,
  cookie: { name: string; value: string } | undefined,
  { headers }: Pick<Answered, 'headers'>,
  { protocol }: GatewayRequest,
): HeaderFields {
  if (cookie === undefined) return { [versionHeader]: version };
  const secure = protocol === 'https' ? '; Secure' : '';
  const set = `${cookie.name}=${cookie.value}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax${secure}`;
  const own = headers['set-cookie'] ?? [];
  return { [versionHeader]: version, 'set-cookie': [...(Array.isArray(own) ? own : [own]), set] };
}
