import { clock } from '#platform/clock.ts';
import { reconcileOpen } from '#platform/open-work.ts';
import type { TaskTools } from '#platform/task.ts';
import type { ReleaseRecord } from './records.ts';
import {
  changeRelease,
  findRelease,
  isActiveRelease,
  type ReleaseChange,
  readReleaseWork,
} from './release-store.ts';
import { deliverToRelease } from './waiting.ts';
import { newReleaseExecution, releaseExecutionStatus, startRelease } from './workflow.ts';

/** How often an execution is followed by another one before a person must look. */
const mostAttempts = 10;

/** Looks at every release that is active. Failures of one do not keep it from the others. */
export const reconcileReleases = (tools: Pick<TaskTools, 'signal' | 'logger' | 'metrics'>) =>
  reconcileOpen('release', readReleaseWork, tools, reconcileRelease);

/** Brings one release on when nobody else does. Returns whether anything had to be done. */
export async function reconcileRelease(id: string): Promise<boolean> {
  const record = await findRelease(id);
  if (record === undefined || !isActiveRelease(record.status)) return false;
  await deliverToRelease(record);
  const status = await releaseExecutionStatus(record);
  if (status === 'RUNNING' || status === 'PENDING_REDRIVE') return false;
  if (status === undefined) {
    await startRelease(record);
    return true;
  }
  const next = await changeRelease(id, (current) => afterDeath(current, record.execution.name, status));
  if (next.execution.name !== record.execution.name && isActiveRelease(next.status)) await startRelease(next);
  return true;
}

/** The execution that should act ended, and the record does not say how. */
function afterDeath(record: ReleaseRecord, name: string, status: string): ReleaseChange | undefined {
  if (record.execution.name !== name || !isActiveRelease(record.status)) return undefined;
  const { attempt } = record.execution;
  const failure = record.failure ?? {
    name: 'ExecutionDied',
    message: `The execution ${name} ended with ${status}`,
    action: `Nothing: it goes on by itself. See: theseus release show ${record.id}`,
    at: clock.iso(),
  };
  if (attempt >= mostAttempts) {
    return {
      set: { status: 'needs_attention', failure, needs: [failure.message] },
      events: [{ type: 'release.needs_attention', actor: 'theseus', data: { message: failure.message } }],
    };
  }
  // All members are there: what is left is to let the old versions go.
  const enter = record.status === 'keeping' && record.cancel === null ? 'keep' : 'back';
  return {
    set: {
      execution: newReleaseExecution(record.id, enter, attempt + 1),
      ...(enter === 'keep' ? {} : { status: 'rolling_back' as const, failure }),
    },
    events: [{ type: 'release.started_again', actor: 'theseus', data: { enter, after: status } }],
  };
}
