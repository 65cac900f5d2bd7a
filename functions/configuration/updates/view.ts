import type { Content } from '../schemas.ts';
import { possibleActions } from './decisions.ts';
import { ahead } from './queue.ts';
import type { SlotsRecord, UpdateRecord } from './records.ts';
import type { ConfigurationUpdate } from './schemas.ts';
import { slotOf } from './slots.ts';

/** An update as the API shows it; with what it writes where that is at hand, secrets left out. */
export function viewOf(
  record: UpdateRecord,
  { entries }: Pick<SlotsRecord, 'entries'>,
  contents: readonly (Content | null)[] = [],
): ConfigurationUpdate {
  const { bad: _bad, hurriedAt: _hurried, lookedAt: _looked, ...health } = record.health;
  return {
    id: record.id,
    status: record.status,
    phase: record.phase,
    why: record.why,
    changes: record.changes.map((change, at) => {
      const content = contents[at];
      return { ...change, ...(content?.kind === 'plain' ? { value: content.value } : {}) };
    }),
    services: record.services,
    health,
    approval: record.approval,
    warnings: record.warnings,
    queuedBehind:
      record.status === 'waiting'
        ? ahead(
            entries,
            record.id,
            record.changes.map(({ key }) => slotOf(key)),
          )
        : [],
    failure: record.failure,
    notes: record.notes,
    createdBy: record.createdBy,
    createdAt: record.createdAt,
    appliedAt: record.appliedAt,
    endedAt: record.endedAt,
    updatedAt: record.updatedAt,
    next: possibleActions(record).map(({ action, why }) => ({
      action,
      why,
      path: `/configuration/updates/${record.id}/${action}`,
      command: `theseus config update ${action} ${record.id}`,
    })),
  };
}
