import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { keepToken } from '../decisions/tokens.ts';
import type { Change } from '../deployment-store.ts';
import { changeWanted } from '../executions/acting.ts';
import type { DeploymentRecord } from '../records.ts';
import { tellRelease } from '../releases/waiting.ts';
import { TaskOfDeployment } from '../schemas.ts';

/** What it comes to that the deployment begins to wait; undefined: it did before, or nobody has to know. */
function waiting(record: DeploymentRecord, waitsFor: 'approval' | 'hold' | 'keep'): Change | undefined {
  if (waitsFor === 'hold') return undefined;
  if (waitsFor === 'approval') {
    if (record.status !== 'queued' || record.approval !== 'waiting') return undefined;
    return {
      set: { status: 'waiting_for_approval', phase: 'approval' },
      events: [{ type: 'deployment.approval_needed', actor: 'theseus' }],
    };
  }
  if (record.status === 'keeping_blue') return undefined;
  const seconds = record.request.keepBlueSeconds;
  const keepsBlueUntil = new Date(clock.now() + seconds * 1_000).toISOString();
  return {
    set: { status: 'keeping_blue', phase: 'keep_blue', paused: null, keepsBlueUntil },
    events: [{ type: 'deployment.keeps_blue', actor: 'theseus', data: { until: keepsBlueUntil } }],
  };
}

/** Waits for a person, or for the state's own timeout: an approval, the end of a step, the end of the old version. */
export const handler = task({
  name: 'await-decision',
  input: TaskOfDeployment.extend({
    waitsFor: z.enum(['approval', 'hold', 'keep']),
    taskToken: z.string().min(1),
  }),
  output: z.strictObject({}),
  async handler({ waitsFor, taskToken, ...acting }) {
    const record = await changeWanted(acting, (current) => waiting(current, waitsFor));
    await keepToken(acting.deploymentId, waitsFor, taskToken);
    if (waitsFor === 'keep') await tellRelease(record);
    return {};
  },
});
