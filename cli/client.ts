import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { newId } from '#platform/ids.ts';
import { type ExitCode, exitCode, Failure } from './failure.ts';
import type { Platform } from './platform.ts';

const problemDocument = z.looseObject({
  type: z.string().optional(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  action: z.string().optional(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
});

export interface Call<T> {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  answer: z.ZodType<T>;
  /** ms; the platform itself answers within 30 s. */
  timeoutMs?: number;
}

const codeOf = (status: number): ExitCode => {
  if (status === 401 || status === 403) return exitCode.forbidden;
  if (status >= 500) return exitCode.defect;
  return exitCode.refused;
};

function failureOf(status: number, text: string): Failure {
  const parsed = problemDocument.safeParse(parseJson(text));
  if (!parsed.success)
    return new Failure(`The platform answered ${status} without an explanation.`, { code: codeOf(status) });
  const { title, detail, action, errors = [] } = parsed.data;
  return new Failure(detail ?? title, {
    code: codeOf(status),
    action,
    details: detailsOf(detail ?? title, errors),
    problem: parsed.data,
  });
}

/** A line for each refused field, unless the message is about that very field. */
export const detailsOf = (
  message: string,
  errors: readonly { pointer: string; detail: string }[],
): string[] =>
  errors.flatMap(({ pointer, detail }) =>
    errors.length === 1 && message.includes(detail) ? [] : [`${pointer || '/'}: ${detail}`],
  );

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One request to a platform: what the verbs are written in, wherever the platform is and whatever stands between. */
export type Ask = <T>(request: Call<T>) => Promise<T>;

/** Requests to this platform. */
export const asking =
  (platform: Platform): Ask =>
  (request) =>
    call(platform, request);

/** How often a request that the platform still works on is asked after, and how long between, ms. */
const mostWaits = 60;
const waitMs = 500;

/** The first try reached the platform, and only its answer came too late. */
const stillRuns = (status: number, text: string): boolean =>
  status === 409 &&
  problemDocument.safeParse(parseJson(text)).data?.type === 'urn:theseus:problem:RequestInProgress';

/**
 * One request to the platform. A POST carries an Idempotency-Key and is tried again, at most 3 times in all, when the
 * connection fails or the platform is starting: the key makes the second try harmless.
 * @throws Failure with the platform's own explanation.
 */
export async function call<T>(
  platform: Platform,
  { method, path, query, body, answer, timeoutMs = 35_000 }: Call<T>,
): Promise<T> {
  const url = new URL(platform.url + path);
  for (const [name, value] of Object.entries(query ?? {}))
    if (value !== undefined) url.searchParams.set(name, String(value));
  const headers: Record<string, string> = {
    authorization: `Bearer ${platform.token}`,
    accept: 'application/json',
    'user-agent': 'theseus-cli',
  };
  if (method === 'POST') headers['idempotency-key'] = newId('cli');
  if (body !== undefined) headers['content-type'] = 'application/json';
  let waited = 0;
  for (let attempt = 1; ; ) {
    try {
      const response = await fetch(url, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const text = await response.text();
      if (response.ok) return answer.parse(text === '' ? undefined : parseJson(text));
      if (attempt > 1 && stillRuns(response.status, text) && waited < mostWaits) {
        waited += 1;
        await sleep(waitMs);
        continue;
      }
      if (response.status !== 503 || attempt === 3) throw failureOf(response.status, text);
    } catch (error) {
      if (error instanceof Failure) throw error;
      if (error instanceof z.ZodError) {
        throw new Failure(
          `The platform at ${platform.url} answers ${method} ${path} in a form this version does not know.`,
          {
            code: exitCode.defect,
            action: 'Use the CLI of the same version as the platform.',
            details: [z.prettifyError(error)],
          },
        );
      }
      if (attempt === 3) {
        throw new Failure(`The platform at ${platform.url} does not answer.`, {
          code: exitCode.unreachable,
          action: 'Is it running? Start it with `npx theseus dev`, or check THESEUS_URL.',
        });
      }
    }
    await sleep(200 * attempt + Math.random() * 200);
    attempt += 1;
  }
}

/**
 * A text that the platform writes, such as a document of an API; tried once.
 * @throws Failure with the platform's own explanation.
 */
export async function callText(platform: Platform, path: string, timeoutMs = 35_000): Promise<string> {
  const headers = { authorization: `Bearer ${platform.token}`, 'user-agent': 'theseus-cli' };
  const response = await fetch(platform.url + path, {
    headers,
    signal: AbortSignal.timeout(timeoutMs),
  }).catch(() => {
    throw new Failure(`The platform at ${platform.url} does not answer.`, {
      code: exitCode.unreachable,
      action: 'Is it running? Start it with `npx theseus dev`, or check THESEUS_URL.',
    });
  });
  const text = await response.text();
  if (response.ok) return text;
  throw failureOf(response.status, text);
}
