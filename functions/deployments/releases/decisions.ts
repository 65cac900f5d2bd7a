import { authorMayApprove } from '#platform/approvals.ts';
import { clock } from '#platform/clock.ts';
import { Conflict, Forbidden } from '#platform/errors.ts';
import type { By } from '../decisions/decisions.ts';
import type { ReleaseRecord } from './records.ts';
import { changeRelease, type ReleaseChange } from './release-store.ts';
import type { ReleaseAction } from './schemas.ts';
import { deliverToRelease } from './waiting.ts';
import { newReleaseExecution, startRelease } from './workflow.ts';

/** What a person may ask of a release as it stands. */
export function possibleReleaseActions({ status, cancel, finish }: ReleaseRecord): ReleaseAction[] {
  if (status === 'needs_attention') return ['rollback'];
  if (cancel !== null || finish !== null) return [];
  switch (status) {
    case 'waiting_for_approval':
      return ['approve', 'abort'];
    case 'running':
      return ['abort', 'rollback'];
    case 'keeping':
      return ['rollback', 'abort', 'finish'];
    default:
      return [];
  }
}

/** What a person asks of a release. Throws Conflict when it is not possible as it stands, NotFound, Forbidden. */
export async function decideRelease(id: string, action: ReleaseAction, by: By): Promise<ReleaseRecord> {
  const record = await changeRelease(id, (current) => {
    const possible = possibleReleaseActions(current);
    if (!possible.includes(action)) {
      throw new Conflict(`Release ${id} is ${current.status}: ${action} is not possible`, {
        evidence: { status: current.status, possible },
        action:
          possible.length > 0
            ? `Possible now: ${possible.map((name) => `theseus release ${name} ${id}`).join('; ')}`
            : `Look at it with: theseus release show ${id}.`,
      });
    }
    return changeFor(current, action, by);
  });
  if (record.status === 'rolling_back') return startRelease(record);
  await deliverToRelease(record);
  return record;
}

function changeFor(record: ReleaseRecord, action: ReleaseAction, by: By): ReleaseChange {
  const stamp = { by: by.subject, at: clock.iso(), comment: by.comment ?? null };
  const data = by.comment === undefined ? {} : { comment: by.comment };
  const event = (type: string) => [{ type, actor: by.subject, data }];
  switch (action) {
    case 'approve':
      if (by.subject === record.createdBy && !authorMayApprove()) {
        throw new Forbidden(`${by.subject} started ${record.id} and may not approve it here`, {
          evidence: { author: record.createdBy },
          action: 'Ask somebody else who may approve.',
        });
      }
      return { set: { approval: 'given', status: 'running' }, events: event('release.approved') };
    case 'finish':
      return { set: { finish: stamp }, events: event('release.finish_asked') };
    case 'abort':
    case 'rollback':
      if (record.status !== 'needs_attention') {
        return { set: { cancel: stamp }, events: event('release.abort_asked') };
      }
      return {
        set: {
          cancel: stamp,
          status: 'rolling_back',
          needs: [],
          execution: newReleaseExecution(record.id, 'back', record.execution.attempt + 1),
        },
        events: event('release.abort_asked'),
      };
  }
}
