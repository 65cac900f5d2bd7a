import type { Context } from 'aws-lambda';
import { newId } from '#platform/ids.ts';
import type { Clock } from '../clock.ts';
import { functionArn, parseFunctionName } from './arn.ts';

/** A module that exports a Lambda handler. */
export interface HandlerModule {
  handler: (event: unknown, context: Context) => Promise<unknown>;
}

export interface LocalFunction {
  /** Imports the module at the first invocation; a file or, in tests of bundles, the bundle. */
  load: () => Promise<HandlerModule>;
  /** As in the cloud: 1 to 900. */
  timeoutSeconds: number;
  memoryMb?: number;
}

export interface InvokeOptions {
  /** How long the caller waits (ms); the invocation itself ends at the function's own timeout. */
  timeoutMs?: number | undefined;
  /** The role it is invoked with, if any: the caller has checked that it may. It is told to `onInvoke`. */
  roleArn?: string | undefined;
}

export interface LambdaFailure {
  errorType: string;
  errorMessage: string;
  trace?: string[];
  /** That failed; absent when the call came to none. */
  version?: string;
}
export type LambdaAnswer = { payload: unknown; version: string } | LambdaFailure;

/** Users' functions: of a name and a version or alias, the version that this call goes to. */
export interface FurtherFunctions {
  choose(
    name: string,
    qualifier: string,
  ): Promise<{ file: string; version: string; definition: LocalFunction } | undefined>;
}

/** What a chaos drill sees before and after every invocation; throwing there fails the invocation. */
export interface InvocationNotice {
  name: string;
  requestId: string;
  event: unknown;
  roleArn: string | undefined;
  stage: 'before' | 'after';
}

export interface LambdaOptions {
  functions: Record<string, LocalFunction>;
  clock: Clock;
  /** Runs every task a second time on the same input, as at-least-once delivery may: together or one after the other. */
  duplicate?: 'concurrently' | 'sequentially' | undefined;
  onInvoke?: ((notice: InvocationNotice) => void | Promise<void>) | undefined;
  /** No drill is made of these: they promised nothing about running twice. */
  further?: FurtherFunctions | undefined;
}

/** A version of a function. */
interface Chosen {
  name: string;
  version: string;
  definition: LocalFunction;
  /** By which its module is kept. */
  module: string;
  /** Whether it is the platform's own. */
  own: boolean;
}

export interface Lambda {
  /** Invokes as AWS does: JSON in and out, a deadline, failures as values. Never rejects. */
  invoke(functionName: string, payload: unknown, options?: InvokeOptions): Promise<LambdaAnswer>;
  /** Whether a function of this name or ARN, with a version or alias, exists. */
  has(functionName: string): Promise<boolean>;
  /** Invocations whose handlers still run, those past their deadline included. */
  running(): number;
  /** Resolves when no handler runs any more. */
  idle(): Promise<void>;
}

const largestPayload = 6_291_556;

/** What of an error travels: its name, message and stack lines, as the Node runtime of Lambda reports them. */
function failureOf(error: unknown): LambdaFailure {
  if (error instanceof Error) {
    return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

const tooLarge = (what: string, bytes: number): LambdaFailure => ({
  errorType: what === 'request' ? 'Lambda.RequestTooLargeException' : 'Function.ResponseSizeTooLarge',
  errorMessage: `The ${what} has ${bytes} bytes, more than the ${largestPayload} Lambda carries`,
});

/** What JSON makes of a value: undefined becomes null, dates texts, as between Lambda and its callers. */
function throughJson(value: unknown): { text: string; bytes: number } {
  const text = JSON.stringify(value) ?? 'null';
  return { text, bytes: Buffer.byteLength(text) };
}

/** Runs the product's handlers in this process as Lambda would. */
export function createLambda(options: LambdaOptions): Lambda {
  const { functions, clock } = options;
  const modules = new Map<string, Promise<HandlerModule>>();
  let handlersRunning = 0;
  let idleWaiters: (() => void)[] = [];

  function moduleOf({ module, definition }: Chosen): Promise<HandlerModule> {
    const known = modules.get(module);
    if (known !== undefined) return known;
    const loading = definition.load();
    modules.set(module, loading);
    // A failed import is tried again at the next invocation.
    loading.catch(() => modules.delete(module));
    return loading;
  }

  async function find(functionName: string): Promise<Chosen | undefined> {
    const { name, version } = parseFunctionName(functionName);
    const own = Object.hasOwn(functions, name) ? functions[name] : undefined;
    if (own !== undefined) return { name, version, definition: own, module: name, own: true };
    const chosen = await options.further?.choose(name, version);
    return chosen && { name, ...chosen, module: chosen.file, own: false };
  }

  async function counted<T>(work: () => Promise<T>): Promise<T> {
    handlersRunning++;
    try {
      return await work();
    } finally {
      handlersRunning--;
      if (handlersRunning === 0) {
        for (const wake of idleWaiters) wake();
        idleWaiters = [];
      }
    }
  }

  /** One run of the handler. After the deadline it answers as Lambda does, and the handler goes on as a zombie. */
  async function runOnce(
    chosen: Chosen,
    eventText: string,
    roleArn: string | undefined,
  ): Promise<LambdaAnswer> {
    const { name, version, definition } = chosen;
    const requestId = newId('req');
    const { handler } = await moduleOf(chosen);
    const timeoutMs = definition.timeoutSeconds * 1_000;
    const deadline = clock.now() + timeoutMs;
    const context = contextOf(
      name,
      version,
      requestId,
      definition.memoryMb ?? 512,
      () => deadline - clock.now(),
    );

    const work = counted(async (): Promise<LambdaAnswer> => {
      try {
        const event: unknown = JSON.parse(eventText);
        if (chosen.own) await options.onInvoke?.({ name, requestId, event, roleArn, stage: 'before' });
        const result = throughJson(await handler(event, context));
        if (chosen.own) await options.onInvoke?.({ name, requestId, event, roleArn, stage: 'after' });
        if (result.bytes > largestPayload) return { ...tooLarge('response', result.bytes), version };
        return { payload: JSON.parse(result.text), version };
      } catch (error) {
        return { ...failureOf(error), version };
      }
    });
    return before(deadline - clock.now(), work, () => ({
      version,
      errorType: 'Sandbox.Timedout',
      errorMessage: `RequestId: ${requestId} Error: Task timed out after ${definition.timeoutSeconds.toFixed(2)} seconds`,
    }));
  }

  /** The answer of `work`, or `late()` when it is not there after `ms`. */
  function before(ms: number, work: Promise<LambdaAnswer>, late: () => LambdaFailure): Promise<LambdaAnswer> {
    return new Promise((resolve, reject) => {
      const cancel = clock.setTimer(ms, () => resolve(late()));
      work.then(
        (answer) => {
          cancel();
          resolve(answer);
        },
        (error: unknown) => {
          cancel();
          reject(error);
        },
      );
    });
  }

  async function runAll(...run: Parameters<typeof runOnce>): Promise<LambdaAnswer> {
    const [{ own }] = run;
    if (!own || options.duplicate === undefined) return runOnce(...run);
    if (options.duplicate === 'concurrently') {
      const [first] = await Promise.all([runOnce(...run), runOnce(...run)]);
      return first;
    }
    await runOnce(...run);
    // The caller sees the second answer: it must be as good as the first.
    return runOnce(...run);
  }

  return {
    async invoke(functionName, payload, { timeoutMs, roleArn } = {}) {
      try {
        const chosen = await find(functionName);
        if (chosen === undefined) {
          return {
            errorType: 'Lambda.ResourceNotFoundException',
            errorMessage: `Function not found: ${functionArn(parseFunctionName(functionName).name)}`,
          };
        }
        const event = throughJson(payload);
        if (event.bytes > largestPayload) return tooLarge('request', event.bytes);
        const work = runAll(chosen, event.text, roleArn);
        if (timeoutMs === undefined) return await work;
        return await before(timeoutMs, work, () => ({
          errorType: 'States.Timeout',
          errorMessage: `${chosen.name} did not answer within ${timeoutMs} ms`,
        }));
      } catch (error) {
        return failureOf(error);
      }
    },
    has: async (functionName) => (await find(functionName)) !== undefined,
    running: () => handlersRunning,
    idle() {
      return handlersRunning === 0 ? Promise.resolve() : new Promise((resolve) => idleWaiters.push(resolve));
    },
  };
}

function contextOf(
  name: string,
  version: string,
  requestId: string,
  memoryMb: number,
  remaining: () => number,
): Context {
  const refused = () => {
    throw new Error('Handlers answer by their promise; the callbacks of the context are not supported');
  };
  return {
    awsRequestId: requestId,
    callbackWaitsForEmptyEventLoop: false,
    functionName: name,
    functionVersion: version,
    invokedFunctionArn: version === '$LATEST' ? functionArn(name) : `${functionArn(name)}:${version}`,
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: 'local',
    memoryLimitInMB: String(memoryMb),
    getRemainingTimeInMillis: () => Math.max(0, remaining()),
    done: refused,
    fail: refused,
    succeed: refused,
  };
}
