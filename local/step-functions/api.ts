import type * as Sfn from '@aws-sdk/client-sfn';
import {
  InvalidOutput,
  InvalidToken,
  ResourceNotFound,
  type SFNClient,
  StateMachineDoesNotExist,
  TaskDoesNotExist,
  TaskTimedOut,
} from '@aws-sdk/client-sfn';
import { attach } from '../attach.ts';
import { parseStateMachineArn, ROLE_ARN, stateMachineArn } from './arns.ts';
import type { ExecutionEntry, MapRunEntry } from './catalogue.ts';
import type { Engine } from './engine.ts';
import { PAYLOAD_LIMIT } from './failure.ts';
import { inputOf, outcomeOf, readHistory, readLines } from './history.ts';
import { paginate } from './pages.ts';
import type { TokenWaiter } from './run.ts';
import { Stopped } from './signals.ts';
import { executionKeyOf } from './tasks.ts';

/** Inputs and outputs of the commands that are answered, by name. */
interface Commands {
  StartExecution: [Sfn.StartExecutionCommandInput, Sfn.StartExecutionOutput];
  DescribeExecution: [Sfn.DescribeExecutionCommandInput, Sfn.DescribeExecutionOutput];
  GetExecutionHistory: [Sfn.GetExecutionHistoryCommandInput, Sfn.GetExecutionHistoryOutput];
  ListExecutions: [Sfn.ListExecutionsCommandInput, Sfn.ListExecutionsOutput];
  StopExecution: [Sfn.StopExecutionCommandInput, Sfn.StopExecutionOutput];
  RedriveExecution: [Sfn.RedriveExecutionCommandInput, Sfn.RedriveExecutionOutput];
  SendTaskSuccess: [Sfn.SendTaskSuccessCommandInput, Sfn.SendTaskSuccessOutput];
  SendTaskFailure: [Sfn.SendTaskFailureCommandInput, Sfn.SendTaskFailureOutput];
  SendTaskHeartbeat: [Sfn.SendTaskHeartbeatCommandInput, Sfn.SendTaskHeartbeatOutput];
  ListStateMachines: [Sfn.ListStateMachinesCommandInput, Sfn.ListStateMachinesOutput];
  DescribeStateMachine: [Sfn.DescribeStateMachineCommandInput, Sfn.DescribeStateMachineOutput];
  ListStateMachineVersions: [Sfn.ListStateMachineVersionsCommandInput, Sfn.ListStateMachineVersionsOutput];
  ListMapRuns: [Sfn.ListMapRunsCommandInput, Sfn.ListMapRunsOutput];
  DescribeMapRun: [Sfn.DescribeMapRunCommandInput, Sfn.DescribeMapRunOutput];
}
/** A type, not an interface: only so it counts as a record of handlers. */
type Handlers = { [Name in keyof Commands]: (input: Commands[Name][0]) => Promise<Commands[Name][1]> };

const fault = { $metadata: {} };

/**
 * Answers an SFNClient's calls from the engine, with the SDK's own inputs, outputs and exception classes: no
 * credentials, no network. A command that is not implemented is refused by name. Returns the
 * function that detaches.
 */
export function attachStepFunctions(client: SFNClient, engine: Engine): () => void {
  return attach(client, 'StepFunctions', createHandlers(engine));
}

function createHandlers(engine: Engine): Handlers {
  const { catalogue } = engine;

  const machineNamed = (arn: string | undefined) => {
    const parsed = parseStateMachineArn(arn ?? '');
    const versions = catalogue.versions(parsed?.name ?? '');
    const version =
      parsed?.version === undefined ? versions.at(-1) : versions.find((v) => v.version === parsed.version);
    if (!parsed || !version) {
      throw new StateMachineDoesNotExist({ ...fault, message: `State Machine Does Not Exist: '${arn}'` });
    }
    return { ...parsed, stored: version };
  };

  const mapRunNamed = (arn: string | undefined): MapRunEntry => {
    const entry = catalogue.mapRuns.get(arn ?? '');
    if (!entry) throw new ResourceNotFound({ ...fault, message: `Map Run Does Not Exist: '${arn}'` });
    return entry;
  };

  /** The task that waits for this token, then its execution's journal flushed: an answer given is an answer kept. */
  const answerToken = async (
    token: string | undefined,
    answer: (waiter: TokenWaiter) => void,
  ): Promise<void> => {
    const key = executionKeyOf(token ?? '');
    if (key === undefined) throw new InvalidToken({ ...fault, message: 'Invalid Token: not a task token' });
    const entry = catalogue.executionByKey(key);
    if (!entry) throw new TaskDoesNotExist({ ...fault, message: 'Task does not exist' });
    const waiter = engine.tokens.get(token ?? '');
    const closed = 'Task Timed Out: the task token has expired or its task is already closed';
    if (!waiter) throw new TaskTimedOut({ ...fault, message: closed });
    try {
      answer(waiter);
    } catch (error) {
      // The execution ended in this very moment.
      if (error instanceof Stopped) throw new TaskTimedOut({ ...fault, message: closed });
      throw error;
    }
    await engine.durable(entry.arn);
  };

  return {
    async StartExecution({ stateMachineArn: arn = '', name, input }) {
      const started = await engine.startExecution({
        stateMachineArn: arn,
        ...(name !== undefined && { name }),
        ...(input !== undefined && { input }),
      });
      return { executionArn: started.arn, startDate: new Date(started.startedAt) };
    },

    async DescribeExecution({ executionArn }) {
      const entry = engine.execution(executionArn ?? '');
      const lines = readLines(engine.journalFile(entry.arn), false);
      const outcome = entry.status === 'RUNNING' ? undefined : outcomeOf(lines);
      return {
        ...summary(entry),
        executionArn: entry.arn,
        stateMachineArn: stateMachineArn(entry.machine),
        name: entry.name,
        startDate: new Date(entry.startedAt),
        status: entry.status,
        input: inputOf(lines),
        inputDetails: { included: true },
        ...(outcome?.output !== undefined && { output: outcome.output, outputDetails: { included: true } }),
        ...(outcome?.error !== undefined && { error: outcome.error }),
        ...(outcome?.cause !== undefined && { cause: outcome.cause }),
        redriveStatus:
          entry.status === 'RUNNING' || entry.status === 'SUCCEEDED' ? 'NOT_REDRIVABLE' : 'REDRIVABLE',
      };
    },

    async GetExecutionHistory({ executionArn, maxResults, nextToken, reverseOrder, includeExecutionData }) {
      const entry = engine.execution(executionArn ?? '');
      const events = readHistory(engine.journalFile(entry.arn));
      if (reverseOrder) events.reverse();
      const page = paginate(events, maxResults, nextToken, reverseOrder);
      const shown = includeExecutionData === false ? page.items.map(withoutData) : page.items;
      return { events: shown, ...page.next };
    },

    async ListExecutions({
      stateMachineArn: arn,
      mapRunArn,
      statusFilter,
      maxResults,
      nextToken,
      redriveFilter,
    }) {
      const wanted = arn === undefined ? undefined : machineNamed(arn);
      if (mapRunArn !== undefined) mapRunNamed(mapRunArn);
      const found = [...catalogue.executions.values()].filter(
        (entry) =>
          (wanted === undefined || entry.machine === wanted.name) &&
          (wanted?.version === undefined || entry.version === wanted.version) &&
          entry.mapRun?.arn === mapRunArn &&
          (statusFilter === undefined || entry.status === statusFilter) &&
          (redriveFilter === undefined || entry.redriveCount > 0 === (redriveFilter === 'REDRIVEN')),
      );
      found.sort((a, b) => b.startedAt - a.startedAt);
      const page = paginate(found, maxResults, nextToken, true);
      const executions = page.items.map((entry) => ({
        ...summary(entry),
        executionArn: entry.arn,
        stateMachineArn: stateMachineArn(entry.machine),
        name: entry.name,
        status: entry.status,
        startDate: new Date(entry.startedAt),
      }));
      return { executions, ...page.next };
    },

    async StopExecution({ executionArn, error, cause }) {
      const entry = await engine.stopExecution(executionArn ?? '', error, cause);
      return { stopDate: new Date(entry.stoppedAt ?? engine.clock.now()) };
    },

    async RedriveExecution({ executionArn }) {
      const entry = await engine.redriveExecution(executionArn ?? '');
      return { redriveDate: new Date(entry.redrivenAt ?? engine.clock.now()) };
    },

    async SendTaskSuccess({ taskToken, output = '' }) {
      if (Buffer.byteLength(output) > PAYLOAD_LIMIT) {
        throw new InvalidOutput({ ...fault, message: `Invalid Output: over ${PAYLOAD_LIMIT} bytes` });
      }
      let value: unknown;
      try {
        value = JSON.parse(output);
      } catch {
        throw new InvalidOutput({ ...fault, message: 'Invalid Output: expected JSON text' });
      }
      await answerToken(taskToken, (waiter) => waiter.succeed(value));
      return {};
    },

    async SendTaskFailure({ taskToken, error, cause }) {
      await answerToken(taskToken, (waiter) => waiter.fail(error ?? 'States.TaskFailed', cause));
      return {};
    },

    async SendTaskHeartbeat({ taskToken }) {
      await answerToken(taskToken, (waiter) => waiter.beat());
      return {};
    },

    async ListStateMachines({ maxResults, nextToken }) {
      const page = paginate([...engine.definitions.keys()].sort(), maxResults, nextToken);
      const stateMachines = page.items.map((name) => ({
        name,
        stateMachineArn: stateMachineArn(name),
        type: 'STANDARD' as const,
        creationDate: new Date(catalogue.versions(name)[0]?.publishedAt ?? 0),
      }));
      return { stateMachines, ...page.next };
    },

    async DescribeStateMachine({ stateMachineArn: arn }) {
      const { name, version, stored } = machineNamed(arn);
      return {
        name,
        stateMachineArn: stateMachineArn(name, version),
        status: 'ACTIVE',
        type: 'STANDARD',
        definition: JSON.stringify(catalogue.definition(stored.hash)),
        roleArn: ROLE_ARN,
        creationDate: new Date(stored.publishedAt),
        revisionId: stored.hash,
      };
    },

    async ListStateMachineVersions({ stateMachineArn: arn, maxResults, nextToken }) {
      const { name } = machineNamed(arn);
      const page = paginate([...catalogue.versions(name)].reverse(), maxResults, nextToken);
      const stateMachineVersions = page.items.map(({ version, publishedAt }) => ({
        stateMachineVersionArn: stateMachineArn(name, version),
        creationDate: new Date(publishedAt),
      }));
      return { stateMachineVersions, ...page.next };
    },

    async ListMapRuns({ executionArn, maxResults, nextToken }) {
      const entry = engine.execution(executionArn ?? '');
      const found = [...catalogue.mapRuns.values()].filter((run) => run.executionArn === entry.arn).reverse();
      const page = paginate(found, maxResults, nextToken);
      const mapRuns = page.items.map((run) => ({
        executionArn: run.executionArn,
        mapRunArn: run.arn,
        stateMachineArn: stateMachineArn(entry.machine),
        startDate: new Date(run.startedAt),
        ...(run.stoppedAt !== undefined && { stopDate: new Date(run.stoppedAt) }),
      }));
      return { mapRuns, ...page.next };
    },

    async DescribeMapRun({ mapRunArn }) {
      const run = mapRunNamed(mapRunArn);
      const children = [...catalogue.childrenOf(run.arn).values()];
      const count = (status: ExecutionEntry['status']) =>
        children.filter((child) => child.status === status).length;
      const executionCounts = {
        pending: run.status === 'RUNNING' ? run.childCount - children.length : 0,
        running: count('RUNNING'),
        succeeded: count('SUCCEEDED'),
        failed: count('FAILED'),
        timedOut: count('TIMED_OUT'),
        aborted: count('ABORTED'),
        total: run.childCount,
        resultsWritten: 0,
      };
      // Items are counted by the batch they travel in.
      const perChild = run.childCount === 0 ? 0 : run.itemCount / run.childCount;
      const scaled = Object.entries(executionCounts).map(([key, value]) => [
        key,
        Math.round(value * perChild),
      ]);
      return {
        mapRunArn: run.arn,
        executionArn: run.executionArn,
        status: run.status,
        startDate: new Date(run.startedAt),
        ...(run.stoppedAt !== undefined && { stopDate: new Date(run.stoppedAt) }),
        maxConcurrency: run.maxConcurrency,
        toleratedFailureCount: run.toleratedFailureCount ?? 0,
        toleratedFailurePercentage: run.toleratedFailurePercentage ?? 0,
        executionCounts,
        itemCounts: { ...executionCounts, ...Object.fromEntries(scaled) },
        redriveCount: run.redriveCount,
      };
    },
  };
}

/** Fields that DescribeExecution and ListExecutions share and that may be absent. */
function summary(entry: ExecutionEntry) {
  return {
    redriveCount: entry.redriveCount,
    ...(entry.stoppedAt !== undefined && { stopDate: new Date(entry.stoppedAt) }),
    ...(entry.redrivenAt !== undefined && { redriveDate: new Date(entry.redrivenAt) }),
    ...(entry.version !== undefined && {
      stateMachineVersionArn: stateMachineArn(entry.machine, entry.version),
    }),
    ...(entry.mapRun && { mapRunArn: entry.mapRun.arn }),
  };
}

/** An event's details without inputs, outputs and parameters. */
function withoutData(event: Sfn.HistoryEvent): Sfn.HistoryEvent {
  const stripped = Object.entries(event).map(([key, details]) => {
    if (!key.endsWith('EventDetails') || details === null || typeof details !== 'object')
      return [key, details];
    const { input: _input, output: _output, parameters: _parameters, ...kept } = details;
    return [key, kept];
  });
  // Sound: only optional fields were left out.
  return Object.fromEntries(stripped) as Sfn.HistoryEvent;
}
