import { clock } from '#platform/clock.ts';
import { Conflict } from '#platform/errors.ts';
import { newExecution, startExecution } from './execution.ts';
import type { RolloutRecord } from './records.ts';
import { type Change, changeRollout, isOpen } from './rollout-store.ts';
import type { RolloutAction, RolloutDecision, RolloutStatus } from './schemas.ts';
import { deliverAnswers } from './tokens.ts';

// What a person decides is first written to the record on the condition that it is possible, then acted on. Whoever is
// cut off between leaves the rest to the reconciler.

const why: Record<RolloutAction, string> = {
  pause: 'Stay at this percentage until it is resumed',
  resume: 'Give the step its time once more, then go on',
  promote: 'Take the next step now, whatever is known; after the last one it is done',
  rollback: 'Set the flag as it was before',
};

const actions: Partial<Record<RolloutStatus, RolloutAction[]>> = {
  running: ['pause', 'promote', 'rollback'],
  paused: ['resume', 'promote', 'rollback'],
  needs_attention: ['resume', 'rollback'],
};

/** What is so already: asked again it changes nothing. */
const reached: Record<RolloutAction, RolloutStatus[]> = {
  pause: ['paused'],
  resume: ['running'],
  promote: [],
  rollback: ['rolling_back', 'rolled_back'],
};

/** What a person can do of a rollout as it stands, and why one would. */
export const possibleActions = ({
  status,
  ends,
}: Pick<RolloutRecord, 'status' | 'ends'>): { action: RolloutAction; why: string }[] =>
  ends === null ? (actions[status] ?? []).map((action) => ({ action, why: why[action] })) : [];

/** What a person asks of a rollout; asked again it changes nothing. Throws Conflict when it is not possible as it stands, NotFound. */
export async function decide(
  id: string,
  action: RolloutAction,
  decision: RolloutDecision & { by: string },
): Promise<RolloutRecord> {
  const record = await changeRollout(id, (current) => {
    if (reached[action].includes(current.status)) return undefined;
    assertPossible(current, action, decision);
    return changeFor(current, action, decision);
  });
  const begun = record.execution.arn === null && isOpen(record) ? await startExecution(record) : record;
  await deliverAnswers(begun);
  return begun;
}

function assertPossible(record: RolloutRecord, action: RolloutAction, { step }: RolloutDecision): void {
  const { id, status, current } = record;
  const possible = possibleActions(record).map((one) => one.action);
  if (!possible.includes(action)) {
    throw new Conflict(`${id} is ${status}: ${action} is not possible`, {
      evidence: { id, status, possible },
      action:
        possible.length === 0 ? 'Nothing: it is over, or ends.' : `Possible now: ${possible.join(', ')}.`,
    });
  }
  const found = current?.index ?? null;
  if (step === undefined || step === found) return;
  throw new Conflict(`${id} ${atStep(found)} by now, and the decision was made when it ${atStep(step)}`, {
    evidence: { id, expected: step, found },
    action: `See how it stands, and decide again: theseus flag rollout show ${id}`,
  });
}

/** As people count: the first is 1. */
const atStep = (index: number | null): string =>
  index === null ? 'has not begun' : `is at step ${index + 1}`;

/** What a decision that is possible changes. */
export function changeFor(
  record: RolloutRecord,
  action: RolloutAction,
  { by, why: said }: RolloutDecision & { by: string },
): Change {
  const stamp = { by, at: clock.iso(), why: said };
  const events = (type: string) => [{ type: `rollout.${type}`, actor: by, data: { why: said } }];
  // Nothing acts for one that needs attention.
  const execution =
    record.status === 'needs_attention'
      ? { execution: newExecution(record.id, record.execution.attempt + 1) }
      : {};
  switch (action) {
    case 'pause':
      return { set: { status: 'paused', paused: stamp, promote: null }, events: events('paused') };
    case 'resume': {
      const { current } = record;
      const heldSince = current?.publishedAt === null ? null : clock.iso();
      return {
        set: {
          status: 'running',
          paused: null,
          reason: null,
          ill: 0,
          current: current === null ? null : { ...current, heldSince },
          ...execution,
        },
        events: events('resumed'),
      };
    }
    case 'promote':
      return {
        // What was held against it is accepted: from here on it is judged anew.
        set: {
          status: 'running',
          paused: null,
          reason: null,
          ill: 0,
          promote: stamp,
          samples: [],
          judgement: null,
        },
        events: events('promoted'),
      };
    case 'rollback':
      return {
        set: { status: 'rolling_back', paused: null, promote: null, reason: `${by}: ${said}`, ...execution },
        events: events('rollback_asked'),
      };
  }
}
