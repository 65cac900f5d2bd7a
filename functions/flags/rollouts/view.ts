import { possibleActions } from './decisions.ts';
import { holdsUntil } from './next.ts';
import type { RolloutRecord } from './records.ts';
import type { FlagRollout } from './schemas.ts';

/** A rollout as the API shows it. */
export function viewOf(record: RolloutRecord): FlagRollout {
  const { id, current, steps } = record;
  const until = holdsUntil(record);
  const back = record.status === 'rolled_back';
  return {
    id,
    environment: record.environment,
    flag: record.flag,
    status: record.status,
    to: record.to,
    rest: record.rest,
    steps,
    step: current?.index ?? null,
    percentage: current === null || back ? 0 : (steps[current.index]?.percentage ?? 0),
    publishedAt: current?.publishedAt ?? null,
    holdsUntil: until === undefined || record.endedAt !== null ? null : new Date(until).toISOString(),
    judge: record.judge,
    judgement: record.judgement,
    health: record.health,
    onFail: record.onFail,
    paused: record.paused,
    reason: record.reason,
    versions: { before: record.before, newest: record.version },
    why: record.why,
    createdBy: record.createdBy,
    createdAt: record.createdAt,
    updatedAt: record.updatedAt,
    endedAt: record.endedAt,
    next: possibleActions(record).map(({ action, why }) => ({
      action,
      why,
      path: `/flags/rollouts/${id}/${action}`,
      command: `theseus flag rollout ${action} ${id} --why <why>`,
    })),
  };
}
