import type { Catcher, Choice, State, Wait } from './definition.ts';
import { isDistributed } from './definition.ts';
import { matchesError, StateFailure, toPayload } from './failure.ts';
import { runBranches, runItems } from './fanout.ts';
import type { Frame, NewEvent } from './frames.ts';
import { runMapRun } from './map-run.ts';
import { nextRetry } from './retry.ts';
import { evaluateField, evaluateNumber, type Position, record } from './run.ts';
import { Stopped } from './signals.ts';
import { runTask } from './tasks.ts';

/**
 * Drives one thread of an execution from wherever its frame stands to the end of its scope.
 * Every step is first written to the journal, so the same call resumes it after a crash.
 * @returns the output of the scope's last state.
 * @throws StateFailure when an error was neither retried nor caught; Stopped when the thread is not wanted any more.
 */
export async function runFrame(position: Position): Promise<unknown> {
  const { frame, host } = position;
  for (;;) {
    position.signal.throwIfAborted();
    const state = stateOf(position);
    const { phase } = frame;
    try {
      switch (phase.at) {
        case 'enter':
          enter(position, state);
          break;
        case 'ended':
          return phase.output;
        case 'failed':
          throw new Uncaught(phase.error, phase.cause);
        case 'error':
          await handleError(position, state, phase.error, phase.cause);
          break;
        case 'backoff':
          await host.pause(host.clock.sleep(phase.until - host.clock.now(), position.signal));
          record(position, { patch: { phase: { at: 'run' } } });
          break;
        case 'result':
          await conclude(position, state, phase.value);
          break;
        default:
          await work(position, state);
      }
    } catch (error) {
      if (error instanceof Uncaught || !(error instanceof StateFailure)) throw error;
      fail(position, error);
    }
  }
}

/** An error that has been through Retry and Catch. */
class Uncaught extends StateFailure {}

function stateOf({ scope, frame }: Position): State {
  const state = scope.States[frame.state];
  if (!state) throw new Error(`no state "${frame.state}" in the definition this execution started with`);
  return state;
}

function enter(position: Position, state: State): void {
  const { frame, host } = position;
  const input = JSON.stringify(frame.input);
  record(position, {
    patch: {
      enteredAt: host.clock.now(),
      retries: [],
      retryCount: 0,
      fanout: null,
      children: {},
      phase: { at: 'run' },
    },
    event: {
      type: `${state.Type}StateEntered`,
      stateEnteredEventDetails: { name: frame.state, input, inputDetails: { truncated: false } },
    },
  });
}

/** The state's work, from its beginning or from where a crash cut it off. */
async function work(position: Position, state: State): Promise<void> {
  switch (state.Type) {
    case 'Task':
      return runTask(position, state);
    case 'Parallel':
      return runBranches(position, state, runFrame);
    case 'Map':
      return isDistributed(state) ? runMapRun(position, state) : runItems(position, state, runFrame);
    case 'Wait':
      return wait(position, state);
    case 'Choice':
      return choose(position, state);
    case 'Fail': {
      const error =
        state.Error === undefined ? undefined : await evaluateField(position, 'Error', state.Error);
      const cause =
        state.Cause === undefined ? undefined : await evaluateField(position, 'Cause', state.Cause);
      throw new Uncaught(text('Error', error) ?? '', text('Cause', cause));
    }
    default:
      return conclude(position, state, position.frame.input);
  }
}

function text(field: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw new StateFailure('States.QueryEvaluationError', `The field '${field}' expected text`);
}

/** A Wait keeps the deadline it worked out when it was entered. */
async function wait(position: Position, state: Wait): Promise<void> {
  const { frame, host, signal } = position;
  if (frame.phase.at !== 'wait') {
    const until =
      state.Timestamp === undefined
        ? frame.enteredAt + (await evaluateNumber(position, 'Seconds', state.Seconds, 0)) * 1_000
        : parseTimestamp(await evaluateField(position, 'Timestamp', state.Timestamp));
    record(position, { patch: { phase: { at: 'wait', until } } });
    return;
  }
  const left = frame.phase.until - host.clock.now();
  if (left > 0) await host.pause(host.clock.sleep(left, signal));
  await conclude(position, state, frame.input);
}

function parseTimestamp(value: unknown): number {
  const at =
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(value)
      ? Date.parse(value)
      : NaN;
  if (Number.isNaN(at)) {
    const found = JSON.stringify(value);
    throw new StateFailure(
      'States.QueryEvaluationError',
      `The field 'Timestamp' expected RFC 3339, found ${found}`,
    );
  }
  return at;
}

/** The first rule that is true decides; its own Assign and Output apply, the state's own only to Default. */
async function choose(position: Position, state: Choice): Promise<void> {
  for (const [index, rule] of state.Choices.entries()) {
    const field = `Choices/${index}/Condition`;
    const met = await evaluateField(position, field, rule.Condition);
    if (typeof met !== 'boolean') {
      const found = JSON.stringify(met);
      throw new StateFailure(
        'States.QueryEvaluationError',
        `The field '${field}' expected a boolean, found ${found}`,
      );
    }
    if (met) return leave(position, state, rule, rule.Next, position.frame.input, {});
  }
  if (state.Default === undefined) {
    throw new StateFailure(
      'States.NoChoiceMatched',
      `No rule of '${position.frame.state}' matched and it has no Default`,
    );
  }
  return leave(position, state, state, state.Default, position.frame.input, {});
}

/** Ends a state that succeeded: Output and Assign, then the next state or the end of the scope. */
async function conclude(position: Position, state: State, result: unknown): Promise<void> {
  const hasResult = state.Type === 'Task' || state.Type === 'Parallel' || state.Type === 'Map';
  const next = 'Next' in state ? state.Next : undefined;
  const shaped =
    state.Type === 'Fail'
      ? {}
      : { Output: state.Output, Assign: 'Assign' in state ? state.Assign : undefined };
  await leave(position, state, shaped, next, result, hasResult ? { result } : {});
}

async function leave(
  position: Position,
  state: State,
  shaped: { Output?: unknown; Assign?: Record<string, unknown> | undefined },
  next: string | undefined,
  otherwise: unknown,
  seen: { result?: unknown; errorOutput?: unknown },
): Promise<void> {
  const { frame } = position;
  // Both are evaluated with the variables the state was entered with, as AWS does.
  const output =
    shaped.Output === undefined ? otherwise : await evaluateField(position, 'Output', shaped.Output, seen);
  const assigned = shaped.Assign && (await evaluateField(position, 'Assign', shaped.Assign, seen));
  const outputText = toPayload(output, `The output of state '${frame.state}'`);
  // Sound: evaluating an object of templates gives an object with the same keys.
  const variables = assigned as Record<string, unknown> | undefined;
  if (variables) toPayload(variables, `The variables that state '${frame.state}' assigns`);
  const patch: Partial<Frame> =
    next === undefined
      ? { phase: { at: 'ended', output }, children: {}, fanout: null }
      : { state: next, input: output, phase: { at: 'enter' }, children: {}, fanout: null };
  record(position, {
    patch,
    ...(variables && { assign: variables }),
    event: exited(state, frame.state, outputText, variables),
  });
}

function exited(
  state: State,
  name: string,
  output: string,
  variables: Record<string, unknown> | undefined,
): NewEvent {
  const texts = Object.entries(variables ?? {}).map(([key, value]) => [key, JSON.stringify(value)]);
  return {
    // Sound: a Fail state never gets here, and every other type has this event.
    type: `${state.Type}StateExited` as NewEvent['type'],
    stateExitedEventDetails: {
      name,
      output,
      outputDetails: { truncated: false },
      ...(variables && {
        assignedVariables: Object.fromEntries(texts),
        assignedVariablesDetails: { truncated: false },
      }),
    },
  };
}

/** The state's work or one of its expressions failed: on record before Retry and Catch are asked. */
function fail(position: Position, failure: StateFailure): void {
  const { frame } = position;
  const phase: Frame['phase'] = {
    at: 'error',
    error: failure.error,
    ...(failure.reason !== undefined && { cause: failure.reason }),
  };
  if (failure.error === 'States.QueryEvaluationError') {
    record(position, {
      patch: { phase },
      event: {
        type: 'EvaluationFailed',
        evaluationFailedEventDetails: {
          error: failure.error,
          state: frame.state,
          ...(failure.reason !== undefined && { cause: failure.reason }),
        },
      },
    });
  } else record(position, { patch: { phase } });
}

/** First Retry, then Catch, then the failure goes to whatever is around this scope. */
async function handleError(
  position: Position,
  state: State,
  error: string,
  cause: string | undefined,
): Promise<void> {
  const { frame, host } = position;
  const retriers = 'Retry' in state ? (state.Retry ?? []) : [];
  const retry = nextRetry(retriers, frame.retries, error, host.random);
  if (retry) {
    const retries = retriers.map((_, index) => (frame.retries[index] ?? 0) + (index === retry.index ? 1 : 0));
    const phase: Frame['phase'] = { at: 'backoff', until: host.clock.now() + retry.delayMs };
    record(position, {
      patch: { phase, retries, retryCount: frame.retryCount + 1, fanout: null, children: {} },
    });
    return;
  }
  const catchers: Catcher[] = 'Catch' in state ? (state.Catch ?? []) : [];
  const catcher = catchers.find((candidate) => matchesError(candidate.ErrorEquals, error));
  const errorOutput = { Error: error, ...(cause !== undefined && { Cause: cause }) };
  try {
    if (!catcher) throw new Uncaught(error, cause);
    await leave(position, state, catcher, catcher.Next, errorOutput, { errorOutput });
  } catch (failure) {
    // A Catch whose own expressions fail is not asked again.
    if (failure instanceof Stopped || !(failure instanceof StateFailure)) throw failure;
    const { error: name, reason } = failure;
    record(position, {
      patch: { phase: { at: 'failed', error: name, ...(reason !== undefined && { cause: reason }) } },
    });
  }
}
