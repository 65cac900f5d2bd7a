import { Conflict } from '#platform/errors.ts';
import type { DeploymentRecord } from '../records.ts';
import type { Action, Deployment } from '../schemas.ts';

const why: Record<Action, string> = {
  approve: 'Let it begin',
  pause: 'Stay at this step; it is judged all the same',
  resume: 'Go on where it was paused',
  promote: 'Go to the next step now',
  'skip-to-full': 'Give it all traffic now',
  abort: 'Give it up; all traffic goes back to the old version',
  rollback: 'Give all traffic back to the old version',
  finish: 'Let the old version go now',
};

/** What a person may ask of a deployment as it stands. */
export function possibleActions(record: DeploymentRecord): Action[] {
  const { status, cancel, finish, asked, step, steps } = record;
  if (cancel !== null && status !== 'needs_attention') return [];
  switch (status) {
    case 'queued':
      return ['abort'];
    case 'waiting_for_approval':
      return ['approve', 'abort'];
    case 'running':
    case 'paused': {
      const pausing: Action = status === 'paused' ? 'resume' : 'pause';
      if (step === null) return ['abort', 'rollback'];
      const further: Action[] =
        asked?.step === step ? [] : step < steps.length - 1 ? ['promote', 'skip-to-full'] : ['promote'];
      return [pausing, ...further, 'abort', 'rollback'];
    }
    case 'keeping_blue':
      // Its release ends that, for all members at once.
      if (record.release?.holds) return ['rollback', 'abort'];
      if (finish !== null) return [];
      // The first version of a service has nothing to go back to.
      return record.green?.blue === null ? ['finish'] : ['rollback', 'abort', 'finish'];
    case 'needs_attention':
      return ['rollback'];
    default:
      return [];
  }
}

/** Two words for the way back: the one that fits where it stands is offered. */
const otherWord = (record: DeploymentRecord): Action =>
  record.status === 'keeping_blue' || record.status === 'needs_attention' ? 'abort' : 'rollback';

/** The same as calls and commands. */
export const nextActions = (record: DeploymentRecord): Deployment['next'] =>
  possibleActions(record)
    .filter((action) => action !== otherWord(record))
    .map((action) => ({
      action,
      path: `/deployments/${record.id}/${action}`,
      command: `theseus deployment ${action} ${record.id}`,
      why: why[action],
    }));

/** Throws Conflict naming the status and what is possible instead. */
export function assertPossible(record: DeploymentRecord, action: Action): void {
  const possible = possibleActions(record);
  if (possible.includes(action)) return;
  const asked = record.cancel === null ? '' : ', and its way back was asked for';
  const over =
    record.status === 'completed' ? ' To go back, deploy the former version: theseus deployment start' : '';
  throw new Conflict(`Deployment ${record.id} is ${record.status}${asked}: ${action} is not possible`, {
    evidence: { status: record.status, phase: record.phase, possible },
    action:
      possible.length > 0
        ? `Possible now: ${possible.map((name) => `theseus deployment ${name} ${record.id}`).join('; ')}`
        : `Look at it with: theseus deployment show ${record.id}.${over}`,
  });
}
