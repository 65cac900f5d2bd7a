import { stateMachineArn } from './arns.ts';
import type { ExecutionEntry } from './catalogue.ts';
import type { Task } from './definition.ts';
import type { TaskWork } from './frames.ts';
import type { Outcome, Position } from './run.ts';
import { untilAborted } from './signals.ts';
import { failed, resourceOf, started, succeeded, update } from './task-records.ts';

/** startExecution answers when the child has started, .sync:2 when it has ended, with its output parsed. */
export async function runNested(position: Position, state: Task, phase: TaskWork): Promise<void> {
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
