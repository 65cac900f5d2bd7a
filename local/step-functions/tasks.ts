import { randomBytes, randomUUID } from 'node:crypto';
import { REGION, stateMachineArn } from './arns.ts';
import { type ExecutionEntry, keyOf } from './catalogue.ts';
import type { Task } from './definition.ts';
import { StateFailure, toPayload } from './failure.ts';
import type { Frame, NewEvent, TaskWork } from './frames.ts';
import {
  evaluateField,
  evaluateNumber,
  type InvokeOutcome,
  type Outcome,
  type Position,
  record,
} from './run.ts';
import { untilAborted } from './signals.ts';

/** AWS's default TimeoutSeconds of a Task. */
const DEFAULT_TIMEOUT_SECONDS = 99_999_999;

const TOKEN = /^([0-9a-f]{32})\.[A-Za-z0-9_-]{32}$/;

/** The execution a task token belongs to, by key; undefined for anything that is no token of ours. */
export function executionKeyOf(token: string): string | undefined {
  return TOKEN.exec(token)?.[1];
}

/**
 * A Task: scheduled (on record, with its arguments), then done. After a crash a scheduled task is done again
 * (at least once), unless its token was already handed over or its child execution started.
 */
export async function runTask(position: Position, state: Task): Promise<void> {
  if (position.frame.phase.at !== 'task') await schedule(position, state);
  const { phase } = position.frame;
  if (phase.at !== 'task') return;
  if (state.Resource.includes(':states:::states:')) return runNested(position, state, phase);
  return phase.token === undefined
    ? runLambda(position, state, phase)
    : runLambdaForToken(position, state, phase);
}

async function schedule(position: Position, state: Task): Promise<void> {
  const { frame, host, run } = position;
  const waits = state.Resource.endsWith('.waitForTaskToken');
  const token = waits ? `${keyOf(run.entry.arn)}.${randomBytes(24).toString('base64url')}` : undefined;
  const extras = { token };
  // Sound: evaluating an object of templates gives an object with the same keys.
  const args = (await evaluateField(position, 'Arguments', state.Arguments, extras)) as Record<
    string,
    unknown
  >;
  const role =
    state.Credentials && (await evaluateField(position, 'Credentials', state.Credentials.RoleArn, extras));
  if (role !== undefined && typeof role !== 'string') {
    throw new StateFailure(
      'States.QueryEvaluationError',
      "The field 'Credentials' expected the text of a role ARN",
    );
  }
  const timeout = await evaluateNumber(
    position,
    'TimeoutSeconds',
    state.TimeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS,
    1,
  );
  const heartbeat =
    state.HeartbeatSeconds === undefined
      ? undefined
      : await evaluateNumber(position, 'HeartbeatSeconds', state.HeartbeatSeconds, 1);
  const parameters = toPayload(args, `The arguments of state '${frame.state}'`);
  record(position, {
    patch: {
      phase: {
        at: 'task',
        arguments: args,
        timeoutMs: timeout * 1_000,
        scheduledAt: host.clock.now(),
        ...(role !== undefined && { roleArn: role }),
        ...(heartbeat !== undefined && { heartbeatMs: heartbeat * 1_000 }),
        ...(token !== undefined && { token }),
        ...(state.Resource.includes(':states:::states:') && {
          childName: typeof args.Name === 'string' ? args.Name : randomUUID(),
        }),
      },
    },
    event: {
      type: 'TaskScheduled',
      taskScheduledEventDetails: {
        ...resourceOf(state),
        region: REGION,
        parameters,
        ...(state.TimeoutSeconds !== undefined && { timeoutInSeconds: timeout }),
        ...(heartbeat !== undefined && { heartbeatInSeconds: heartbeat }),
        ...(role !== undefined && { taskCredentials: { roleArn: role } }),
      },
    },
  });
}

/** `arn:aws:states:::lambda:invoke.waitForTaskToken` is resource type `lambda`, resource `invoke.waitForTaskToken`. */
function resourceOf(state: Task): { resourceType: string; resource: string } {
  const [resourceType = '', ...rest] = state.Resource.slice('arn:aws:states:::'.length).split(':');
  return { resourceType, resource: rest.join(':') };
}

function update(position: Position, phase: TaskWork, change: Partial<TaskWork>, event: NewEvent): TaskWork {
  const next: TaskWork = { ...phase, ...change };
  record(position, { patch: { phase: { ...next, at: 'task' } }, event });
  return next;
}

function started(position: Position, state: Task, phase: TaskWork): TaskWork {
  if (phase.started) return phase;
  const event: NewEvent = { type: 'TaskStarted', taskStartedEventDetails: resourceOf(state) };
  return update(position, phase, { started: true }, event);
}

function succeeded(position: Position, state: Task, value: unknown): void {
  const output = toPayload(value, `The result of state '${position.frame.state}'`);
  record(position, {
    patch: { phase: { at: 'result', value } },
    event: {
      type: 'TaskSucceeded',
      taskSucceededEventDetails: { ...resourceOf(state), output, outputDetails: { truncated: false } },
    },
  });
}

function failed(position: Position, state: Task, error: string, cause: string | undefined): void {
  const details = { ...resourceOf(state), error, ...(cause !== undefined && { cause }) };
  const timedOut = error === 'States.Timeout' || error === 'States.HeartbeatTimeout';
  const phase: Frame['phase'] = { at: 'error', error, ...(cause !== undefined && { cause }) };
  record(position, {
    patch: { phase },
    event: timedOut
      ? { type: 'TaskTimedOut', taskTimedOutEventDetails: details }
      : { type: 'TaskFailed', taskFailedEventDetails: details },
  });
}

/** Request and response: the result is `{ ExecutedVersion, Payload, StatusCode }`. */
async function runLambda(position: Position, state: Task, phase: TaskWork): Promise<void> {
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
    cancel = host.clock.setTimer(ms, () => resolve('States.Timeout'));
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
async function runLambdaForToken(position: Position, state: Task, phase: TaskWork): Promise<void> {
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

/** startExecution answers when the child has started, .sync:2 when it has ended, with its output parsed. */
async function runNested(position: Position, state: Task, phase: TaskWork): Promise<void> {
  const { host, run, signal, path, frame } = position;
  const current = started(position, state, phase);
  await run.journal.durable();
  let childArn = current.childArn;
  if (childArn === undefined) {
    const { StateMachineArn: machineArn, Input: input = {} } = current.arguments;
    try {
      const child = await host.startNested({
        machineArn: String(machineArn),
        name: current.childName ?? '',
        input: typeof input === 'string' ? input : JSON.stringify(input),
        startedBy: `${run.entry.arn} ${path.join('/')} ${frame.state} ${current.childName}`,
      });
      childArn = child.arn;
      signal.throwIfAborted();
      const result = { ExecutionArn: child.arn, StartDate: child.startedAt };
      if (!state.Resource.endsWith('.sync:2')) return succeeded(position, state, result);
      update(
        position,
        current,
        { childArn, submitted: true },
        {
          type: 'TaskSubmitted',
          taskSubmittedEventDetails: {
            ...resourceOf(state),
            output: JSON.stringify(result),
            outputDetails: { truncated: false },
          },
        },
      );
    } catch (error) {
      if (!(error instanceof Error) || !('$fault' in error)) throw error;
      return failed(position, state, `StepFunctions.${error.name}Exception`, error.message);
    }
  }
  const end = await outcomeWithin(position, childArn, phase.scheduledAt + phase.timeoutMs);
  if (end === 'States.Timeout') {
    host.stopExecution(childArn, undefined, undefined);
    return failed(position, state, end, undefined);
  }
  const report = nestedReport(current, end.entry, end.outcome);
  if (end.outcome.status === 'SUCCEEDED') return succeeded(position, state, report);
  return failed(position, state, 'States.TaskFailed', JSON.stringify(report));
}

async function outcomeWithin(
  position: Position,
  arn: string,
  deadline: number,
): Promise<{ entry: ExecutionEntry; outcome: Outcome } | 'States.Timeout'> {
  const { host, signal, run } = position;
  let cancel: () => void = () => undefined;
  const late = new Promise<'States.Timeout'>((resolve) => {
    cancel = host.clock.setTimer(deadline - host.clock.now(), () => resolve('States.Timeout'));
  });
  try {
    return await host.pause(untilAborted(signal, Promise.race([host.outcomeOf(arn), late])));
  } catch (error) {
    // As AWS does for .sync: the child of a task that is not wanted any more is stopped. Not when only the engine stops.
    if (signal.aborted && (run.entry.status !== 'RUNNING' || !run.life.signal.aborted)) {
      host.stopExecution(arn, undefined, undefined);
    }
    throw error;
  } finally {
    cancel();
  }
}

/** What DescribeExecution says of the child, with its payloads parsed, as .sync:2 hands on. */
function nestedReport(phase: TaskWork, entry: ExecutionEntry, outcome: Outcome): unknown {
  const { Input: input = {} } = phase.arguments;
  return {
    ExecutionArn: entry.arn,
    Input: typeof input === 'string' ? JSON.parse(input) : input,
    InputDetails: { Included: true },
    Name: entry.name,
    ...(outcome.output !== undefined && {
      Output: JSON.parse(outcome.output),
      OutputDetails: { Included: true },
    }),
    StateMachineArn: stateMachineArn(entry.machine),
    Status: outcome.status,
    StartDate: entry.startedAt,
    StopDate: entry.stoppedAt,
    ...(outcome.error !== undefined && { Error: outcome.error }),
    ...(outcome.cause !== undefined && { Cause: outcome.cause }),
  };
}
