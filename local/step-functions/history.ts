import type { HistoryEvent } from '@aws-sdk/client-sfn';
import { z } from 'zod';
import type { EventBody, Line, NewEvent } from './frames.ts';
import { readJournal } from './journal.ts';
import type { Outcome } from './run.ts';

/** What of a journal line is checked when it is read; the rest was written by this engine from its own types. */
const lineSchema = z.looseObject({
  at: z.number(),
  path: z.array(z.number()),
  event: z.looseObject({ id: z.number(), type: z.string() }).optional(),
});

/** The lines of an execution's journal. @throws Error when one is damaged, other than a last one that was cut off. */
export function readLines(file: string, repair: boolean): Line[] {
  // Sound: the shape above holds, and everything in it was written from a Line.
  return readJournal(file, repair).map((line) => lineSchema.parse(line) as unknown as Line);
}

/** The AWS-shaped history of an execution, in order. */
export function readHistory(file: string): HistoryEvent[] {
  return readLines(file, false).flatMap(({ at, event }) =>
    event ? [{ ...event, timestamp: new Date(at) }] : [],
  );
}

/** The input an execution was started with, as JSON text. */
export function inputOf(lines: readonly Line[]): string {
  return lines[0]?.event?.executionStartedEventDetails?.input ?? '{}';
}

/** How the execution ended, or undefined while it runs or after a redrive. */
export function outcomeOf(lines: readonly Line[]): Outcome | undefined {
  let outcome: Outcome | undefined;
  for (const { event } of lines)
    if (event) outcome = event.type === 'ExecutionRedriven' ? undefined : (ending(event) ?? outcome);
  return outcome;
}

function ending(event: EventBody): Outcome | undefined {
  switch (event.type) {
    case 'ExecutionSucceeded':
      return { status: 'SUCCEEDED', output: event.executionSucceededEventDetails?.output ?? 'null' };
    case 'ExecutionFailed':
      return { status: 'FAILED', ...named(event.executionFailedEventDetails) };
    case 'ExecutionTimedOut':
      return { status: 'TIMED_OUT', ...named(event.executionTimedOutEventDetails) };
    case 'ExecutionAborted':
      return { status: 'ABORTED', ...named(event.executionAbortedEventDetails) };
    default:
      return undefined;
  }
}

function named(details: { error?: string | undefined; cause?: string | undefined } | undefined) {
  return {
    ...(details?.error !== undefined && { error: details.error }),
    ...(details?.cause !== undefined && { cause: details.cause }),
  };
}

/** The event that ends an execution. */
export function endEvent({ status, output, error, cause }: Outcome): NewEvent {
  const details = { ...(error !== undefined && { error }), ...(cause !== undefined && { cause }) };
  switch (status) {
    case 'SUCCEEDED':
      return {
        type: 'ExecutionSucceeded',
        executionSucceededEventDetails: { output: output ?? 'null', outputDetails: { truncated: false } },
      };
    case 'FAILED':
      return { type: 'ExecutionFailed', executionFailedEventDetails: details };
    case 'TIMED_OUT':
      return { type: 'ExecutionTimedOut', executionTimedOutEventDetails: details };
    case 'ABORTED':
      return { type: 'ExecutionAborted', executionAbortedEventDetails: details };
  }
}
