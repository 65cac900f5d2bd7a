import type { Task } from './definition.ts';
import { toPayload } from './failure.ts';
import type { TaskWork } from './frames.ts';
import type { InvokeOutcome, Position } from './run.ts';
import { untilAborted } from './signals.ts';
import { failed, resourceOf, started, succeeded, update } from './task-records.ts';

/** Request and response: the result is `{ ExecutedVersion, Payload, StatusCode }`. */
export async function runLambda(position: Position, state: Task, phase: TaskWork): Promise<void> {
  started(position, state, phase);
  const outcome = await invokeWithin(position, phase, phase.timeoutMs);
  if (outcome === 'States.Timeout') failed(position, state, outcome, undefined);
  else if ('payload' in outcome) succeeded(position, state, lambdaResult(phase, outcome.payload));
  else failed(position, state, outcome.errorType, errorPayload(outcome));
}

/** Invokes; the answer, or States.Timeout after `ms`. The invocation itself may go on: its answer is not looked at. */
async function invokeWithin(
  position: Position,
  phase: TaskWork,
  ms: number,
): Promise<InvokeOutcome | 'States.Timeout'> {
  const { host, run, signal } = position;
  await run.journal.durable();
  signal.throwIfAborted();
  let cancel: () => void = () => undefined;
  const late = new Promise<'States.Timeout'>((resolve) => {
    cancel = host.clock.setWorkTimer(ms, () => resolve('States.Timeout'));
  });
  try {
    return await untilAborted(signal, Promise.race([invoke(position, phase, ms), late]));
  } finally {
    cancel();
  }
}

/** Never rejects: a refused invocation becomes the error that AWS names after Lambda's exception. */
async function invoke({ host }: Position, phase: TaskWork, timeoutMs: number): Promise<InvokeOutcome> {
  const { FunctionName: name, Payload: payload = {} } = phase.arguments;
  try {
    if (typeof name !== 'string') throw new TypeError('FunctionName is not text');
    return await host.invoke(name, payload, {
      timeoutMs,
      ...(phase.roleArn !== undefined && { roleArn: phase.roleArn }),
    });
  } catch (error) {
    const known =
      error instanceof Error &&
      /^(ResourceNotFound|TooManyRequests|Service|RequestTooLarge|SdkClient)/.test(error.name);
    return {
      errorType: known ? `Lambda.${error.name}` : 'Lambda.Unknown',
      errorMessage: error instanceof Error ? error.message : String(error),
    };
  }
}

/** A failed function's payload as Lambda returns it; AWS hands it on as the Cause, as text. */
function errorPayload(outcome: Exclude<InvokeOutcome, { payload: unknown }>): string {
  const { errorType, errorMessage, trace } = outcome;
  return JSON.stringify({ errorMessage, errorType, ...(trace && { trace }) });
}

function lambdaResult(phase: TaskWork, payload: unknown): unknown {
  const qualifier = /:function:[^:]+:([^:]+)$/.exec(String(phase.arguments.FunctionName))?.[1];
  return { ExecutedVersion: qualifier ?? '$LATEST', Payload: payload ?? null, StatusCode: 200 };
}

/**
 * Invokes, then waits for SendTaskSuccess or SendTaskFailure; the token may also come back during the invocation.
 * TimeoutSeconds counts from the scheduling, also over a restart. Heartbeats begin anew after a restart: while the
 * engine was down nobody could send one.
 */
export async function runLambdaForToken(position: Position, state: Task, phase: TaskWork): Promise<void> {
  const { host, signal } = position;
  const token = phase.token ?? '';
  const waiting = waitForToken(position, state, phase, token);
  try {
    const current = started(position, state, phase);
    if (!current.submitted) {
      const left = Math.max(phase.scheduledAt + phase.timeoutMs - host.clock.now(), 0);
      const first = await untilAborted(
        signal,
        Promise.race([waiting.outcome, invokeWithin(position, current, left)]),
      );
      if (position.frame.phase.at !== 'task') return;
      if (typeof first === 'string') {
        return failed(position, state, first, undefined);
      }
      if (!('payload' in first)) return failed(position, state, first.errorType, errorPayload(first));
      const output = toPayload(
        lambdaResult(current, first.payload),
        `The result of state '${position.frame.state}'`,
      );
      update(
        position,
        current,
        { submitted: true },
        {
          type: 'TaskSubmitted',
          taskSubmittedEventDetails: { ...resourceOf(state), output, outputDetails: { truncated: false } },
        },
      );
    }
    const end = await host.pause(untilAborted(signal, waiting.outcome));
    // The token may have come back in the same moment as the timeout: what is on record first counts.
    if (position.frame.phase.at === 'task') failed(position, state, end, undefined);
  } finally {
    waiting.close();
  }
}

type TokenEnd = 'answered' | 'States.Timeout' | 'States.HeartbeatTimeout';

function waitForToken(position: Position, state: Task, phase: TaskWork, token: string) {
  const { host } = position;
  const { promise, resolve } = Promise.withResolvers<TokenEnd>();
  const cancelTimeout = host.clock.setTimer(phase.scheduledAt + phase.timeoutMs - host.clock.now(), () =>
    resolve('States.Timeout'),
  );
  let cancelHeartbeat: () => void = () => undefined;
  const beat = () => {
    cancelHeartbeat();
    if (phase.heartbeatMs === undefined) return;
    cancelHeartbeat = host.clock.setTimer(phase.heartbeatMs, () => resolve('States.HeartbeatTimeout'));
  };
  beat();
  const close = () => {
    cancelTimeout();
    cancelHeartbeat();
    host.tokens.delete(token);
  };
  const answer = (write: () => void) => {
    write();
    close();
    resolve('answered');
  };
  host.tokens.set(token, {
    succeed: (output) => answer(() => succeeded(position, state, output)),
    fail: (error, cause) => answer(() => failed(position, state, error, cause)),
    beat,
  });
  return { outcome: promise, close };
}
