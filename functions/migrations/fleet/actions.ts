import { Conflict } from '#platform/errors.ts';
import type { NextAction } from '../schemas.ts';
import type { FleetRecord } from './records.ts';

/** What a person may ask of a fleet. */
export type FleetAction =
  | 'start'
  | 'approve'
  | 'pause'
  | 'resume'
  | 'cancel'
  | 'redrive'
  | 'exclude'
  | 'undo';

const why: Record<FleetAction, string> = {
  start: 'Migrate the first wave',
  approve: 'Let it be started',
  pause: 'Stop before the next target',
  resume: 'Go on, with the failures seen so far accepted',
  cancel: 'Begin no more targets; what is done stays',
  redrive: 'Try the failed targets again',
  exclude: 'Leave targets out, with a reason',
  undo: 'Take back every target that is done',
};

/** What can be done next, by where the fleet stands. */
export function possibleFleetActions(fleet: FleetRecord): FleetAction[] {
  const { status, approval, startedAt, approvals, approvers } = fleet;
  // A target may be riskier than the first one, and ask for more people than the fleet needed to start.
  const most = Math.max(approvers.low, approvers.medium, approvers.high);
  const more = startedAt !== null && approvals.length < most;
  const approve: FleetAction[] = approval === null || more ? ['approve'] : [];
  switch (status) {
    case 'planned':
      return ['start', ...approve, 'exclude', 'cancel'];
    case 'running':
      return ['pause', 'exclude', 'cancel'];
    case 'baking':
      return ['resume', 'pause', 'exclude', 'cancel', 'undo'];
    case 'paused':
    case 'halted':
      return ['resume', ...approve, 'redrive', 'exclude', 'cancel', 'undo'];
    case 'completed':
    case 'failed':
      return [...approve, 'redrive', 'undo'];
    case 'cancelled':
      return startedAt === null ? [] : ['undo'];
    case 'undone':
      return fleet.undo !== null && fleet.undo.left > 0 ? ['undo'] : [];
    default:
      return [];
  }
}

/** Of what is possible, what is worth doing: nobody is asked to approve for no reason, or to try again what has not failed. */
function isUseful(action: FleetAction, fleet: FleetRecord, failed: number): boolean {
  const { approvalRule, options, startedAt } = fleet;
  if (action === 'redrive') return failed > 0;
  if (action !== 'approve') return action !== 'exclude';
  const mayBeAsked = approvalRule !== 'never' || options.requireApproval === true;
  return mayBeAsked && (startedAt === null || failed > 0);
}

/** The same as calls and commands. `failed` targets are those that could be tried again. */
export function nextFleetActions(fleet: FleetRecord, failed: number): NextAction[] {
  return possibleFleetActions(fleet)
    .filter((action) => isUseful(action, fleet, failed))
    .map((action) => ({
      method: 'POST',
      path: `/migration-fleets/${fleet.id}/${action}`,
      command: `theseus migration fleet ${action} ${fleet.id}`,
      why: why[action],
    }));
}

/** Throws Conflict naming the status and what is possible instead. */
export function assertFleetMay(fleet: FleetRecord, action: FleetAction): void {
  const possible = possibleFleetActions(fleet);
  if (possible.includes(action)) return;
  throw new Conflict(`Fleet ${fleet.id} is ${fleet.status}: ${action} is not possible now`, {
    evidence: { status: fleet.status, possible },
    action:
      possible.length === 0
        ? `Look at it with: theseus migration fleet show ${fleet.id}`
        : `Possible now: ${possible.map((name) => `theseus migration fleet ${name} ${fleet.id}`).join('; ')}`,
  });
}
