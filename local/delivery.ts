import { ExecutionAlreadyExists, type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { Deliver } from './events/queue.ts';
import type { Lambda } from './lambda/runtime.ts';

/**
 * Hands an event or a schedule's input to its target, a function or a state machine, by ARN. The delivery's
 * id names the execution it starts, so that a repeated delivery starts no second one.
 * @throws Error when the target failed and the delivery has to be repeated.
 */
export function deliverTo(lambda: Lambda, stepFunctions: () => SFNClient): Deliver {
  return async (target, input, id) => {
    const service = /^arn:aws[\w-]*:(lambda|states):/.exec(target)?.[1];
    if (service === 'lambda') {
      const answer = await lambda.invoke(target, input);
      if ('errorType' in answer)
        throw new Error(`${target} failed: ${answer.errorType}: ${answer.errorMessage}`);
      return;
    }
    if (service !== 'states') throw new Error(`${target} is neither a function nor a state machine`);
    const name = id.replaceAll(/[^\w-]/g, '-').slice(0, 80);
    try {
      await stepFunctions().send(
        new StartExecutionCommand({ stateMachineArn: target, name, input: JSON.stringify(input) }),
      );
    } catch (error) {
      if (!(error instanceof ExecutionAlreadyExists)) throw error;
    }
  };
}
