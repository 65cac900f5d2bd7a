import { auditItem, keptDays } from '#platform/audit.ts';
import type { ItemKey } from '#platform/records.ts';
import type { MigrationRecord } from '../records.ts';
import type { MigrationEvent } from '../schemas.ts';
import { writeItem } from '../store.ts';

/** What no call brings about at the moment it happens: schedules, rules and the reconciler do. */
const alone = new Set([
  'backup.deleted',
  'migration.paused',
  'migration.rejected',
  'migration.scheduled',
  'removal.started',
  'rollback.emergency',
  'rollback.started',
]);

/** Whether an event tells of something that the platform did by itself. */
export function actsAlone(
  { schedule }: Pick<MigrationRecord, 'schedule'>,
  { type, actor }: MigrationEvent,
): boolean {
  // The rows of a backup go when its time is over, whoever set the time.
  if (type === 'backup.deleted') return true;
  if (actor !== 'theseus') return false;
  // A scheduled start has no call of its own: with its lease it begins to act.
  return alone.has(type) || type.endsWith('.started_again') || (type === 'lease.taken' && schedule !== null);
}

const textOf = (value: unknown): string[] => (typeof value === 'string' && value !== '' ? [value] : []);

/**
 * Enters what the platform did by itself in the audit trail, under the id of the event: told of twice, it is entered
 * once. All other events are those of calls, and are there already.
 */
export async function enterPlatformAct(record: MigrationRecord, event: MigrationEvent): Promise<void> {
  if (!actsAlone(record, event)) return;
  const { comment, reason, failure } = event.data;
  const why = [...textOf(comment), ...textOf(reason), ...textOf(failure)];
  const { pk, sk, ...item } = auditItem(
    {
      id: `${record.id}-${event.sequence}`,
      at: event.at,
      subject: event.actor,
      action: 'platform',
      call: event.type,
      resource: `/migrations/${record.id}`,
      database: record.databaseName,
      outcome: 'done',
      status: null,
      error: null,
      reason: [...why, `migration of ${record.createdBy}`].join('; ').slice(0, 500),
      sourceIp: null,
      userAgent: null,
      count: 1,
    },
    keptDays(),
  );
  const key: ItemKey = { pk, sk };
  await writeItem(key, item);
}
