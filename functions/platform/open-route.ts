import type { HttpEvent } from './request.ts';
import type { RouteAnswer } from './route.ts';
import type { InvocationLogger } from './telemetry.ts';

/** A request of the API that is made in somebody's name. */
export interface AskedInName {
  /** Who asks: as the claims of a token would say it. */
  subject: string;
  groups: string[];
  method: 'GET' | 'POST';
  path: string;
  body?: object;
}

export interface OpenRequest {
  /** By its name in lower case. */
  header: (name: string) => string | undefined;
  /** Names in braces of the path. */
  params: Readonly<Record<string, string>>;
  /** As it came, undecoded: signatures are over it. */
  body: string;
  logger: InvocationLogger;
  /** Answers a request in somebody's name as if it had come with a token: every check is made, nothing is skipped. */
  ask: (asked: AskedInName) => Promise<{ statusCode: number; body?: string }>;
}

/** A path that needs no token: its handler knows the sender in another way, by a signature, or what it shows is public. */
export interface OpenRoute {
  method: 'GET' | 'POST';
  /** May have names in braces. */
  path: string;
  summary: string;
  description: string;
  /** Of the body that POST sends, or that GET answers with. */
  contentType: string;
  handler: (request: OpenRequest) => Promise<RouteAnswer>;
}

/** The event of a request in somebody's name, from the one that led to it. */
export function eventInName(
  { requestContext, headers }: HttpEvent,
  { subject, groups, method, path, body }: AskedInName,
): HttpEvent {
  const claims = { sub: subject, groups };
  const { 'user-agent': agent } = headers;
  return {
    version: '2.0',
    rawPath: path,
    rawQueryString: '',
    headers: {
      ...(agent === undefined ? {} : { 'user-agent': agent }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    isBase64Encoded: false,
    requestContext: {
      ...requestContext,
      stage: '$default',
      http: { ...requestContext.http, method },
      authorizer: { jwt: { claims } },
    },
  };
}
