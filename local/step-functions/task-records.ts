import type { Task } from './definition.ts';
import { toPayload } from './failure.ts';
import type { Frame, NewEvent, TaskWork } from './frames.ts';
import { type Position, record } from './run.ts';

/* What a Task writes down, as AWS names it. */

/** `arn:aws:states:::lambda:invoke.waitForTaskToken` is resource type `lambda`, resource `invoke.waitForTaskToken`. */
export function resourceOf(state: Task): { resourceType: string; resource: string } {
  const [resourceType = '', ...rest] = state.Resource.slice('arn:aws:states:::'.length).split(':');
  return { resourceType, resource: rest.join(':') };
}

export function update(
  position: Position,
  phase: TaskWork,
  change: Partial<TaskWork>,
  event: NewEvent,
): TaskWork {
  const next: TaskWork = { ...phase, ...change };
  record(position, { patch: { phase: { ...next, at: 'task' } }, event });
  return next;
}

export function started(position: Position, state: Task, phase: TaskWork): TaskWork {
  if (phase.started) return phase;
  const event: NewEvent = { type: 'TaskStarted', taskStartedEventDetails: resourceOf(state) };
  return update(position, phase, { started: true }, event);
}

export function succeeded(position: Position, state: Task, value: unknown): void {
  const output = toPayload(value, `The result of state '${position.frame.state}'`);
  record(position, {
    patch: { phase: { at: 'result', value } },
    event: {
      type: 'TaskSucceeded',
      taskSucceededEventDetails: { ...resourceOf(state), output, outputDetails: { truncated: false } },
    },
  });
}

export function failed(position: Position, state: Task, error: string, cause: string | undefined): void {
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
