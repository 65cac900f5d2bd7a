import { authorMayApprove } from '#platform/approvals.ts';
import { clock } from '#platform/clock.ts';
import { Forbidden } from '#platform/errors.ts';
import { type Change, changeDeployment } from '../deployment-store.ts';
import { newExecution, startExecution } from '../executions/workflow.ts';
import type { DeploymentRecord } from '../records.ts';
import type { Action } from '../schemas.ts';
import { assertPossible } from './actions.ts';
import { deliverAnswers } from './tokens.ts';

// What a person decides is first written to the record on the condition that it is possible, then acted on. Whoever is
// cut off between leaves the rest to the reconciler.

export interface By {
  subject: string;
  comment?: string | undefined;
}

/** What a person asks of a deployment. Throws Conflict when it is not possible as it stands, NotFound, Forbidden. */
export async function decide(id: string, action: Action, by: By): Promise<DeploymentRecord> {
  const record = await changeDeployment(id, (current) => {
    assertPossible(current, action);
    return changeFor(current, action, by);
  });
  if (record.status === 'rolling_back') return startExecution(record);
  await deliverAnswers(record);
  return record;
}

function changeFor(record: DeploymentRecord, action: Action, by: By): Change {
  const stamp = { by: by.subject, at: clock.iso(), comment: by.comment ?? null };
  const event = (type: string) => ({
    type,
    actor: by.subject,
    data: by.comment === undefined ? {} : { comment: by.comment },
  });
  switch (action) {
    case 'approve':
      assertMayApprove(record, by);
      return { set: { approval: 'given', status: 'running' }, events: [event('deployment.approved')] };
    case 'pause':
      return { set: { paused: stamp, status: 'paused' }, events: [event('deployment.paused')] };
    case 'resume':
      return {
        set: { paused: null, resumedAt: clock.iso(), status: 'running' },
        events: [event('deployment.resumed')],
      };
    case 'promote':
    case 'skip-to-full':
      return {
        // Who sends it on does not want it to stay.
        set: { asked: { ...stamp, what: action, step: record.step ?? 0 }, paused: null, status: 'running' },
        events: [event(action === 'promote' ? 'deployment.promoted' : 'deployment.skipped_to_full')],
      };
    case 'finish':
      return { set: { finish: stamp }, events: [event('deployment.finish_asked')] };
    case 'abort':
    case 'rollback': {
      const events = [event('deployment.abort_asked')];
      if (record.status !== 'needs_attention') return { set: { cancel: stamp }, events };
      const execution = newExecution(record.id, 'back', record.execution.attempt + 1);
      return { set: { cancel: stamp, status: 'rolling_back', execution }, events };
    }
  }
}

function assertMayApprove({ createdBy, id }: DeploymentRecord, { subject }: By): void {
  if (subject !== createdBy || authorMayApprove()) return;
  throw new Forbidden(`${subject} started ${id} and may not approve it here`, {
    evidence: { author: createdBy },
    action: 'Ask somebody else who may approve.',
  });
}
