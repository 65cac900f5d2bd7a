import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  type ExecutionStatus,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { stepFunctions } from './clients.ts';

/** What of an execution a record keeps; `arn` is null until its start has answered. */
export interface NamedExecution {
  name: string;
  arn?: string | null;
}

/**
 * Starts an execution, once, and answers its ARN. A second start of the same name finds the first and answers undefined:
 * it may have been started with another input, or from another version of the state machine, and the first one counts.
 */
export async function startOnce(
  stateMachineArn: string,
  name: string,
  input: Readonly<Record<string, unknown>>,
): Promise<string | undefined> {
  try {
    const start = new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) });
    return (await stepFunctions().send(start)).executionArn;
  } catch (error) {
    if (error instanceof ExecutionAlreadyExists) return undefined;
    throw error;
  }
}

/** How an execution stands; undefined when it never began. */
export async function statusOf(
  stateMachineArn: string,
  { name, arn }: NamedExecution,
): Promise<ExecutionStatus | undefined> {
  try {
    const executionArn = arn ?? executionArnOf(stateMachineArn, name);
    return (await stepFunctions().send(new DescribeExecutionCommand({ executionArn }))).status;
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) return undefined;
    throw error;
  }
}

/** `…:stateMachine:<name>[:<version or alias>]` and the execution's name make the execution's ARN. */
function executionArnOf(stateMachineArn: string, name: string): string {
  const parts = stateMachineArn.split(':');
  return [...parts.slice(0, 5), 'execution', parts[6] ?? '', name].join(':');
}
