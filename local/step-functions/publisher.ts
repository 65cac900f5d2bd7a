import type { Clock } from '../clock.ts';
import { stateMachineArn } from './arns.ts';
import type { Catalogue, ExecutionEntry } from './catalogue.ts';
import type { Outcome } from './run.ts';

export const STATUS_CHANGE = 'Step Functions Execution Status Change';

/** Detail of the event that AWS puts on the default bus (source aws.states). Times are epoch milliseconds. */
export interface StatusChange {
  executionArn: string;
  stateMachineArn: string;
  stateMachineVersionArn: string | null;
  stateMachineAliasArn: null;
  name: string;
  status: string;
  startDate: number;
  stopDate: number | null;
  input: string;
  inputDetails: { included: boolean };
  output: string | null;
  outputDetails: { included: boolean } | null;
  error: string | null;
  cause: string | null;
  redriveCount: number;
  redriveDate: number | null;
  redriveStatus: string;
  redriveStatusReason: string | null;
}

export type PublishEvent = (detailType: string, detail: StatusChange) => Promise<void> | void;

/** Longest pause between two attempts to publish, in milliseconds. */
const LONGEST_PAUSE_MS = 60_000;

/**
 * Publishes status changes at least once, in order for each execution. What was not acknowledged when the process
 * died is published at the next start.
 */
export function createPublisher(
  catalogue: Catalogue,
  publishEvent: PublishEvent,
  clock: Clock,
  random: () => number,
  signal: AbortSignal,
) {
  const last = new Map<string, Promise<void>>();

  const deliver = async (
    mark: string,
    detail: StatusChange,
    pause: <T>(p: Promise<T>) => Promise<T>,
  ): Promise<void> => {
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        await publishEvent(STATUS_CHANGE, detail);
        if (!signal.aborted) catalogue.markPublished(detail.executionArn, mark);
        return;
      } catch {
        const ms = Math.min(LONGEST_PAUSE_MS, 1_000 * 2 ** Math.min(attempt, 10)) * (0.5 + random() / 2);
        await pause(clock.sleep(ms, signal).catch(() => undefined));
      }
    }
  };

  return {
    /** Publishes the entry's present status unless that was done before. Child executions of map runs are not announced. */
    publish(
      entry: ExecutionEntry,
      input: string,
      outcome: Outcome | undefined,
      pause: <T>(promise: Promise<T>) => Promise<T>,
    ): Promise<void> {
      const mark = `${entry.status}/${entry.redriveCount}`;
      if (entry.mapRun || catalogue.isPublished(entry.arn, mark)) return Promise.resolve();
      const before = last.get(entry.arn) ?? Promise.resolve();
      const after = before.then(() => deliver(mark, detailOf(entry, input, outcome), pause));
      last.set(entry.arn, after);
      return after.finally(() => {
        if (last.get(entry.arn) === after) last.delete(entry.arn);
      });
    },
  };
}

function detailOf(entry: ExecutionEntry, input: string, outcome: Outcome | undefined): StatusChange {
  const over = entry.status !== 'RUNNING';
  const redrivable = over && entry.status !== 'SUCCEEDED';
  return {
    executionArn: entry.arn,
    stateMachineArn: stateMachineArn(entry.machine),
    stateMachineVersionArn:
      entry.version === undefined ? null : stateMachineArn(entry.machine, entry.version),
    stateMachineAliasArn: null,
    name: entry.name,
    status: entry.status,
    startDate: entry.startedAt,
    stopDate: entry.stoppedAt ?? null,
    input,
    inputDetails: { included: true },
    output: outcome?.output ?? null,
    outputDetails: outcome?.output === undefined ? null : { included: true },
    error: outcome?.error ?? null,
    cause: outcome?.cause ?? null,
    redriveCount: entry.redriveCount,
    redriveDate: entry.redrivenAt ?? null,
    redriveStatus: redrivable ? 'REDRIVABLE' : 'NOT_REDRIVABLE',
    redriveStatusReason: redrivable ? null : `Execution is ${entry.status} and cannot be redriven`,
  };
}
