import { type Failure, shownFailure } from '#platform/causes.ts';
import { clock } from '#platform/clock.ts';
import type { Change } from '../deployment-store.ts';
import type { DeploymentRecord } from '../records.ts';
import type { DeploymentFailure } from '../schemas.ts';

/** A failure as it is stored and shown. */
export const failureOf = (
  failure: Failure,
  { phase }: Pick<DeploymentRecord, 'phase'>,
): DeploymentFailure => ({ ...shownFailure(failure), phase, at: clock.iso() });

/** Whether all traffic has moved for good and only what follows it is left: no failure of that is worth a way back. */
export const staysForward = ({ status, cancel }: DeploymentRecord): boolean =>
  status === 'keeping_blue' && cancel === null;

/** What a failure means: the way back, or, after full traffic, that the rest is tried again. */
export function changeAfterFailure(
  record: DeploymentRecord,
  failure: DeploymentFailure,
  state: string,
): Change | undefined {
  if (record.status === 'rolling_back') return undefined;
  const data = { failure: failure.name, message: failure.message, state, phase: failure.phase };
  if (staysForward(record)) {
    return { set: {}, events: [{ type: 'deployment.step_failed', actor: 'theseus', data }] };
  }
  return {
    set: { status: 'rolling_back', phase: 'shift_back', paused: null, failure },
    events: [{ type: 'deployment.failed', actor: 'theseus', data }],
  };
}
