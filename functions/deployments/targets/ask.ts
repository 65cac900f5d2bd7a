import { isThrottlingError, isTransientError } from '@smithy/core/retry';
import type { SdkError } from '@smithy/types';
import { redactText } from '#platform/redact.ts';
import { TargetRefused, TargetUnavailable } from '../errors.ts';

// All that the SDK's type says more than Error is optional.
const isError = (error: unknown): error is SdkError => error instanceof Error;

/** Whether AWS answered with an error of one of these names. */
export const isNamed = (error: unknown, ...names: string[]): boolean =>
  isError(error) && names.includes(error.name);

/** Whether AWS was busy or did not answer, so that the same call may succeed later. */
export const mayPass = (error: unknown): boolean =>
  isError(error) && (isThrottlingError(error) || isTransientError(error));

/** Another change of the same thing is under way: these end by themselves. */
const busy = [
  'ResourceConflictException',
  'UpdateInProgressException',
  'PriorityInUseException',
  'ConflictException',
];

function adviceFor(name: string): string {
  if (/AccessDenied|Unauthorized|NotAuthorized/i.test(name)) {
    return 'Give the functions of deployments this right on the target; docs/deployment-targets.md lists them.';
  }
  return 'Correct the target, then start the deployment again.';
}

/**
 * Asks AWS for something on a target; `what` says what in a few words, for example `UpdateAlias of live`. Throws
 * TargetUnavailable for what may succeed later (throttling, no answer, another change under way) and TargetRefused for what
 * AWS refuses for good.
 */
export async function ask<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isError(error)) throw error;
    const evidence = { call: what, error: error.name };
    if (mayPass(error) || busy.includes(error.name)) {
      throw new TargetUnavailable(`${what} did not come through: ${error.name}`, { evidence, cause: error });
    }
    // A defect of ours, or the invocation's own end, is not the target's.
    if (error.$fault === undefined) throw error;
    throw new TargetRefused(`${what} was refused: ${error.name}: ${redactText(error.message)}`, {
      evidence,
      action: adviceFor(error.name),
      cause: error,
    });
  }
}
