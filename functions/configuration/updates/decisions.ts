import { authorMayApprove } from '#platform/approvals.ts';
import { clock } from '#platform/clock.ts';
import { Conflict, Forbidden } from '#platform/errors.ts';
import { newExecution, startExecution } from './execution.ts';
import type { UpdateRecord } from './records.ts';
import type { UpdateAction } from './schemas.ts';
import { deliverAnswers } from './tokens.ts';
import { type Change, changeUpdate } from './update-store.ts';

// What a person decides is first written to the record on the condition that it is possible, then acted on. Whoever is
// cut off between leaves the rest to the reconciler.

const why: Record<UpdateAction, string> = {
  approve: 'Let it go on',
  cancel: 'Give it up; what was written is taken back',
};

/** What a person can do of an update as it stands, and why one would. */
export function possibleActions(
  record: Pick<UpdateRecord, 'status' | 'cancel'>,
): { action: UpdateAction; why: string }[] {
  const { status, cancel } = record;
  if (cancel !== null && status !== 'needs_attention') return [];
  const actions: UpdateAction[] =
    status === 'waiting_for_approval'
      ? ['approve', 'cancel']
      : status === 'waiting' || status === 'running' || status === 'needs_attention'
        ? ['cancel']
        : [];
  return actions.map((action) => ({ action, why: why[action] }));
}

interface By {
  subject: string;
  why?: string | undefined;
}

/** What a person asks of an update. Throws Conflict when it is not possible as it stands, NotFound, Forbidden. */
export async function decide(id: string, action: UpdateAction, by: By): Promise<UpdateRecord> {
  const record = await changeUpdate(id, (current) => {
    assertPossible(current, action);
    return changeFor(current, action, by);
  });
  if (record.status === 'rolling_back') return startExecution(record);
  await deliverAnswers(record);
  return record;
}

function assertPossible(record: UpdateRecord, action: UpdateAction): void {
  const possible = possibleActions(record).map((one) => one.action);
  if (possible.includes(action)) return;
  throw new Conflict(`${record.id} is ${record.status}: ${action} is not possible`, {
    evidence: { id: record.id, status: record.status, possible },
    action:
      possible.length === 0
        ? 'It is over, or about to be: nothing is left to decide.'
        : `Possible now: ${possible.join(', ')}.`,
  });
}

function changeFor(record: UpdateRecord, action: UpdateAction, { subject, why: said }: By): Change {
  const event = (type: string) => ({ type, actor: subject, data: said === undefined ? {} : { why: said } });
  if (action === 'cancel') {
    const cancel = { by: subject, at: clock.iso(), why: said ?? null };
    const events = [event('update.cancel_asked')];
    if (record.status !== 'needs_attention') return { set: { cancel }, events };
    const execution = newExecution(record.id, 'back', record.execution.attempt + 1);
    return { set: { cancel, status: 'rolling_back', phase: 'roll_back', execution }, events };
  }
  if (subject === record.createdBy && !authorMayApprove()) {
    throw new Forbidden(`${subject} asked for ${record.id} and may not approve it here`, {
      evidence: { author: record.createdBy },
      action: 'Ask somebody else who may approve.',
    });
  }
  return { set: { approval: 'given', status: 'running' }, events: [event('update.approved')] };
}
