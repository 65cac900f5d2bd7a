import type { Clock } from '../clock.ts';
import { ROLE_ARN, stateMachineArn } from './arns.ts';
import type { ExecutionEntry } from './catalogue.ts';
import type { Definition, Scope } from './definition.ts';
import { StateFailure } from './failure.ts';
import { applyLine, type EventBody, type Frame, type Line, type NewEvent } from './frames.ts';
import type { ObjectStore } from './items.ts';
import type { Journal } from './journal.ts';
import type { Evaluator } from './jsonata.ts';
import { Stopped } from './signals.ts';

/** What a Lambda invocation answered: its payload, or the error object as Lambda's runtime reports it. */
export type InvokeOutcome =
  | { payload: unknown }
  | { errorType: string; errorMessage: string; trace?: string[] };

export type Invoke = (
  functionName: string,
  payload: unknown,
  options: { timeoutMs: number; roleArn?: string },
) => Promise<InvokeOutcome>;

/** How an execution ended. */
export interface Outcome {
  status: Exclude<ExecutionEntry['status'], 'RUNNING'>;
  output?: string;
  error?: string;
  cause?: string;
}

/** One finished child of a map run. */
export interface ChildResult {
  entry: ExecutionEntry;
  outcome: Outcome;
  input: unknown;
}

/** A task that waits for its token. */
export interface TokenWaiter {
  succeed(output: unknown): void;
  fail(error: string, cause: string | undefined): void;
  beat(): void;
}

export interface StartRequest {
  machineArn: string;
  name: string;
  input: string;
  startedBy: string;
}

/** What the interpreter needs of the engine around it. */
export interface Host {
  directory: string;
  clock: Clock;
  random: () => number;
  evaluator: Evaluator;
  invoke: Invoke;
  s3: ObjectStore | undefined;
  tokens: Map<string, TokenWaiter>;
  /** Marks a wait for a timer, a token or other threads: the engine counts as idle meanwhile. */
  pause<T>(promise: Promise<T>): Promise<T>;
  /** Counts a thread as running while `work` is. */
  busy<T>(work: () => Promise<T>): Promise<T>;
  /** Ends a run now; everything it still has under way unwinds. */
  finish(run: Run, outcome: Outcome): void;
  startNested(request: StartRequest): Promise<ExecutionEntry>;
  stopExecution(arn: string, error: string | undefined, cause: string | undefined): void;
  /** Resolves when that execution has ended, durably. */
  outcomeOf(arn: string): Promise<{ entry: ExecutionEntry; outcome: Outcome }>;
  mapRuns: MapRunHost;
}

/** Child executions of distributed Maps. */
export interface MapRunHost {
  begin(run: Run, state: string, arn: string, facts: MapRunFacts): void;
  end(arn: string, status: 'SUCCEEDED' | 'FAILED' | 'ABORTED'): void;
  redriven(arn: string): void;
  /** Stops every child that still runs. */
  stopChildren(arn: string): void;
  /** The child of that index: as it is, or started now. A child that failed is redriven when `redrives` asks for it. */
  child(
    run: Run,
    arn: string,
    state: string,
    index: number,
    input: unknown,
    redrives: number,
  ): Promise<ExecutionEntry>;
}

export interface MapRunFacts {
  maxConcurrency: number;
  toleratedFailureCount?: number;
  toleratedFailurePercentage?: number;
  itemCount: number;
  childCount: number;
}

/** One execution that is being driven. */
export interface Run {
  entry: ExecutionEntry;
  scope: Scope | Definition;
  /** As it was given: JSON text. */
  inputText: string;
  input: unknown;
  root: Frame;
  lastEventId: number;
  journal: Journal;
  /** Aborts when the execution is over or the engine stops. */
  life: AbortController;
}

/** Where a thread of an execution stands: its frame, and what it can see. */
export interface Position {
  host: Host;
  run: Run;
  scope: Scope;
  path: number[];
  frame: Frame;
  /** Variables of the scopes around this one. */
  outer: Record<string, unknown>;
  /** The Map item around this thread, when its own frame is not one. */
  mapItem?: Frame['mapItem'] | undefined;
  signal: AbortSignal;
}

/** AWS ends an execution at this many history events. */
export const HISTORY_LIMIT = 25_000;

export interface Entry {
  patch?: Partial<Frame>;
  assign?: Record<string, unknown>;
  redrive?: true;
  event?: NewEvent;
}

/**
 * Writes one change of a thread to the journal and applies it.
 * @throws Stopped when the thread is over, also when this event would have been one too many.
 */
export function record(position: Position, entry: Entry): void {
  position.signal.throwIfAborted();
  const { run, host } = position;
  if (entry.event && run.lastEventId >= HISTORY_LIMIT - 1) {
    host.finish(run, {
      status: 'FAILED',
      error: 'States.Runtime',
      cause: `The execution reached the maximum number of history events (${HISTORY_LIMIT}).`,
    });
    throw new Stopped();
  }
  append(run, host.clock.now(), position.path, position.frame.previousEventId, entry);
}

/** Writes a line without asking whether the thread is still wanted. */
export function append(run: Run, at: number, path: number[], previousEventId: number, entry: Entry): void {
  const { event, patch, assign, redrive } = entry;
  const numbered: EventBody | undefined = event && { ...event, id: run.lastEventId + 1, previousEventId };
  const line: Line = {
    at,
    path,
    ...(patch && { patch }),
    ...(assign && { assign }),
    ...(redrive && { redrive }),
    ...(numbered && { event: numbered }),
  };
  run.journal.append([line]);
  if (numbered) run.lastEventId += 1;
  applyLine(run.root, line);
}

/** Variables a state of this thread can read: an inner scope's come before the outer ones'. */
export function visibleVariables({ outer, frame }: Position): Record<string, unknown> {
  return { ...outer, ...frame.variables };
}

/** Extra parts of the context object. */
interface ContextExtras {
  token?: string | undefined;
  mapItem?: { Index: number; Value: unknown } | undefined;
}

/** The context object, `$states.context`, with AWS's names. Times are ISO 8601. */
export function contextObject(position: Position, extras: ContextExtras = {}): unknown {
  const { run, frame } = position;
  const { entry } = run;
  const mapItem = extras.mapItem ?? frame.mapItem ?? position.mapItem;
  return {
    Execution: {
      Id: entry.arn,
      Input: run.input,
      Name: entry.name,
      RoleArn: ROLE_ARN,
      StartTime: new Date(entry.startedAt).toISOString(),
      RedriveCount: entry.redriveCount,
      ...(entry.redrivenAt !== undefined && { RedriveTime: new Date(entry.redrivenAt).toISOString() }),
    },
    State: {
      EnteredTime: new Date(frame.enteredAt).toISOString(),
      Name: frame.state,
      RetryCount: frame.retryCount,
    },
    StateMachine: { Id: stateMachineArn(entry.machine, entry.version), Name: entry.machine },
    ...(extras.token !== undefined && { Task: { Token: extras.token } }),
    ...(mapItem && { Map: { Item: mapItem } }),
  };
}

/** Evaluates one field of the state the thread is in. */
export function evaluateField(
  position: Position,
  field: string,
  template: unknown,
  extras: ContextExtras & { result?: unknown; errorOutput?: unknown } = {},
): Promise<unknown> {
  const { token, mapItem, ...results } = extras;
  const states = {
    input: position.frame.input,
    ...results,
    context: contextObject(position, { token, mapItem }),
  };
  return untilWanted(
    position,
    position.host.evaluator.evaluate(template, { states, variables: visibleVariables(position), field }),
  );
}

/** As evaluateField, for fields that must be whole numbers of at least `least`. */
export async function evaluateNumber(
  position: Position,
  field: string,
  template: unknown,
  least: number,
  extras: ContextExtras = {},
): Promise<number> {
  const value = await evaluateField(position, field, template, extras);
  if (typeof value !== 'number' || !Number.isFinite(value) || value < least) {
    throw new StateFailure(
      'States.QueryEvaluationError',
      `The field '${field}' expected a number of at least ${least}, found ${JSON.stringify(value)}`,
    );
  }
  return value;
}

async function untilWanted<T>(position: Position, promise: Promise<T>): Promise<T> {
  const value = await promise;
  position.signal.throwIfAborted();
  return value;
}
