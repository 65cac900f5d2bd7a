import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { z } from 'zod';
import { toTransport } from './causes.ts';
import { clock } from './clock.ts';
import { fieldProblems, TaskInputInvalid, TaskOutputInvalid, TheseusError } from './errors.ts';
import {
  type InvocationLogger,
  type InvocationMetrics,
  invocationLogger,
  invocationMetrics,
  tracing,
} from './telemetry.ts';

/** What a task may use of its invocation. */
export interface TaskTools {
  /** Ms left until Lambda cuts the invocation off. */
  deadline: () => number;
  /** Aborts about 2 s before the deadline (a fifth of short ones) with DeadlineNear: save and return. */
  signal: AbortSignal;
  /** Unique per invocation: owner of what this run holds. */
  requestId: string;
  logger: InvocationLogger;
  metrics: InvocationMetrics;
}

export interface TaskDefinition<I extends z.ZodType, O extends z.ZodType> {
  /** The function's name without the environment, for example `migration-backfill`. */
  name: string;
  input: I;
  output: O;
  handler: (input: z.output<I>, tools: TaskTools) => Promise<z.input<O>>;
}

/** A Lambda handler that remembers its contract, which tests and generated documents read. */
export interface TaskHandler<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> {
  (event: unknown, context: Context): Promise<z.output<O>>;
  definition: { name: string; input: I; output: O };
}

/** The invocation is about to be cut off and the work is not finished; running again continues it. */
export class DeadlineNear extends TheseusError {
  override readonly name: string = 'DeadlineNear';
  override readonly retryable: boolean = true;
}

const savingTimeMs = 2_000;

/** Unknown fields are refused unless the schema says otherwise itself. */
function refuseUnknownFields(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodObject && schema.def.catchall === undefined ? schema.strict() : schema;
}

/** A signal that aborts shortly before the deadline, and the function that lets its timer go. */
function deadlineSignal(name: string, remaining: number): { signal: AbortSignal; release: () => void } {
  const near = new AbortController();
  const finished = new AbortController();
  clock.sleep(remaining - Math.min(savingTimeMs, remaining / 5), finished.signal).then(
    () =>
      near.abort(
        new DeadlineNear(`${name} ran out of its ${Math.round(remaining)} ms`, { evidence: { task: name } }),
      ),
    () => {}, // released: the invocation ended first
  );
  return { signal: near.signal, release: () => finished.abort() };
}

/**
 * One step of a workflow as a Lambda handler: parse → run → parse. Input or output outside the contract
 * throws TaskInputInvalid or TaskOutputInvalid, which no state machine retries. A TheseusError keeps its
 * name, so that Step Functions sees it as the error's name; see causes.ts for its evidence. Payloads are
 * never logged.
 */
export function task<I extends z.ZodType, O extends z.ZodType>(
  definition: TaskDefinition<I, O>,
): TaskHandler<I, O> {
  const { name, handler } = definition;
  const inputSchema = refuseUnknownFields(definition.input);

  async function run(event: unknown, context: Context): Promise<z.output<O>> {
    const logger = invocationLogger(name, { requestId: context.awsRequestId });
    const { metrics, publish } = invocationMetrics(name);
    const started = clock.monotonic();
    const { signal, release } = deadlineSignal(name, context.getRemainingTimeInMillis());
    try {
      const parsed = inputSchema.safeParse(event);
      if (!parsed.success) throw new TaskInputInvalid(...refusal(name, 'input', parsed.error));
      logger.appendKeys(idsOf(event));
      logger.info('task started');
      // The strict copy of the schema has the same output type; zod cannot say so for a generic one.
      const result = await handler(parsed.data as z.output<I>, {
        deadline: () => context.getRemainingTimeInMillis(),
        signal,
        requestId: context.awsRequestId,
        logger,
        metrics,
      });
      const output = definition.output.safeParse(result);
      if (!output.success) throw new TaskOutputInvalid(...refusal(name, 'output', output.error));
      logger.info('task finished', { durationMs: Math.round(clock.monotonic() - started) });
      metrics.count('TaskSucceeded');
      return output.data;
    } catch (error) {
      logger.error('task failed', error instanceof Error ? error : String(error));
      metrics.count('TaskFailed');
      throw toTransport(error);
    } finally {
      release();
      metrics.duration('TaskDuration', clock.monotonic() - started);
      publish();
    }
  }

  const wrapped = middy(run, { timeoutEarlyInMillis: 0 }).use(tracing);
  return Object.assign((event: unknown, context: Context): Promise<z.output<O>> => wrapped(event, context), {
    definition: { name, input: definition.input, output: definition.output },
  });
}

function refusal(
  name: string,
  side: string,
  error: z.ZodError,
): [string, { evidence: Record<string, unknown> }] {
  const problems = fieldProblems('', error);
  const first = problems[0];
  return [
    `The ${side} of ${name} is outside its contract: ${first?.pointer || '/'} ${first?.detail ?? 'is invalid'}`,
    { evidence: { task: name, problems } },
  ];
}

/** The fields of an input that only name things: `id`, `…Id`, `table`, `epoch`, `attempt`. */
function idsOf(event: unknown): Record<string, string | number> {
  if (typeof event !== 'object' || event === null) return {};
  const named = Object.entries(event).filter(
    (entry): entry is [string, string | number] =>
      (/(^id|Id)$/.test(entry[0]) || ['table', 'epoch', 'attempt'].includes(entry[0])) &&
      (typeof entry[1] === 'string' || typeof entry[1] === 'number'),
  );
  return Object.fromEntries(named);
}
