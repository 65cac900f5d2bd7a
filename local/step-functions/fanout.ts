import type { MapState, Parallel, Scope } from './definition.ts';
import { StateFailure, toPayload } from './failure.ts';
import { type Frame, type NewEvent, newFrame } from './frames.ts';
import { evaluateField, evaluateNumber, type Position, record, visibleVariables } from './run.ts';
import { eachIndex, Stopped } from './signals.ts';

/** Drives one thread; given by the interpreter. */
type RunFrame = (position: Position) => Promise<unknown>;

/** What AWS runs of an inline Map at once when MaxConcurrency is 0. */
const INLINE_CONCURRENCY = 40;

/** A Parallel state: all branches at once; the first failure stops the others and is the state's own. */
export async function runBranches(position: Position, state: Parallel, runFrame: RunFrame): Promise<void> {
  const { frame } = position;
  if (frame.phase.at !== 'fanout') {
    const input =
      state.Arguments === undefined
        ? frame.input
        : await evaluateField(position, 'Arguments', state.Arguments);
    toPayload(input, `The arguments of state '${frame.state}'`);
    record(position, { event: { type: 'ParallelStateStarted' } });
    const children = state.Branches.map((branch, index) => [
      index,
      newFrame(branch.StartAt, input, frame.previousEventId),
    ]);
    record(position, {
      patch: {
        phase: { at: 'fanout' },
        fanout: { kind: 'parallel' },
        children: Object.fromEntries(children),
      },
    });
  }
  const indexes = [...state.Branches.keys()];
  const done = await together(
    position,
    indexes,
    indexes.length,
    'ParallelStateFailed',
    async (index, signal) => {
      await runFrame(inner(position, state.Branches[index], index, signal));
    },
  );
  if (!done) return;
  const value = indexes.map((index) => outputOf(frame.children[index]));
  finish(position, value, 'ParallelStateSucceeded');
}

/** An inline Map: items run in this execution, each with a frame of its own. */
export async function runItems(position: Position, state: MapState, runFrame: RunFrame): Promise<void> {
  const { frame } = position;
  if (frame.phase.at !== 'fanout') {
    const items =
      state.Items === undefined ? frame.input : await evaluateField(position, 'Items', state.Items);
    if (!Array.isArray(items)) {
      throw new StateFailure(
        'States.QueryEvaluationError',
        `The field 'Items' expected an array, found ${typeof items}`,
      );
    }
    const wanted = await evaluateNumber(position, 'MaxConcurrency', state.MaxConcurrency ?? 0, 0);
    record(position, {
      patch: {
        phase: { at: 'fanout' },
        fanout: { kind: 'map', items, maxConcurrency: wanted === 0 ? INLINE_CONCURRENCY : wanted },
        children: {},
      },
      event: { type: 'MapStateStarted', mapStateStartedEventDetails: { length: items.length } },
    });
  }
  const { fanout } = frame;
  if (fanout?.kind !== 'map') throw new Error(`state "${frame.state}" has no items on record`);
  const { items } = fanout;
  const indexes = [...items.keys()];
  const done = await together(
    position,
    indexes,
    fanout.maxConcurrency,
    'MapStateFailed',
    async (index, signal) => {
      await runItem({ ...position, signal }, state, items[index], index, runFrame);
    },
  );
  if (!done) return;
  const value = indexes.map((index) => outputOf(frame.children[index]));
  finish(position, value, 'MapStateSucceeded');
}

async function runItem(
  position: Position,
  state: MapState,
  item: unknown,
  index: number,
  runFrame: RunFrame,
): Promise<void> {
  const { frame, signal } = position;
  const details = { name: frame.state, index };
  const mapItem = { Index: index, Value: item };
  if (!frame.children[index]) {
    const input =
      state.ItemSelector === undefined
        ? item
        : await evaluateField(position, 'ItemSelector', state.ItemSelector, { mapItem });
    toPayload(input, `The input of item ${index} of state '${frame.state}'`);
    const child: Frame = newFrame(state.ItemProcessor.StartAt, input, frame.previousEventId);
    // The frame exists in memory only until the line below is written and applied to the same object.
    frame.children[index] = child;
    record(inner(position, state.ItemProcessor, index, signal), {
      patch: { ...child, mapItem },
      event: { type: 'MapIterationStarted', mapIterationStartedEventDetails: details },
    });
  }
  const thread = inner(position, state.ItemProcessor, index, signal);
  try {
    await runFrame(thread);
  } catch (error) {
    if (error instanceof StateFailure) {
      record(thread, { event: { type: 'MapIterationFailed', mapIterationFailedEventDetails: details } });
    } else if (error instanceof Stopped && !position.run.life.signal.aborted) {
      aborted(position, thread, details);
    }
    throw error;
  }
  if (thread.frame.counted) return;
  record(thread, {
    patch: { counted: true },
    event: { type: 'MapIterationSucceeded', mapIterationSucceededEventDetails: details },
  });
}

/** A sibling failed: this item is over, though its own signal no longer lets it write. */
function aborted(position: Position, thread: Position, details: { name: string; index: number }): void {
  record(
    { ...thread, signal: position.run.life.signal },
    { event: { type: 'MapIterationAborted', mapIterationAbortedEventDetails: details } },
  );
}

/** False when one of them failed; the failure is then on record. */
async function together(
  position: Position,
  indexes: number[],
  limit: number,
  failedType: 'ParallelStateFailed' | 'MapStateFailed',
  work: (index: number, signal: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const { host, signal } = position;
  const counted = (index: number, inside: AbortSignal) => host.busy(() => work(index, inside));
  try {
    await host.pause(eachIndex(indexes, limit, signal, counted));
    return true;
  } catch (error) {
    if (!(error instanceof StateFailure)) throw error;
    const { error: name, reason } = error;
    record(position, {
      patch: { phase: { at: 'error', error: name, ...(reason !== undefined && { cause: reason }) } },
      event: { type: failedType },
    });
    return false;
  }
}

function finish(position: Position, value: unknown[], type: NewEvent['type']): void {
  toPayload(value, `The result of state '${position.frame.state}'`);
  record(position, {
    patch: { phase: { at: 'result', value }, fanout: null, children: {} },
    event: { type },
  });
}

function outputOf(frame: Frame | undefined): unknown {
  if (frame?.phase.at !== 'ended') throw new Error('a branch ended without an output');
  return frame.phase.output;
}

function inner(position: Position, scope: Scope | undefined, index: number, signal: AbortSignal): Position {
  const frame = position.frame.children[index];
  if (!scope || !frame) throw new Error(`no branch ${index} in state "${position.frame.state}"`);
  return {
    ...position,
    scope,
    frame,
    path: [...position.path, index],
    outer: visibleVariables(position),
    mapItem: position.frame.mapItem ?? position.mapItem,
    signal,
  };
}
