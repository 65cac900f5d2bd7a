import { InvokeCommand, InvokeWithResponseStreamCommand } from '@aws-sdk/client-lambda';
import { z } from 'zod';
import { isTimeout } from '#platform/call.ts';
import { lambda } from '#platform/clients.ts';
import { clock } from '#platform/clock.ts';
import { PayloadTooLarge } from '#platform/errors.ts';
import { UpstreamTimeout, UpstreamUnreachable } from '../errors.ts';
import type { Target } from '../schemas.ts';
import type { Answered, Attempt, Failed, Send } from './attempt.ts';
import { type HeaderFields, headerText } from './headers.ts';
import { streamedAnswer } from './streamed-answer.ts';

type LambdaTarget = Extract<Target, { kind: 'lambda' }>;

const isText = (contentType: string | undefined) =>
  contentType === undefined ||
  /^(?:text\/|application\/(?:[\w.+-]+\+)?(?:json|xml|javascript|x-www-form-urlencoded)\b)/i.test(
    contentType,
  );

/** A request as an HTTP API hands it to a function: payload format 2.0. */
export function eventOf({ method, path, query, headers, body, address, requestId }: Send): object {
  const fields: Record<string, string> = {};
  for (const name in headers) {
    const value = headerText(headers, name);
    if (value !== undefined && name !== 'cookie') fields[name] = value;
  }
  const cookies = headerText(headers, 'cookie')?.split(/; */) ?? [];
  const text = body.length === 0 || isText(fields['content-type']);
  const timeEpoch = clock.now();
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query,
    headers: fields,
    ...(cookies.length === 0 ? {} : { cookies }),
    requestContext: {
      requestId,
      routeKey: '$default',
      stage: '$default',
      timeEpoch,
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: address, userAgent: fields['user-agent'] ?? '' },
    },
    ...(body.length === 0 ? {} : { body: body.toString(text ? 'utf8' : 'base64') }),
    isBase64Encoded: !text,
  };
}

const FunctionAnswer = z.object({
  statusCode: z.int().min(200).max(599),
  headers: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  cookies: z.array(z.string()).default([]),
  body: z.string().default(''),
  isBase64Encoded: z.boolean().default(false),
});

/** What a function answered, read as an HTTP API reads it: anything without a status is the body of a 200. */
export function answerFrom(payload: string): Answered {
  let answer: unknown = null;
  try {
    answer = JSON.parse(payload);
  } catch {
    // no JSON: not of a function of Node or Python
  }
  const shaped = FunctionAnswer.safeParse(answer);
  if (!shaped.success) {
    const headers = { 'content-type': 'application/json' };
    return { kind: 'answered', status: 200, headers, body: Buffer.from(payload) };
  }
  const { statusCode, headers, cookies, body, isBase64Encoded } = shaped.data;
  const fields: HeaderFields = {};
  for (const [name, value] of Object.entries(headers)) fields[name.toLowerCase()] = String(value);
  if (cookies.length > 0) fields['set-cookie'] = cookies;
  const bytes = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
  return { kind: 'answered', status: statusCode, headers: fields, body: bytes };
}

/** Invokes the function or alias with the request and waits until its response begins. */
export async function sendToLambda(target: LambdaTarget, asked: Send): Promise<Attempt> {
  const { functionName, qualifier } = target;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new DOMException('late', 'TimeoutError')), asked.timeoutMs);
  const abortSignal = AbortSignal.any([asked.gone, late.signal]);
  const input = {
    FunctionName: functionName,
    ...(qualifier === undefined ? {} : { Qualifier: qualifier }),
    Payload: Buffer.from(JSON.stringify(eventOf(asked))),
  };
  try {
    if (target.streams) {
      const answer = await lambda().send(new InvokeWithResponseStreamCommand(input), { abortSignal });
      return await streamedAnswer(answer.EventStream);
    }
    const answer = await lambda().send(new InvokeCommand(input), { abortSignal });
    const payload = Buffer.from(answer.Payload ?? []).toString('utf8');
    if (answer.FunctionError === undefined) return answerFrom(payload);
    return failed(`The function ${functionName} failed`, { functionName, reason: answer.FunctionError }, 502);
  } catch (error) {
    return failureOf(error, functionName, asked, late.signal.aborted);
  } finally {
    clearTimeout(timer);
  }
}

const failed = (
  message: string,
  evidence: Record<string, unknown>,
  cause: Failed['cause'],
  atFault = true,
): Failed => ({
  kind: 'failed',
  error: new UpstreamUnreachable(message, { evidence, action: 'Look into the log of the function.' }),
  cause,
  atFault,
});

function failureOf(error: unknown, functionName: string, asked: Send, late: boolean): Failed {
  const evidence = { functionName };
  if (asked.gone.aborted) return failed('The client has gone', evidence, null, false);
  if (late || isTimeout(error)) {
    const timeout = new UpstreamTimeout(
      `The function ${functionName} did not answer within ${asked.timeoutMs} ms`,
      { evidence },
    );
    return { kind: 'failed', error: timeout, cause: null, atFault: true };
  }
  const name = error instanceof Error ? error.name : 'unknown';
  if (name === 'RequestTooLargeException') {
    const large = new PayloadTooLarge(`The request is too large for the function ${functionName}`, {
      evidence: { ...evidence, bytes: asked.body.length },
      action: 'Send what is large to S3 by a presigned URL, and its key to the service.',
    });
    return { kind: 'failed', error: large, cause: null, atFault: false };
  }
  const cause = name === 'TooManyRequestsException' ? 503 : 'connect';
  return failed(
    `The function ${functionName} could not be invoked: ${name}`,
    { ...evidence, reason: name },
    cause,
  );
}
