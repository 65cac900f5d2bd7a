import type { z } from 'zod';
import { type CapabilityCall, callFunction, ReportedFailure, ReportedRefusal } from '#platform/call.ts';
import { ServiceUnavailable } from '#platform/errors.ts';
import { TargetRefused, TargetUnavailable } from '../errors.ts';

/**
 * Asks another capability for a deployment. What may succeed later is TargetUnavailable, what was refused is
 * TargetRefused with the reason that was given.
 */
export async function askCapability<T extends z.ZodType>(call: CapabilityCall<T>): Promise<z.output<T>> {
  try {
    return await callFunction(call);
  } catch (error) {
    const reported = error instanceof ReportedFailure || error instanceof ReportedRefusal;
    if (!reported && !(error instanceof ServiceUnavailable)) throw error;
    const details = { evidence: { ...error.evidence, reported: error.name }, cause: error };
    if (error.retryable) throw new TargetUnavailable(error.message, details);
    throw new TargetRefused(
      error.message,
      error.action === undefined ? details : { ...details, action: error.action },
    );
  }
}
