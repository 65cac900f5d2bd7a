import { z } from 'zod';
import { type FieldProblem, InvalidInput, TheseusError } from './errors.ts';
import { redactingReplacer, redactText } from './redact.ts';

const details = z.object({
  evidence: z.record(z.string(), z.unknown()).default({}),
  action: z.string().optional(),
  retryable: z.boolean().default(false),
  problems: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
});

/** What a state machine's Catch knows of a failure, as read back from its Cause. */
export interface FailureCause {
  name: string;
  message: string;
  evidence: Record<string, unknown>;
  action?: string | undefined;
  retryable: boolean;
  /** The refused fields, when input was at fault. */
  problems?: FieldProblem[] | undefined;
}

const separator = '\ndetails: ';
const largestDetails = 8_192;

/**
 * The error as Lambda can carry it: only name, message and stack travel, so evidence and action are
 * appended to the message on a line of their own. Unknown errors pass as they are, without passwords.
 */
export function toTransport(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(redactText(String(error)));
  const carried = new Error(redactText(error.message), { cause: error });
  carried.name = error.name;
  if (error.stack !== undefined) carried.stack = redactText(error.stack);
  if (error instanceof TheseusError) {
    const { evidence, action, retryable } = error;
    const problems = error instanceof InvalidInput && error.problems.length > 0 ? error.problems : undefined;
    const full = JSON.stringify({ evidence, action, retryable, problems }, redactingReplacer);
    const text = full.length <= largestDetails ? full : JSON.stringify({ action, retryable });
    carried.message += separator + text;
  }
  return carried;
}

const cause = z.object({ errorType: z.string(), errorMessage: z.string().default('') });

function readDetails(text: string): z.infer<typeof details> {
  try {
    return details.parse(JSON.parse(text));
  } catch {
    return details.parse({});
  }
}

/**
 * Reads `Error` and `Cause` of a Catch's error output back into name, message, evidence and action.
 * Anything a service wrote in another form becomes the message. Never throws.
 */
export function readFailure(error: string, causeText: string | undefined): FailureCause {
  let name = error;
  let message = causeText ?? '';
  try {
    const parsed = cause.parse(JSON.parse(message));
    name = parsed.errorType;
    message = parsed.errorMessage;
  } catch {
    // Not a Lambda's cause: States.Timeout and its like explain themselves in plain text.
  }
  const at = message.lastIndexOf(separator);
  if (at === -1) return { name, message, evidence: {}, retryable: false };
  return { name, message: message.slice(0, at), ...readDetails(message.slice(at + separator.length)) };
}

const Evidence = z.record(z.string(), z.json());

/** An error of ours, what a Catch knows of one, or what somebody found. */
export type Failure = Omit<FailureCause, 'retryable'> & { retryable?: boolean };

/** What of a failure is stored and shown: without secrets, its message cut at 2,000 characters. */
export function shownFailure({ name, message, action, evidence }: Failure) {
  const parsed = Evidence.safeParse(JSON.parse(JSON.stringify(evidence, redactingReplacer)));
  return {
    name,
    message: redactText(message).slice(0, 2_000),
    action: action ?? null,
    evidence: parsed.success ? parsed.data : {},
  };
}
