import type { Change } from '../migration-store.ts';
import type { MigrationRecord } from '../records.ts';
import { assertPossible } from './actions.ts';

/** A pause, whoever asks for it: a person, or an alert rule. Throws Conflict where there is nothing to pause. */
export function pausing(
  record: MigrationRecord,
  { subject, comment }: { subject: string; comment?: string | undefined },
): Change {
  assertPossible(record, 'pause');
  const data = comment === undefined ? {} : { comment };
  return {
    set: { status: 'paused' },
    events: [{ type: 'migration.paused', actor: subject, data }],
  };
}
