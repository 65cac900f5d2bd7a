import { isThrottlingError, isTransientError } from '@smithy/core/retry';
import type { SdkError } from '@smithy/types';
import { z } from 'zod';
import { type FieldProblem, Internal, InvalidInput, ServiceUnavailable, TheseusError } from './errors.ts';
import { redactingReplacer, redactText } from './redact.ts';

/** RFC 9457 problem details, the body of every error answer. */
export const problem = z
  .strictObject({
    type: z.string().describe('urn:theseus:problem:<Error name>'),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string(),
    instance: z.string().describe('The request id, to be quoted in questions'),
    errors: z.array(z.strictObject({ pointer: z.string(), detail: z.string() })).optional(),
    evidence: z.record(z.string(), z.unknown()).optional().describe('What was found'),
    action: z.string().optional().describe('What a person can do about it'),
    retryable: z.boolean().describe('Whether the same request may succeed later'),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problem>;

const wordsOf = (name: string) => {
  const words = name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, ' ').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
};

// All that the SDK's type says more than Error is optional.
const isError = (error: unknown): error is SdkError => error instanceof Error;

/**
 * An error as the caller may know it: named, or that a service of AWS was late or busy even after the SDK's own tries.
 * Anything else stays hidden behind Internal.
 */
export function namedError(error: unknown, requestId: string): TheseusError {
  if (error instanceof TheseusError && error.status < 600) return error;
  if (isError(error) && (isTransientError(error) || isThrottlingError(error))) {
    return new ServiceUnavailable('A service behind the platform did not answer in time', {
      action: `Repeat the request in some seconds; if it fails again, quote ${requestId}.`,
    });
  }
  return new Internal('The request failed for a reason of ours', {
    action: `Repeat the request; if it fails again, quote ${requestId}.`,
  });
}

export function problemOf(error: unknown, requestId: string): Problem {
  const known = namedError(error, requestId);
  const problems: FieldProblem[] = known instanceof InvalidInput ? known.problems : [];
  // What else a kind of problem knows stays out of the answer, whose form is the same for all.
  const errors = problems.map(({ pointer, detail }) => ({ pointer, detail }));
  const hasEvidence = Object.keys(known.evidence).length > 0;
  return {
    type: `urn:theseus:problem:${known.name}`,
    title: wordsOf(known.name),
    status: known.status,
    detail: redactText(known.message),
    instance: `urn:theseus:request:${requestId}`,
    ...(errors.length > 0 ? { errors } : {}),
    ...(hasEvidence ? { evidence: JSON.parse(JSON.stringify(known.evidence, redactingReplacer)) } : {}),
    ...(known.action === undefined ? {} : { action: known.action }),
    retryable: known.retryable,
  };
}
