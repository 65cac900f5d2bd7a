import {
  InvalidToken,
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  TaskDoesNotExist,
  TaskTimedOut,
} from '@aws-sdk/client-sfn';
import { stepFunctions } from './clients.ts';

// A state that waits gave its token away; whoever has what it waits for answers it.

/** How a state's wait ends. */
export type TaskAnswer = { success: object } | { failure: string; cause: string };

/** Lets a waiting state go on with this output. A token that nobody waits with any more is no failure. */
export const succeedTask = (taskToken: string, output: object): Promise<void> =>
  unlessOver(stepFunctions().send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(output) })));

/** Gives a waiting state its answer. A token that nobody waits with any more is no failure. */
export const answerTask = (taskToken: string, answer: TaskAnswer): Promise<void> =>
  'success' in answer
    ? succeedTask(taskToken, answer.success)
    : unlessOver(
        stepFunctions().send(
          new SendTaskFailureCommand({ taskToken, error: answer.failure, cause: answer.cause }),
        ),
      );

async function unlessOver(sent: Promise<unknown>): Promise<void> {
  try {
    await sent;
  } catch (error) {
    // Nobody waits with this token any more: it was answered, its time was over, or its execution ended.
    if (error instanceof TaskDoesNotExist || error instanceof TaskTimedOut || error instanceof InvalidToken)
      return;
    throw error;
  }
}
