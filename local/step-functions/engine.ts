import type { S3Client } from '@aws-sdk/client-s3';
import {
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  ExecutionNotRedrivable,
  StateMachineDoesNotExist,
} from '@aws-sdk/client-sfn';
import type { Clock } from '../clock.ts';
import { executionArn, stateMachineArn } from './arns.ts';
import { type Catalogue, type ExecutionEntry, openCatalogue, sha256 } from './catalogue.ts';
import { StateFailure, toPayload } from './failure.ts';
import type { NewEvent } from './frames.ts';
import { endEvent, inputOf, outcomeOf, readLines } from './history.ts';
import { objectStore } from './items.ts';
import { createEvaluator } from './jsonata.ts';
import { loadDefinition } from './load.ts';
import { createMapRunHost } from './map-run-host.ts';
import { createPublisher, type PublishEvent } from './publisher.ts';
import { append, type Host, type Invoke, type Outcome, type Run, type TokenWaiter } from './run.ts';
import { createRunStore } from './run-store.ts';
import { Stopped } from './signals.ts';
import { checkStart, type StartInput } from './start-request.ts';
import { runFrame } from './states.ts';
import { createWorkload } from './workload.ts';

export interface EngineOptions {
  /** Where everything durable is kept. One engine at a time. */
  directory: string;
  /** Definitions by state machine name, placeholders already resolved. */
  definitions: Record<string, object>;
  invoke: Invoke;
  /** Called at least once for each status change of an execution. */
  publishEvent: PublishEvent;
  /** For ItemReader and ResultWriter. */
  s3?: S3Client;
  clock: Clock;
  /** Jitter and $random; between 0 and 1. */
  random?: () => number;
  /** `process` leaves flushing to the operating system: safe against a kill, not against a power cut. Default `disk`. */
  survives?: 'disk' | 'process';
}

export interface Engine {
  readonly catalogue: Catalogue;
  /** By the machine's name, as they were given. */
  readonly definitions: ReadonlyMap<string, object>;
  readonly tokens: ReadonlyMap<string, TokenWaiter>;
  readonly clock: Clock;
  /** Resumes every execution that was running. */
  start(): Promise<void>;
  /** Lets go of everything without ending an execution: as a crash, but tidy. */
  stop(): Promise<void>;
  /** Resolves when nothing runs but waits, tokens and retry delays. */
  idle(): Promise<void>;
  startExecution(request: StartInput): Promise<ExecutionEntry>;
  /** @throws ExecutionDoesNotExist */
  execution(arn: string): ExecutionEntry;
  /** The journal of an execution, for reading. */
  journalFile(arn: string): string;
  stopExecution(arn: string, error?: string, cause?: string): Promise<ExecutionEntry>;
  redriveExecution(arn: string): Promise<ExecutionEntry>;
  /** Resolves when what was written about an execution is durable. */
  durable(arn: string): Promise<void>;
  /** ARN of the newest published version of a machine. */
  versionArn(machine: string): string;
}

/** As AWS: an execution can be redriven for 14 days. */
const REDRIVABLE_MS = 14 * 86_400_000;

/** Makes versions of definitions that changed, all or none. What did not change was checked when its version was made. */
function publish(definitions: ReadonlyMap<string, object>, catalogue: Catalogue, clock: Clock): void {
  const changed = [...definitions].filter(([name, source]) => !catalogue.isNewest(name, source));
  try {
    for (const [name, source] of changed) loadDefinition(name, source);
  } catch (error) {
    catalogue.close();
    throw error;
  }
  for (const [name, source] of changed) catalogue.publish(name, source, clock.now());
}

/**
 * The Step Functions of a laptop: interprets Amazon States Language (JSONata) with every execution journalled on disk.
 * @throws InvalidDefinition when a definition holds anything that is not interpreted.
 */
export function createEngine(options: EngineOptions): Engine {
  const { clock, directory } = options;
  const random = options.random ?? Math.random;
  const toDisk = options.survives !== 'process';
  const definitions = new Map(Object.entries(options.definitions));
  const catalogue = openCatalogue(directory, toDisk);
  publish(definitions, catalogue, clock);
  const life = new AbortController();
  const workload = createWorkload();
  const publisher = createPublisher(catalogue, options.publishEvent, clock, random, life.signal);
  const live = new Map<string, Run>();
  const accepted = new Map<string, Promise<void>>();
  const endings = new Map<string, PromiseWithResolvers<{ entry: ExecutionEntry; outcome: Outcome }>>();
  const tokens = new Map<string, TokenWaiter>();
  const cancelTimeouts = new Map<string, () => void>();

  const store = createRunStore(directory, catalogue, toDisk);
  const fault = { $metadata: {} };

  const currentEntry = (arn: string) => live.get(arn)?.entry ?? catalogue.executions.get(arn);

  /** Writes a new execution's first line. Nothing runs and nobody is answered before that is durable. */
  const create = (entry: ExecutionEntry, inputText: string): Run => {
    const run = store.open(entry, inputText);
    live.set(entry.arn, run);
    const acceptance = workload.busy(async () => {
      await run.journal.durable();
      life.signal.throwIfAborted();
      catalogue.putExecution(entry);
      await catalogue.durable();
      accepted.delete(entry.arn);
      drive(run);
    });
    // Whoever waits for it hears of a refusal; nobody has to.
    acceptance.catch(() => undefined);
    accepted.set(entry.arn, acceptance);
    return run;
  };

  const drive = (run: Run): void => {
    if (life.signal.aborted || run.life.signal.aborted) return;
    live.set(run.entry.arn, run);
    announce(run, undefined);
    armTimeout(run);
    const { scope, root } = run;
    const position = { host, run, scope, path: [], frame: root, outer: {}, signal: run.life.signal };
    void workload.busy(async () => {
      try {
        const output = await runFrame(position);
        finish(run, { status: 'SUCCEEDED', output: toPayload(output, 'The output of the execution') });
      } catch (error) {
        if (run.life.signal.aborted) return;
        if (error instanceof StateFailure) {
          const named = error.error === '' ? {} : { error: error.error };
          finish(run, {
            status: 'FAILED',
            ...named,
            ...(error.reason !== undefined && { cause: error.reason }),
          });
        } else {
          const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
          finish(run, { status: 'FAILED', error: 'States.Runtime', cause });
        }
      }
    });
  };

  const armTimeout = (run: Run): void => {
    if (run.entry.mapRun || !('TimeoutSeconds' in run.scope) || run.scope.TimeoutSeconds === undefined)
      return;
    const deadline = (run.entry.redrivenAt ?? run.entry.startedAt) + run.scope.TimeoutSeconds * 1_000;
    const cancel = clock.setTimer(deadline - clock.now(), () =>
      finish(run, { status: 'TIMED_OUT', error: 'States.Timeout' }),
    );
    cancelTimeouts.set(run.entry.arn, cancel);
  };

  const announce = (run: Run, outcome: Outcome | undefined): void => {
    const { entry, inputText } = run;
    void workload.busy(() => publisher.publish(entry, inputText, outcome, workload.pause));
  };

  const finish = (run: Run, outcome: Outcome): void => {
    if (run.entry.status !== 'RUNNING' || life.signal.aborted) return;
    const now = clock.now();
    append(run, now, [], run.lastEventId, { event: endEvent(outcome) });
    settle(run, outcome, now);
  };

  /** The execution's end is in its journal: makes it durable, then known. */
  const settle = (run: Run, outcome: Outcome, stoppedAt: number): void => {
    run.entry = { ...run.entry, status: outcome.status, stoppedAt };
    const { entry } = run;
    run.life.abort(new Stopped());
    cancelTimeouts.get(entry.arn)?.();
    cancelTimeouts.delete(entry.arn);
    void workload.busy(async () => {
      await accepted.get(entry.arn);
      await run.journal.durable();
      if (life.signal.aborted) return;
      catalogue.putExecution(entry);
      run.journal.close();
      live.delete(entry.arn);
      endings.get(entry.arn)?.resolve({ entry, outcome });
      endings.delete(entry.arn);
      announce(run, outcome);
    });
  };

  const startExecution = async (request: StartInput): Promise<ExecutionEntry> => {
    const { machine, version, hash, name, inputText } = checkStart(request, catalogue, definitions);
    const { startedBy } = request;
    const arn = executionArn(machine, name);
    const inputHash = sha256(inputText);
    const existing = currentEntry(arn);
    if (existing) {
      const same = existing.status === 'RUNNING' && existing.inputHash === inputHash;
      const own = startedBy !== undefined && existing.startedBy === startedBy;
      if (!same && !own)
        throw new ExecutionAlreadyExists({ ...fault, message: `Execution Already Exists: '${arn}'` });
      await accepted.get(arn);
      return existing;
    }
    const entry: ExecutionEntry = {
      arn,
      name,
      machine,
      hash,
      status: 'RUNNING',
      startedAt: clock.now(),
      redriveCount: 0,
      inputHash,
      ...(version !== undefined && { version }),
      ...(startedBy !== undefined && { startedBy }),
    };
    create(entry, inputText);
    await accepted.get(arn);
    return entry;
  };

  const execution = (arn: string): ExecutionEntry => {
    const entry = catalogue.executions.get(arn) ?? live.get(arn)?.entry;
    if (!entry) throw new ExecutionDoesNotExist({ ...fault, message: `Execution Does Not Exist: '${arn}'` });
    return entry;
  };

  const redrive = (arn: string): Promise<ExecutionEntry> => workload.busy(() => redriveNow(arn));
  const redriveNow = async (arn: string): Promise<ExecutionEntry> => {
    const before = execution(arn);
    const now = clock.now();
    const age = now - (before.stoppedAt ?? now);
    if (
      live.has(arn) ||
      before.status === 'RUNNING' ||
      before.status === 'SUCCEEDED' ||
      age > REDRIVABLE_MS
    ) {
      const message = `Execution ${arn} is ${before.status} and cannot be redriven`;
      throw new ExecutionNotRedrivable({ ...fault, message });
    }
    const { stoppedAt: _, ...kept } = before;
    const entry: ExecutionEntry = {
      ...kept,
      status: 'RUNNING',
      redriveCount: before.redriveCount + 1,
      redrivenAt: now,
    };
    // The catalogue first: were the process killed here, the journal would still say that the execution is over.
    catalogue.putExecution(entry);
    const { run } = store.load(entry);
    live.set(arn, run);
    const event: NewEvent = {
      type: 'ExecutionRedriven',
      executionRedrivenEventDetails: { redriveCount: entry.redriveCount },
    };
    append(run, now, [], run.lastEventId, { event, redrive: true });
    await Promise.all([run.journal.durable(), catalogue.durable()]);
    drive(run);
    return entry;
  };

  const host: Host = {
    directory,
    clock,
    random,
    evaluator: createEvaluator(clock, random),
    invoke: options.invoke,
    s3: options.s3 && objectStore(options.s3),
    tokens,
    pause: workload.pause,
    busy: workload.busy,
    finish,
    startNested: ({ machineArn, ...request }) => startExecution({ stateMachineArn: machineArn, ...request }),
    stopExecution(arn, error, cause) {
      const run = live.get(arn);
      if (run)
        finish(run, {
          status: 'ABORTED',
          ...(error !== undefined && { error }),
          ...(cause !== undefined && { cause }),
        });
    },
    async outcomeOf(arn) {
      const entry = currentEntry(arn);
      if (entry && entry.status !== 'RUNNING' && !live.has(arn)) {
        const outcome = outcomeOf(readLines(store.journalFile(arn), false));
        if (outcome) return { entry, outcome };
      }
      const ending = endings.get(arn) ?? Promise.withResolvers();
      endings.set(arn, ending);
      return ending.promise;
    },
    mapRuns: createMapRunHost({
      catalogue,
      clock,
      stop: (arn) => host.stopExecution(arn, undefined, undefined),
      redrive,
      start: async (entry, inputText) => {
        create(entry, inputText);
        await accepted.get(entry.arn);
      },
    }),
  };

  return {
    catalogue,
    definitions,
    tokens,
    clock,
    async start() {
      await catalogue.durable();
      for (const entry of [...catalogue.executions.values()]) {
        if (entry.status === 'RUNNING') resume(entry);
        else republish(entry);
      }
      // Long enough for tasks that wait for a token to be listening again.
      await new Promise((resolve) => setImmediate(resolve));
    },
    async stop() {
      if (life.signal.aborted) return;
      life.abort(new Stopped());
      for (const run of live.values()) run.life.abort(new Stopped());
      for (const cancel of cancelTimeouts.values()) cancel();
      for (const run of live.values()) {
        await run.journal.durable();
        run.journal.close();
      }
      await catalogue.durable();
      catalogue.close();
    },
    idle: workload.idle,
    startExecution,
    execution,
    journalFile: store.journalFile,
    async stopExecution(arn, error, cause) {
      execution(arn);
      host.stopExecution(arn, error, cause);
      if (live.has(arn)) await host.outcomeOf(arn);
      return execution(arn);
    },
    redriveExecution: redrive,
    async durable(arn) {
      await live.get(arn)?.journal.durable();
    },
    versionArn(machine) {
      const newest = catalogue.versions(machine).at(-1);
      if (!newest)
        throw new StateMachineDoesNotExist({
          ...fault,
          message: `State Machine Does Not Exist: '${machine}'`,
        });
      return stateMachineArn(machine, newest.version);
    },
  };

  function resume(entry: ExecutionEntry): void {
    const { run, outcome } = store.load(entry);
    live.set(entry.arn, run);
    const parent = entry.mapRun && catalogue.mapRuns.get(entry.mapRun.arn);
    if (outcome) settle(run, outcome, clock.now());
    // Killed after its map run was over, before it was stopped.
    else if (parent && parent.status !== 'RUNNING') finish(run, { status: 'ABORTED' });
    else drive(run);
  }

  function republish(entry: ExecutionEntry): void {
    const mark = `${entry.status}/${entry.redriveCount}`;
    if (entry.mapRun || catalogue.isPublished(entry.arn, mark)) return;
    const lines = readLines(store.journalFile(entry.arn), false);
    void workload.busy(() => publisher.publish(entry, inputOf(lines), outcomeOf(lines), workload.pause));
  }
}
