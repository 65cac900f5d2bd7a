import { InvokeCommand, type InvokeCommandOutput } from '@aws-sdk/client-lambda';
import { z } from 'zod';
import { readFailure } from './causes.ts';
import { lambda } from './clients.ts';
import { environmentVariable } from './environment.ts';
import { InvalidInput, ServiceUnavailable, TheseusError } from './errors.ts';

/**
 * A failure that a called function reported, under the name it had there.
 * 422 when what was asked is at fault, 503 when trying again may help.
 */
export class ReportedFailure extends TheseusError {
  override readonly name: string;
  override readonly retryable: boolean;
  override readonly status: number;

  constructor(failure: {
    name: string;
    message: string;
    evidence: Record<string, unknown>;
    action?: string | undefined;
    retryable: boolean;
  }) {
    super(failure.message, {
      evidence: failure.evidence,
      ...(failure.action === undefined ? {} : { action: failure.action }),
    });
    this.name = failure.name;
    this.retryable = failure.retryable;
    this.status = failure.retryable ? 503 : 422;
  }
}

/** The same of input that was at fault: 400, with the fields named. */
export class ReportedRefusal extends InvalidInput {
  override readonly name: string;

  constructor(name: string, message: string, details: ConstructorParameters<typeof InvalidInput>[1]) {
    super(message, details);
    this.name = name;
  }
}

const Failure = z.looseObject({ errorType: z.string(), errorMessage: z.string().default('') });

/** What an invoked function answered. What it refused is thrown again under its own name: ReportedFailure, ReportedRefusal. */
export function answerOf(answer: Pick<InvokeCommandOutput, 'Payload' | 'FunctionError'>): unknown {
  const text = Buffer.from(answer.Payload ?? []).toString('utf8');
  if (answer.FunctionError === undefined) return JSON.parse(text);
  const failure = Failure.safeParse(JSON.parse(text));
  const { name, message, problems, evidence, action, retryable } = readFailure(
    failure.data?.errorType ?? 'Lambda.Unknown',
    text,
  );
  if (problems === undefined) throw new ReportedFailure({ name, message, evidence, action, retryable });
  throw new ReportedRefusal(name, message, {
    problems,
    evidence,
    ...(action === undefined ? {} : { action }),
  });
}

/** Whether a call was given up because its time was over. */
export const isTimeout = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError');

/** A question to another capability, answered by one of its functions. */
export interface CapabilityCall<T extends z.ZodType> {
  /** The environment variable that has the function's ARN, for example `GATEWAY_SHIFT_TRAFFIC_FUNCTION`. */
  variable: string;
  payload: unknown;
  /** What is read of the answer: the caller's own schema, of no more than it uses. */
  answer: T;
  /** How long the answer may take, ms; at most 55,000. */
  waitMs: number;
}

/** Asks another capability. Throws what its function reports (ReportedFailure, ReportedRefusal), ServiceUnavailable when it is late. */
export async function callFunction<T extends z.ZodType>(call: CapabilityCall<T>): Promise<z.output<T>> {
  const invoke = new InvokeCommand({
    FunctionName: environmentVariable(call.variable),
    Payload: Buffer.from(JSON.stringify(call.payload)),
  });
  try {
    const answer = await lambda().send(invoke, { abortSignal: AbortSignal.timeout(call.waitMs) });
    return call.answer.parse(answerOf(answer));
  } catch (error) {
    if (!isTimeout(error)) throw error;
    throw new ServiceUnavailable(`The function of ${call.variable} did not answer within ${call.waitMs} ms`, {
      cause: error,
    });
  }
}
