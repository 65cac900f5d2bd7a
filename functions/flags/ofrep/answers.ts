import { z } from 'zod';
import type { Context, ErrorCode, Evaluation } from '../evaluation/evaluation.ts';
import { isObject } from '../evaluation/json.ts';

// The bodies of the OpenFeature Remote Evaluation Protocol: https://github.com/open-feature/protocol, service/openapi.yaml.

const Metadata = z.record(z.string(), z.union([z.boolean(), z.string(), z.number()]));

/** Without a value, the caller's own default is the value. */
export const OfrepSuccess = z
  .strictObject({
    key: z.string(),
    value: z.unknown().optional(),
    reason: z.string(),
    variant: z.string().optional(),
    metadata: Metadata,
  })
  .meta({ id: 'OfrepEvaluation' });

export const OfrepFailure = z
  .strictObject({
    key: z.string(),
    errorCode: z.string(),
    errorDetails: z.string(),
    metadata: Metadata.optional(),
  })
  .meta({ id: 'OfrepEvaluationFailure' });

export const OfrepBulkFailure = z
  .strictObject({ errorCode: z.string(), errorDetails: z.string() })
  .meta({ id: 'OfrepBulkEvaluationFailure' });

export const OfrepBulk = z
  .strictObject({ flags: z.array(z.union([OfrepSuccess, OfrepFailure])), metadata: Metadata })
  .meta({ id: 'OfrepBulkEvaluation' });

type Success = z.infer<typeof OfrepSuccess>;
type Failure = z.infer<typeof OfrepFailure>;

interface Refused {
  errorCode: ErrorCode;
  errorDetails: string;
}

/** The context of a request's body, or why it is none. Whatever else a newer client says is let be. */
export function contextOf(body: unknown): { context: Context } | { refused: Refused } {
  const refused = (errorDetails: string) => ({
    refused: { errorCode: 'INVALID_CONTEXT', errorDetails } as const,
  });
  if (body !== undefined && !isObject(body)) return refused('The body: expected an object with `context`');
  const context = body?.context ?? {};
  if (!isObject(context)) return refused('context: expected an object');
  const { targetingKey, ...attributes } = context;
  if (targetingKey === undefined || targetingKey === null) return { context: attributes };
  if (typeof targetingKey !== 'string') return refused('context.targetingKey: expected a text');
  return { context: { ...attributes, targetingKey } };
}

/** One evaluation as the protocol says it. */
export function ofrepOf(key: string, found: Evaluation): Success | Failure {
  const { metadata } = found;
  if (found.errorCode !== undefined) {
    return { key, errorCode: found.errorCode, errorDetails: found.errorMessage, metadata };
  }
  const { reason } = found;
  if (found.variant === undefined) return { key, reason, metadata };
  return { key, value: found.value, variant: found.variant, reason, metadata };
}

/** Whether a client has what has this tag, by its If-None-Match. */
export function hasTag(condition: string | undefined, tag: string): boolean {
  if (condition === undefined) return false;
  const bare = (one: string) => one.trim().replace(/^W\//, '');
  return condition.trim() === '*' || condition.split(',').some((one) => bare(one) === bare(tag));
}
