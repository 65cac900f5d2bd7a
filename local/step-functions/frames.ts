import type { HistoryEvent } from '@aws-sdk/client-sfn';

/** What a frame does next. Each is a place where the process may die: the next one goes on exactly there. */
export type Phase =
  /** Enter `state` with `input`. */
  | { at: 'enter' }
  /** Entered: do the state's work, from its beginning. */
  | { at: 'run' }
  /** A task was scheduled; its effect may or may not have happened. */
  | ({ at: 'task' } & TaskWork)
  | { at: 'wait'; until: number }
  /** Waiting to try the state again. */
  | { at: 'backoff'; until: number }
  /** Branches, items or a map run are under way: see `fanout` and `children`. */
  | { at: 'fanout' }
  /** The work is done; Output and Assign are still to be evaluated. */
  | { at: 'result'; value: unknown }
  /** The work failed; Retry and Catch are still to be asked. */
  | { at: 'error'; error: string; cause?: string }
  /** The last state of the scope ended with this output. */
  | { at: 'ended'; output: unknown }
  /** No Retry and no Catch took the error. */
  | { at: 'failed'; error: string; cause?: string };

export interface TaskWork {
  arguments: Record<string, unknown>;
  roleArn?: string;
  timeoutMs: number;
  heartbeatMs?: number;
  scheduledAt: number;
  started?: boolean;
  /** Only for .waitForTaskToken. */
  token?: string;
  /** A token was handed over, or a child execution started: the task is not begun a second time. */
  submitted?: boolean;
  /** Name of the execution that startExecution starts. */
  childName?: string;
  childArn?: string;
}

export type Fanout =
  | { kind: 'parallel' }
  | { kind: 'map'; items: unknown[]; maxConcurrency: number }
  | { kind: 'mapRun'; arn: string; redrives: number };

/** One thread of states: the machine's own, a Parallel branch's, or a Map item's. */
export interface Frame {
  state: string;
  input: unknown;
  enteredAt: number;
  /** Attempts used, by index of the state's Retry list. */
  retries: number[];
  retryCount: number;
  phase: Phase;
  variables: Record<string, unknown>;
  fanout: Fanout | null;
  children: Record<string, Frame>;
  /** The Map item this frame works on, for $states.context.Map. */
  mapItem?: { Index: number; Value: unknown };
  /** The item's MapIterationSucceeded is written. */
  counted?: boolean;
  previousEventId: number;
}

/** A history event as AWS shapes it, without its time, which the line has. */
export type EventBody = Omit<HistoryEvent, 'timestamp'>;
/** An event that has no number yet. */
export type NewEvent = Omit<EventBody, 'id' | 'previousEventId'>;

/** One line of an execution's journal: what changed, where, and the history event that shows it (if AWS has one). */
export interface Line {
  at: number;
  /** Indexes of branches or items, from the machine inwards. */
  path: number[];
  patch?: Partial<Frame>;
  /** Variables to set, besides those the frame has. */
  assign?: Record<string, unknown>;
  /** Everything unfinished begins again. */
  redrive?: true;
  event?: EventBody;
}

/** A frame about to enter its first state. */
export function newFrame(startAt: string, input: unknown, previousEventId: number): Frame {
  return {
    state: startAt,
    input,
    enteredAt: 0,
    retries: [],
    retryCount: 0,
    phase: { at: 'enter' },
    variables: {},
    fanout: null,
    children: {},
    previousEventId,
  };
}

/** Applies one line. The same function serves the running engine and the one that resumes after a crash. */
export function applyLine(root: Frame, line: Line): void {
  let frame = root;
  for (const index of line.path) {
    const child = frame.children[index] ?? newFrame('', null, 0);
    frame.children[index] = child;
    frame = child;
  }
  Object.assign(frame, line.patch);
  if (line.assign) Object.assign(frame.variables, line.assign);
  if (line.event?.id !== undefined) frame.previousEventId = line.event.id;
  if (line.redrive) redriveFrame(root);
}

/**
 * Puts what did not succeed back to work, as a redrive does: successful branches and items keep their results,
 * waits keep their deadline, retries are counted anew, tasks run again.
 */
function redriveFrame(frame: Frame): void {
  const { at } = frame.phase;
  if (at === 'ended' || at === 'enter' || at === 'wait' || at === 'result') return;
  frame.retries = [];
  frame.retryCount = 0;
  if (!frame.fanout) {
    frame.phase = { at: 'run' };
    return;
  }
  frame.phase = { at: 'fanout' };
  if (frame.fanout.kind === 'mapRun') frame.fanout = { ...frame.fanout, redrives: frame.fanout.redrives + 1 };
  for (const child of Object.values(frame.children)) redriveFrame(child);
}
