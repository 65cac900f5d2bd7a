import { z } from 'zod';
import type { Caller } from './access.ts';
import { currentEnvironment } from './environment.ts';
import { InvalidInput, PayloadTooLarge, Unauthenticated, UnsupportedMediaType } from './errors.ts';
import { rolesFromGroups } from './roles.ts';

/** The parts of API Gateway's payload version 2.0 that are used. */
export const httpEvent = z.object({
  version: z.literal('2.0'),
  rawPath: z.string(),
  rawQueryString: z.string().default(''),
  headers: z.record(z.string(), z.string().optional()).default({}),
  body: z.string().optional(),
  isBase64Encoded: z.boolean().default(false),
  requestContext: z.object({
    requestId: z.string(),
    stage: z.string().default('$default'),
    /** When API Gateway took the request, epoch ms. */
    timeEpoch: z.number().optional(),
    http: z.object({
      method: z.string(),
      sourceIp: z.string().optional(),
      userAgent: z.string().optional(),
    }),
    authorizer: z.object({ jwt: z.object({ claims: z.record(z.string(), z.unknown()) }) }).optional(),
  }),
});
export type HttpEvent = z.infer<typeof httpEvent>;

const largestBody = 1_048_576;

/** API Gateway hands list claims over as `[a b]`; others send JSON, a list or one text. */
function listOf(claim: unknown): string[] {
  if (Array.isArray(claim)) return claim.filter((one) => typeof one === 'string');
  if (typeof claim !== 'string') return [];
  return claim
    .replace(/^\[(.*)\]$/s, '$1')
    .split(/[\s,]+/)
    .map((one) => one.replaceAll('"', ''))
    .filter(Boolean);
}

/** Who calls, from the claims the authorizer verified. Throws Unauthenticated when there are none. */
export function callerOf(event: HttpEvent): Caller {
  const claims = event.requestContext.authorizer?.jwt.claims;
  if (typeof claims?.sub !== 'string' || claims.sub === '') {
    throw new Unauthenticated('A bearer token is needed', {
      action: 'Send the header Authorization: Bearer <token>.',
    });
  }
  const groups = listOf(claims['cognito:groups'] ?? claims.groups);
  return { subject: claims.sub, groups, roles: rolesFromGroups(groups, currentEnvironment()) };
}

/** The path without the stage that API Gateway puts before it, unless the stage is `$default`. */
export function pathOf(event: HttpEvent): string {
  const prefix = `/${event.requestContext.stage}/`;
  return event.rawPath.startsWith(prefix) ? event.rawPath.slice(prefix.length - 1) : event.rawPath;
}

/** Query parameters; one given several times becomes a list. */
export function queryOf(event: HttpEvent): Record<string, string | string[]> {
  const search = new URLSearchParams(event.rawQueryString);
  const names = [...new Set(search.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const values = search.getAll(name);
      return [name, values.length === 1 ? (values[0] ?? '') : values];
    }),
  );
}

export const headerOf = (event: HttpEvent, name: string): string | undefined =>
  Object.entries(event.headers).find(([key]) => key.toLowerCase() === name)?.[1];

/** The body as it was sent, at most 1 MiB. Throws PayloadTooLarge beyond. */
export function bodyTextOf(event: HttpEvent): string {
  const bytes = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  if (bytes.byteLength > largestBody) {
    throw new PayloadTooLarge(`The body has ${bytes.byteLength} bytes, at most ${largestBody} are accepted`, {
      evidence: { bytes: bytes.byteLength, limit: largestBody },
      action: 'Send less at once.',
    });
  }
  return bytes.toString('utf8');
}

/** The JSON of a body, undefined for an empty one. Throws UnsupportedMediaType or InvalidInput. */
export function jsonOf(event: HttpEvent, text: string): unknown {
  if (text === '') return undefined;
  const contentType = headerOf(event, 'content-type') ?? '';
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(contentType)) {
    throw new UnsupportedMediaType(`The body is '${contentType}', expected application/json`, {
      evidence: { contentType },
    });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InvalidInput('The body is not JSON', {
      problems: [{ pointer: '/body', detail: cause instanceof Error ? cause.message : 'Not JSON' }],
      action: 'Send a JSON document, or no body at all.',
      cause,
    });
  }
}

const idempotencyKey = z.string().regex(/^[\x21-\x7e]{1,255}$/);

/** The Idempotency-Key header, if sent. Throws InvalidInput when it is not 1 to 255 visible characters. */
export function idempotencyKeyOf(event: HttpEvent): string | undefined {
  const sent = headerOf(event, 'idempotency-key');
  if (sent === undefined || idempotencyKey.safeParse(sent).success) return sent;
  throw new InvalidInput('The Idempotency-Key is not usable', {
    problems: [{ pointer: '/header/Idempotency-Key', detail: 'Expected 1 to 255 visible ASCII characters' }],
    action: 'Send another key, such as a UUID, or none.',
  });
}
