import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { attach } from '../attach.ts';
import { virtualClock } from '../clock.ts';
import { attachLambda } from './api.ts';
import { createLambda, type LambdaOptions, type LocalFunction } from './runtime.ts';

type Handler = (event: unknown, context: Context) => Promise<unknown>;
const fn = (handler: Handler, timeoutSeconds = 10): LocalFunction => ({
  load: async () => ({ handler }),
  timeoutSeconds,
});

function lambdaOf(handlers: Record<string, LocalFunction>, options: Partial<LambdaOptions> = {}) {
  const clock = virtualClock(Date.UTC(2026, 0, 1));
  return { clock, lambda: createLambda({ functions: handlers, clock, ...options }) };
}

describe('invocation', () => {
  it('passes input and output through JSON', async () => {
    let seen: unknown;
    const { lambda } = lambdaOf({
      echo: fn(async (event) => {
        seen = event;
        return { at: new Date(0), nothing: undefined, nan: Number.NaN };
      }),
      silent: fn(async () => undefined),
    });
    const answer = await lambda.invoke('echo', { when: new Date(0), gone: undefined, list: [undefined] });
    expect(seen).toEqual({ when: '1970-01-01T00:00:00.000Z', list: [null] });
    expect(answer).toEqual({ payload: { at: '1970-01-01T00:00:00.000Z', nan: null }, version: '$LATEST' });
    expect(await lambda.invoke('silent', {})).toMatchObject({ payload: null });
  });

  it('gives the context of Lambda, by ARN and version too', async () => {
    const { lambda, clock } = lambdaOf({
      who: fn(async (_event, context) => {
        await clock.sleep(400);
        return { ...context, left: context.getRemainingTimeInMillis() };
      }),
    });
    const running = lambda.invoke('arn:aws:lambda:eu-west-1:111122223333:function:who:7', {});
    await clock.advance(400);
    expect(await running).toMatchObject({
      version: '7',
      payload: { functionName: 'who', functionVersion: '7', memoryLimitInMB: '512', left: 9_600 },
    });
  });

  it('answers errors by name, message and trace', async () => {
    const { lambda } = lambdaOf({
      named: fn(async () => {
        throw Object.assign(new Error('row 7'), { name: 'RowsDiffer' });
      }),
      plain: fn(() => Promise.reject('text')),
      cyclic: fn(async () => {
        const a: Record<string, unknown> = {};
        a.a = a;
        return a;
      }),
    });
    expect(await lambda.invoke('named', {})).toMatchObject({
      errorType: 'RowsDiffer',
      errorMessage: 'row 7',
      trace: expect.any(Array),
    });
    expect(await lambda.invoke('plain', {})).toMatchObject({ errorType: 'string', errorMessage: 'text' });
    expect(await lambda.invoke('cyclic', {})).toMatchObject({ errorType: 'TypeError' });
    expect(await lambda.invoke('absent', {})).toMatchObject({
      errorType: 'Lambda.ResourceNotFoundException',
    });
    expect(await lambda.invoke('constructor', {})).toMatchObject({
      errorType: 'Lambda.ResourceNotFoundException',
    });
  });

  it('refuses more than Lambda carries, both ways', async () => {
    const big = 'x'.repeat(6_300_000);
    const { lambda } = lambdaOf({ big: fn(async () => big) });
    expect(await lambda.invoke('big', {})).toMatchObject({ errorType: 'Function.ResponseSizeTooLarge' });
    expect(await lambda.invoke('big', { big })).toMatchObject({
      errorType: 'Lambda.RequestTooLargeException',
    });
  });

  it('loads a module once, and again after an import that failed', async () => {
    let loads = 0;
    const { lambda } = lambdaOf({
      late: {
        timeoutSeconds: 1,
        load: async () => {
          loads++;
          if (loads === 1) throw new Error('syntax error');
          return { handler: async () => loads };
        },
      },
    });
    expect(await lambda.invoke('late', {})).toMatchObject({ errorMessage: 'syntax error' });
    expect(await lambda.invoke('late', {})).toMatchObject({ payload: 2 });
    expect(await lambda.invoke('late', {})).toMatchObject({ payload: 2 });
  });
});

describe('the deadline', () => {
  it('answers a timeout while the handler goes on as a zombie', async () => {
    const done: string[] = [];
    const { lambda, clock } = lambdaOf({
      slow: fn(async () => {
        await clock.sleep(5_000);
        done.push('written after the deadline');
      }, 3),
    });
    const running = lambda.invoke('slow', {});
    await clock.advance(3_000);
    expect(await running).toMatchObject({
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringContaining('Task timed out after 3.00 seconds'),
    });
    expect(lambda.running()).toBe(1);
    const idle = lambda.idle();
    await clock.advance(2_000);
    await idle;
    expect(done).toEqual(['written after the deadline']);
    expect(lambda.running()).toBe(0);
  });

  it('of the caller may be shorter than the function’s own', async () => {
    const { lambda, clock } = lambdaOf({ slow: fn(() => clock.sleep(5_000)) });
    const running = lambda.invoke('slow', {}, { timeoutMs: 1_000 });
    await clock.advance(1_000);
    expect(await running).toMatchObject({ errorType: 'States.Timeout' });
    expect(lambda.running()).toBe(1);
    await clock.advance(4_000);
    expect(clock.pending).toBe(0);
  });
});

describe('drills', () => {
  it.each(['concurrently', 'sequentially'] as const)('run every task twice %s', async (duplicate) => {
    const ids: string[] = [];
    const { lambda } = lambdaOf(
      {
        once: fn(async (_event, context) => {
          ids.push(context.awsRequestId);
          return ids.length;
        }),
      },
      { duplicate },
    );
    await lambda.invoke('once', {});
    expect(new Set(ids).size).toBe(2);
  });

  it('can kill an invocation before and after its handler', async () => {
    let ran = 0;
    let kill: 'before' | 'after' = 'before';
    const { lambda } = lambdaOf(
      { task: fn(async () => ran++) },
      {
        onInvoke: ({ stage, roleArn }) => {
          if (stage === kill) throw new Error(`killed ${stage} for ${roleArn}`);
        },
      },
    );
    expect(await lambda.invoke('task', {}, { roleArn: 'r' })).toMatchObject({
      errorMessage: 'killed before for r',
    });
    expect(ran).toBe(0);
    kill = 'after';
    expect(await lambda.invoke('task', {})).toMatchObject({ errorMessage: 'killed after for undefined' });
    expect(ran).toBe(1);
  });
});

describe('the SDK', () => {
  const as = (accessKeyId: string) =>
    new LambdaClient({ region: 'us-east-1', credentials: { accessKeyId, secretAccessKey: 's' } });
  const permissions = {
    roleOf: ({ accessKeyId }: { accessKeyId: string }) => (accessKeyId === 'ASIAROLE' ? 'role' : undefined),
    refusal: (role: string | undefined) => (role === 'role' ? undefined : 'not authorized'),
  };

  it('is refused by who calls before anything runs', async () => {
    const { lambda } = lambdaOf({ ok: fn(async () => 'ran') });
    const client = as('AKIANOBODY');
    attachLambda(client, lambda, permissions);
    await expect(client.send(new InvokeCommand({ FunctionName: 'ok' }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: 'not authorized',
    });
    expect(lambda.running()).toBe(0);
  });

  it('invokes local functions, with failures as FunctionError', async () => {
    const { lambda } = lambdaOf({
      ok: fn(async (event) => ({ got: event })),
      bad: fn(async () => {
        throw new RangeError('no');
      }),
    });
    const client = as('ASIAROLE');
    attachLambda(client, lambda, permissions);
    const answer = await client.send(
      new InvokeCommand({ FunctionName: 'ok', Payload: Buffer.from('{"a":1}') }),
    );
    expect(answer.StatusCode).toBe(200);
    expect(JSON.parse(answer.Payload?.transformToString() ?? '')).toEqual({ got: { a: 1 } });
    const failed = await client.send(new InvokeCommand({ FunctionName: 'bad' }));
    expect(failed.FunctionError).toBe('Unhandled');
    expect(failed.Payload?.transformToString()).toContain('"errorType":"RangeError"');
    expect(
      (await client.send(new InvokeCommand({ FunctionName: 'ok', InvocationType: 'Event' }))).StatusCode,
    ).toBe(202);
    await expect(client.send(new InvokeCommand({ FunctionName: 'no' }))).rejects.toThrow(
      'Function not found',
    );
  });

  it('is refused a command nobody answers, by service and name', async () => {
    const client = new SFNClient({});
    const detach = attach(client, 'StepFunctions', {
      ListStateMachines: async () => ({ stateMachines: [] }),
    });
    await expect(client.send(new StartExecutionCommand({ stateMachineArn: 'a' }))).rejects.toThrow(
      'StepFunctions.StartExecution is not available on the laptop',
    );
    detach();
  });
});
