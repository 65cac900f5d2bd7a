import { type Failure, shownFailure } from '#platform/causes.ts';
import { clock } from '#platform/clock.ts';
import type { UpdateRecord } from './records.ts';
import type { UpdateFailure, UpdateStatus } from './schemas.ts';
import type { Change } from './update-store.ts';

/** A failure as it is stored and shown. */
export const failureOf = (failure: Failure, { phase }: Pick<UpdateRecord, 'phase'>): UpdateFailure => ({
  ...shownFailure(failure),
  phase,
  at: clock.iso(),
});

/** What a failure means: the way back, whether or not anything was written; undefined where that is decided already. */
export function changeAfterFailure(record: UpdateRecord, failure: UpdateFailure): Change | undefined {
  if (record.status === 'rolling_back') return undefined;
  const data = { failure: failure.name, message: failure.message, phase: failure.phase };
  return {
    set: { status: 'rolling_back', phase: 'roll_back', failure },
    events: [{ type: 'update.failed', actor: 'theseus', data }],
  };
}

/** How an update ends after its way back. */
export function statusAfter({ applying, failure }: Pick<UpdateRecord, 'applying' | 'failure'>): UpdateStatus {
  if (applying) return 'rolled_back';
  switch (failure?.name) {
    case 'UpdateConflict':
      return 'conflicted';
    case 'UpdateCancelled':
      return 'cancelled';
    case 'UpdateRefused':
      return 'refused';
    default:
      return 'failed';
  }
}
