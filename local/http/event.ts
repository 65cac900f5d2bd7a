import type { IncomingMessage } from 'node:http';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { LocalToken } from './tokens.ts';

const isText = (contentType: string) =>
  /^(?:text\/|application\/(?:[\w.+-]+\+)?(?:json|xml|javascript)\b)/i.test(contentType);

/** Headers with lower-case names, several of one name joined by commas; cookies stand apart. */
function headersOf(request: IncomingMessage): { headers: Record<string, string>; cookies: string[] } {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined && name !== 'cookie')
      headers[name] = Array.isArray(value) ? value.join(',') : value;
  }
  return { headers, cookies: request.headers.cookie?.split(/; */) ?? [] };
}

/** A request as API Gateway's HTTP API hands it to Lambda: payload format 2.0, the caller's claims verified. */
export function eventOf(
  request: IncomingMessage,
  body: Buffer,
  identity: { requestId: string; now: number; caller: LocalToken | undefined },
): APIGatewayProxyEventV2 {
  const [rawPath = '/', ...query] = (request.url ?? '/').split('?');
  const rawQueryString = query.join('?');
  const { headers, cookies } = headersOf(request);
  const method = request.method ?? 'GET';
  const text = body.length === 0 || isText(headers['content-type'] ?? '');
  const caller = identity.caller;
  const requestContext = {
    accountId: '000000000000',
    apiId: 'local',
    domainName: headers.host ?? '127.0.0.1',
    domainPrefix: 'local',
    http: {
      method,
      path: rawPath,
      protocol: `HTTP/${request.httpVersion}`,
      sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
      userAgent: headers['user-agent'] ?? '',
    },
    requestId: identity.requestId,
    routeKey: '$default',
    stage: '$default',
    time: new Date(identity.now).toISOString(),
    timeEpoch: identity.now,
  };
  const claims = caller && { sub: caller.subject, groups: `[${caller.groups.join(' ')}]` };
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    headers,
    ...(cookies.length > 0 ? { cookies } : {}),
    // The type knows authorizers only in a second event type; API Gateway adds the field to this one.
    requestContext: claims
      ? Object.assign(requestContext, { authorizer: { jwt: { claims, scopes: null } } })
      : requestContext,
    ...(body.length > 0 ? { body: text ? body.toString('utf8') : body.toString('base64') } : {}),
    isBase64Encoded: body.length > 0 && !text,
  };
}
