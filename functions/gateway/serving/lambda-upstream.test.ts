import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { attach, type CommandHandlers } from '#local/attach.ts';
import { setEnvironment } from '#local/environment.ts';
import { forgetClients, lambda } from '#platform/clients.ts';
import { handler, requestOf } from '../serve.ts';
import type { Answered, Attempt, Send } from './attempt.ts';
import { eventOf, sendToLambda } from './lambda-upstream.ts';

let restore = () => {};
beforeAll(() => {
  restore = setEnvironment({ AWS_REGION: 'us-east-1', THESEUS_ENVIRONMENT: 'local' });
  forgetClients();
  return () => {
    restore();
    forgetClients();
  };
});
let detach = () => {};
afterEach(() => detach());
const answering = (handlers: CommandHandlers) => {
  detach = attach(lambda(), 'Lambda', handlers);
};

const asked = (more: Partial<Send> = {}): Send => ({
  method: 'POST',
  path: '/orders/1',
  query: 'a=1',
  headers: { 'content-type': 'application/json', cookie: 'a=1; b=2', accept: ['x', 'y'] },
  body: Buffer.from('{}'),
  address: '192.0.2.1',
  requestId: 'req_1',
  timeoutMs: 30_000,
  gone: new AbortController().signal,
  ...more,
});
const target = { kind: 'lambda', functionName: 'shop', qualifier: 'live' } as const;
const payload = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

async function bodyOf(attempt: Attempt): Promise<string> {
  const { body } = attempt as Answered;
  if (Buffer.isBuffer(body)) return body.toString();
  let text = '';
  for await (const chunk of body) text += chunk;
  return text;
}

describe('a Lambda function behind the gateway', () => {
  it('gets the event of an HTTP API', () => {
    expect(eventOf(asked())).toMatchObject({
      version: '2.0',
      rawPath: '/orders/1',
      rawQueryString: 'a=1',
      headers: { accept: 'x, y' },
      cookies: ['a=1', 'b=2'],
      body: '{}',
      isBase64Encoded: false,
      requestContext: { http: { method: 'POST', sourceIp: '192.0.2.1' } },
    });
    const binary = asked({ headers: { 'content-type': 'image/png' }, body: Buffer.from([0, 255]) });
    expect(eventOf(binary)).toMatchObject({ body: 'AP8=', isBase64Encoded: true });
  });

  it('answers with a status, or with the body of a 200', async () => {
    const seen: unknown[] = [];
    const answers = [
      { statusCode: 201, headers: { 'X-A': 1 }, cookies: ['c=1'], body: 'aGk=', isBase64Encoded: true },
      { hello: 'world' },
    ];
    answering({
      Invoke: async ({ FunctionName, Qualifier }: { FunctionName: string; Qualifier: string }) => {
        seen.push([FunctionName, Qualifier]);
        return { Payload: payload(answers.shift()) };
      },
    });
    const first = await sendToLambda(target, asked());
    expect(first).toMatchObject({ status: 201, headers: { 'x-a': '1', 'set-cookie': ['c=1'] } });
    expect(await bodyOf(first)).toBe('hi');
    const second = await sendToLambda(target, asked());
    expect(second).toMatchObject({ status: 200 });
    expect(await bodyOf(second)).toBe('{"hello":"world"}');
    expect(seen[0]).toEqual(['shop', 'live']);
  });

  it('is at fault when it fails, may be tried again when it is throttled, and late when it is slow', async () => {
    answering({ Invoke: async () => ({ FunctionError: 'Unhandled', Payload: payload({}) }) });
    expect(await sendToLambda(target, asked())).toMatchObject({ kind: 'failed', cause: 502, atFault: true });
    detach();
    answering({
      Invoke: async () => {
        throw Object.assign(new Error('busy'), { name: 'TooManyRequestsException' });
      },
    });
    expect(await sendToLambda(target, asked())).toMatchObject({ kind: 'failed', cause: 503 });
    detach();
    answering({
      Invoke: async () => {
        throw Object.assign(new Error('late'), { name: 'TimeoutError' });
      },
    });
    const late = await sendToLambda(target, asked());
    expect(late).toMatchObject({ kind: 'failed', cause: null, error: { name: 'UpstreamTimeout' } });
  });

  it('streams: the head before eight zero bytes, wherever chunks are cut', async () => {
    const whole = Buffer.concat([
      payload({ statusCode: 202, headers: { 'X-A': 'b' }, cookies: ['c=1'] }),
      Buffer.alloc(8),
      payload('first last'),
    ]);
    for (const cut of [3, whole.length - 18, whole.length - 12, whole.length - 4]) {
      answering({
        InvokeWithResponseStream: async () => ({
          EventStream: (async function* () {
            yield { PayloadChunk: { Payload: whole.subarray(0, cut) } };
            yield { PayloadChunk: { Payload: whole.subarray(cut) } };
            yield { InvokeComplete: {} };
          })(),
        }),
      });
      const attempt = await sendToLambda({ ...target, streams: true }, asked());
      expect(attempt).toMatchObject({ status: 202, headers: { 'x-a': 'b', 'set-cookie': ['c=1'] } });
      expect(await bodyOf(attempt)).toBe('first last');
      detach();
    }
  });

  it('breaks off in the middle of its stream', async () => {
    answering({
      InvokeWithResponseStream: async () => ({
        EventStream: (async function* () {
          yield {
            PayloadChunk: { Payload: Buffer.concat([payload({}), Buffer.alloc(8), payload('first')]) },
          };
          yield { InvokeComplete: { ErrorCode: 'Runtime.ExitError' } };
        })(),
      }),
    });
    const attempt = await sendToLambda({ ...target, streams: true }, asked());
    await expect(bodyOf(attempt)).rejects.toThrow(/Runtime\.ExitError/);
  });
});

describe('the event of a REST API', () => {
  const event = {
    httpMethod: 'GET',
    path: '/shop/a b/%C3%A4',
    multiValueHeaders: { Host: ['shop.example'], 'X-Forwarded-For': ['192.0.2.1'] },
    multiValueQueryStringParameters: { q: ['1', 'ü&'] },
    body: null,
    requestContext: { requestId: 'r1', identity: { sourceIp: '192.0.2.1' }, authorizer: { tenant: 'acme' } },
  };

  it('becomes a request with path and query encoded once', () => {
    expect(requestOf(event)).toMatchObject({
      method: 'GET',
      path: '/shop/a%20b/%C3%A4',
      query: 'q=1&q=%C3%BC%26',
      headers: { host: 'shop.example' },
      tenant: 'acme',
      address: '192.0.2.1',
    });
  });

  it('is answered as one JSON where nothing streams', async () => {
    const answer = await Reflect.apply(handler, undefined, [{ ...event, path: '/No-Service' }, {}]);
    expect(answer).toMatchObject({
      isBase64Encoded: true,
      headers: { 'x-theseus-gateway': 'ServiceUnknown' },
    });
  });
});
