import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mapRunArn } from './arns.ts';
import { keyOf, writeAtomically } from './catalogue.ts';
import type { MapState } from './definition.ts';
import { PAYLOAD_LIMIT, StateFailure, toPayload } from './failure.ts';
import { readItems } from './items.ts';
import { writeResults } from './results.ts';
import { type ChildResult, evaluateField, evaluateNumber, type Position, record } from './run.ts';
import { eachIndex, Stopped, untilAborted } from './signals.ts';

/** Children a laptop drives at once; AWS allows 10,000. Only speed depends on it. */
const LOCAL_CONCURRENCY = 64;

/** What a map run works on: written once, before its first child starts, so that a restart sees the same items. */
interface MapRunPlan {
  inputs: unknown[];
  /** Items in each child's batch, for the tolerated failures; 1 without a batcher. */
  sizes: number[];
  maxConcurrency: number;
  toleratedCount?: number;
  toleratedPercentage?: number;
  writeTo?: Record<string, unknown>;
}

/**
 * A distributed Map: every item (or batch) is an execution of its own, with its own history. The state fails with
 * States.ExceedToleratedFailureThreshold as soon as more items failed than is tolerated.
 */
export async function runMapRun(position: Position, state: MapState): Promise<void> {
  const { frame, host, run } = position;
  if (frame.phase.at !== 'fanout') await begin(position, state);
  const { fanout } = frame;
  if (fanout?.kind !== 'mapRun') throw new Error(`state "${frame.state}" has no map run on record`);
  const { arn, redrives } = fanout;
  // Sound: written by begin() below.
  const plan = JSON.parse(readFileSync(planFile(host.directory, arn), 'utf8')) as MapRunPlan;
  if (redrives > 0) host.mapRuns.redriven(arn);
  const results: ChildResult[] = [];
  const total = plan.sizes.reduce((sum, size) => sum + size, 0);
  let failedItems = 0;

  const work = async (index: number, signal: AbortSignal): Promise<void> => {
    const input = plan.inputs[index];
    const child = await host.mapRuns.child(run, arn, frame.state, index, input, redrives);
    if (signal.aborted) host.stopExecution(child.arn, undefined, undefined);
    const { entry, outcome } = await host.outcomeOf(child.arn);
    results[index] = { entry, outcome, input };
    if (outcome.status === 'SUCCEEDED') return;
    failedItems += plan.sizes[index] ?? 1;
    if (exceeds(plan, failedItems, total)) {
      throw new StateFailure(
        'States.ExceedToleratedFailureThreshold',
        `The specified tolerated failure threshold was exceeded: ${failedItems} of ${total} items failed.`,
      );
    }
  };

  try {
    await run.journal.durable();
    const limit = Math.min(plan.maxConcurrency, LOCAL_CONCURRENCY);
    await host.pause(
      eachIndex([...plan.inputs.keys()], limit, position.signal, (index, signal) =>
        untilAborted(signal, work(index, signal)),
      ),
    );
    const finished = plan.inputs.map((_, index) => results[index]).filter((result) => result !== undefined);
    const value = plan.writeTo
      ? await writeResults(host.s3, arn, plan.writeTo, finished)
      : finished
          .filter(({ outcome }) => outcome.status === 'SUCCEEDED')
          .map(({ outcome }) => JSON.parse(outcome.output ?? 'null'));
    toPayload(value, `The result of state '${frame.state}'`);
    host.mapRuns.end(arn, 'SUCCEEDED');
    record(position, {
      patch: { phase: { at: 'result', value }, fanout: null },
      event: { type: 'MapRunSucceeded' },
    });
    record(position, { event: { type: 'MapStateSucceeded' } });
  } catch (error) {
    if (error instanceof Stopped && (run.entry.status !== 'RUNNING' || !run.life.signal.aborted)) {
      host.mapRuns.stopChildren(arn);
      host.mapRuns.end(arn, 'ABORTED');
    }
    if (!(error instanceof StateFailure)) throw error;
    host.mapRuns.stopChildren(arn);
    host.mapRuns.end(arn, 'FAILED');
    const { error: name, reason } = error;
    const details = { error: name, ...(reason !== undefined && { cause: reason }) };
    record(position, {
      patch: { phase: { at: 'error', ...details } },
      event: { type: 'MapRunFailed', mapRunFailedEventDetails: details },
    });
    record(position, { event: { type: 'MapStateFailed' } });
  }
}

/** Without either bound no failure is tolerated; with both, the one that is passed first decides. */
function exceeds(plan: MapRunPlan, failed: number, total: number): boolean {
  const { toleratedCount, toleratedPercentage } = plan;
  if (toleratedCount === undefined && toleratedPercentage === undefined) return failed > 0;
  if (toleratedCount !== undefined && failed > toleratedCount) return true;
  return toleratedPercentage !== undefined && (failed / total) * 100 > toleratedPercentage;
}

function planFile(directory: string, arn: string): string {
  return join(directory, 'map-runs', `${keyOf(arn)}.json`);
}

async function begin(position: Position, state: MapState): Promise<void> {
  const { frame, host, run } = position;
  const items = await itemsOf(position, state);
  const selected: unknown[] = [];
  for (const [index, item] of items.entries()) {
    const mapItem = { Index: index, Value: item };
    selected.push(
      state.ItemSelector === undefined
        ? item
        : await evaluateField(position, 'ItemSelector', state.ItemSelector, { mapItem }),
    );
  }
  const plan = await planOf(position, state, selected);
  const arn = mapRunArn(
    run.entry.machine,
    state.Label ?? frame.state.replaceAll(/[^\w-]/g, '-'),
    randomUUID(),
  );
  mkdirSync(join(host.directory, 'map-runs'), { recursive: true, mode: 0o700 });
  writeAtomically(planFile(host.directory, arn), JSON.stringify(plan), true);
  record(position, {
    event: { type: 'MapStateStarted', mapStateStartedEventDetails: { length: items.length } },
  });
  host.mapRuns.begin(run, frame.state, arn, {
    maxConcurrency: plan.maxConcurrency,
    itemCount: items.length,
    childCount: plan.inputs.length,
    ...(plan.toleratedCount !== undefined && { toleratedFailureCount: plan.toleratedCount }),
    ...(plan.toleratedPercentage !== undefined && { toleratedFailurePercentage: plan.toleratedPercentage }),
  });
  record(position, {
    patch: { phase: { at: 'fanout' }, fanout: { kind: 'mapRun', arn, redrives: 0 } },
    event: { type: 'MapRunStarted', mapRunStartedEventDetails: { mapRunArn: arn } },
  });
}

async function itemsOf(position: Position, state: MapState): Promise<unknown[]> {
  const { ItemReader: reader } = state;
  if (reader) {
    const maxItems = await evaluateNumber(
      position,
      'ItemReader/ReaderConfig/MaxItems',
      reader.ReaderConfig?.MaxItems ?? 0,
      0,
    );
    const args = await evaluateField(position, 'ItemReader/Arguments', reader.Arguments);
    // Sound: evaluating an object of templates gives an object.
    const given = args as Record<string, unknown>;
    return readItems(position.host.s3, {
      resource: reader.Resource,
      arguments: given,
      config: reader.ReaderConfig,
      maxItems,
    });
  }
  const items =
    state.Items === undefined ? position.frame.input : await evaluateField(position, 'Items', state.Items);
  if (!Array.isArray(items)) {
    throw new StateFailure(
      'States.QueryEvaluationError',
      `The field 'Items' expected an array, found ${typeof items}`,
    );
  }
  return items;
}

async function planOf(position: Position, state: MapState, items: unknown[]): Promise<MapRunPlan> {
  const optional = (field: string, template: unknown) =>
    template === undefined ? undefined : evaluateNumber(position, field, template, 0);
  const wanted = await evaluateNumber(position, 'MaxConcurrency', state.MaxConcurrency ?? 0, 0);
  const toleratedCount = await optional('ToleratedFailureCount', state.ToleratedFailureCount);
  const toleratedPercentage = await optional('ToleratedFailurePercentage', state.ToleratedFailurePercentage);
  // Sound: evaluating an object of templates gives an object.
  const writeTo =
    state.ResultWriter &&
    ((await evaluateField(position, 'ResultWriter/Arguments', state.ResultWriter.Arguments)) as Record<
      string,
      unknown
    >);
  const batches = await batchesOf(position, state, items);
  return {
    ...batches,
    maxConcurrency: wanted === 0 ? 10_000 : wanted,
    ...(toleratedCount !== undefined && { toleratedCount }),
    ...(toleratedPercentage !== undefined && { toleratedPercentage }),
    ...(writeTo && { writeTo }),
  };
}

async function batchesOf(
  position: Position,
  state: MapState,
  items: unknown[],
): Promise<Pick<MapRunPlan, 'inputs' | 'sizes'>> {
  const { ItemBatcher: batcher } = state;
  if (!batcher) return { inputs: items, sizes: items.map(() => 1) };
  const most = await evaluateNumber(
    position,
    'ItemBatcher/MaxItemsPerBatch',
    batcher.MaxItemsPerBatch ?? items.length + 1,
    1,
  );
  const bytes = await evaluateNumber(
    position,
    'ItemBatcher/MaxInputBytesPerBatch',
    batcher.MaxInputBytesPerBatch ?? PAYLOAD_LIMIT,
    1,
  );
  const shared =
    batcher.BatchInput === undefined
      ? {}
      : { BatchInput: await evaluateField(position, 'ItemBatcher/BatchInput', batcher.BatchInput) };
  const batchOf = (batch: unknown[]) => ({ ...shared, Items: batch });
  const empty = Buffer.byteLength(JSON.stringify(batchOf([])));
  const groups: unknown[][] = [];
  let group: unknown[] = [];
  let size = empty;
  for (const item of items) {
    const weight = Buffer.byteLength(JSON.stringify(item)) + 1;
    if (group.length > 0 && (group.length >= most || size + weight > bytes)) {
      groups.push(group);
      group = [];
      size = empty;
    }
    group.push(item);
    size += weight;
  }
  if (group.length > 0) groups.push(group);
  return { inputs: groups.map(batchOf), sizes: groups.map((entry) => entry.length) };
}
