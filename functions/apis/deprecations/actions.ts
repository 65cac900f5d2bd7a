import { Conflict } from '#platform/errors.ts';
import type { DeprecationRecord } from './records.ts';
import type { Action } from './schemas.ts';
import { isOver } from './standing.ts';

const why: Record<Action, string> = {
  pause: 'Nothing goes on, and nothing is switched off, until it is resumed',
  resume: 'Go on; what was still to come comes later by the time it was paused',
  extend: 'Put the removal off',
  cancel: 'Give it up: the version is as it was before',
  restore: 'Serve the removed version again',
  'skip-brownout': 'Leave the next brownout out, or end the one that lasts',
  exempt: 'Let a consumer pass in brownouts',
  consent: 'Say that a consumer is ready',
};

const open = ({ paused, removedAt, cancel, restore, status }: DeprecationRecord) => ({
  acts: status !== 'needs_attention' && paused === null,
  before: removedAt === null && cancel === null && restore === null,
});

/** What a person can do of a deprecation as it stands at `now`, and why one would. */
export function possibleActions(record: DeprecationRecord, now: number): { action: Action; why: string }[] {
  if (isOver(record)) return [];
  const { acts, before } = open(record);
  const left = record.policy.extensions.max - record.extensions.length;
  const browning = record.brownouts.some(({ state }) => ['planned', 'announced', 'begun'].includes(state));
  const can: Record<Action, boolean> = {
    pause: acts && before,
    resume: !acts && before,
    extend: before && record.announcedAt !== null && left > 0,
    cancel: before,
    restore:
      record.removedAt !== null && record.restore === null && Date.parse(record.restorableUntil ?? '') > now,
    'skip-brownout': before && record.announcedAt !== null && record.elements === null && browning,
    exempt: before,
    consent: before,
  };
  const names = Object.keys(why) as Action[]; // written out above
  return names.flatMap((action) => (can[action] ? [{ action, why: why[action] }] : []));
}

/** Throws Conflict when the action is not possible as the deprecation stands. */
export function assertPossible(record: DeprecationRecord, action: Action, now: number): void {
  const possible = possibleActions(record, now).map((one) => one.action);
  if (possible.includes(action)) return;
  throw new Conflict(
    `${record.id} is ${record.status} in its phase ${record.phase}: ${action} is not possible`,
    {
      evidence: { id: record.id, status: record.status, phase: record.phase, possible },
      action: possible.length === 0 ? 'Nothing: it is over.' : `Possible now: ${possible.join(', ')}.`,
    },
  );
}
