import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { executionArn } from './arns.ts';
import { type Catalogue, type ExecutionEntry, sha256 } from './catalogue.ts';
import { toPayload } from './failure.ts';
import type { MapRunHost } from './run.ts';

interface Means {
  catalogue: Catalogue;
  clock: Clock;
  stop(arn: string): void;
  redrive(arn: string): Promise<ExecutionEntry>;
  /** Resolves when the new execution is durable and on its way. */
  start(entry: ExecutionEntry, inputText: string): Promise<void>;
}

/** Keeps the map runs and their child executions in the catalogue. */
export function createMapRunHost({ catalogue, clock, stop, redrive, start }: Means): MapRunHost {
  return {
    begin(run, state, arn, facts) {
      catalogue.putMapRun({
        arn,
        executionArn: run.entry.arn,
        state,
        status: 'RUNNING',
        startedAt: clock.now(),
        redriveCount: 0,
        ...facts,
      });
    },
    end(arn, status) {
      const entry = catalogue.mapRuns.get(arn);
      if (entry) catalogue.putMapRun({ ...entry, status, stoppedAt: clock.now() });
    },
    redriven(arn) {
      const entry = catalogue.mapRuns.get(arn);
      if (!entry || entry.status === 'RUNNING') return;
      const { stoppedAt: _, ...kept } = entry;
      catalogue.putMapRun({ ...kept, status: 'RUNNING', redriveCount: entry.redriveCount + 1 });
    },
    stopChildren(arn) {
      for (const child of catalogue.childrenOf(arn).values()) stop(child.arn);
    },
    async child(parent, arn, state, index, input, redrives) {
      const known = catalogue.childrenOf(arn).get(index);
      if (known) {
        const unsuccessful = known.status !== 'RUNNING' && known.status !== 'SUCCEEDED';
        return unsuccessful && known.redriveCount < redrives ? redrive(known.arn) : known;
      }
      const name = randomUUID();
      const inputText = toPayload(input, `The input of child ${index} of the map run`);
      const { machine, hash, version } = parent.entry;
      const entry: ExecutionEntry = {
        arn: executionArn(`${machine}/${arn.slice(arn.lastIndexOf('/') + 1, arn.lastIndexOf(':'))}`, name),
        name,
        machine,
        hash,
        status: 'RUNNING',
        startedAt: clock.now(),
        redriveCount: 0,
        inputHash: sha256(inputText),
        mapRun: { arn, state, index },
        ...(version !== undefined && { version }),
      };
      await start(entry, inputText);
      return entry;
    },
  };
}
