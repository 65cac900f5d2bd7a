import type { NewEvent } from '#platform/workflow-record.ts';
import type { MigrationRecord } from '../records.ts';
import type { Phase } from '../schemas.ts';

/** What clients of a database may notice of a migration, in the past tense. */
export type ChangeKind = 'published' | 'contracted' | 'completed' | 'rolled_back' | 'undone' | 'removed';

/** The type of an event begins with this when it marks a change. */
export const changePrefix = 'change.';

const mostNames = 50;

/** A mark for dashboards: from now on this database is another than before, and in what. */
export function changeMarker(record: MigrationRecord, kind: ChangeKind): NewEvent {
  const { plan } = record;
  return {
    type: `${changePrefix}${kind}`,
    actor: 'theseus',
    data: {
      database: record.databaseName,
      schema: record.schema,
      versionSchema: plan?.versionSchema ?? null,
      previousVersion: plan?.previousVersion ?? null,
      tables: (plan?.tables ?? []).slice(0, mostNames).map(({ name }) => name),
      operations: (plan?.operations ?? []).slice(0, mostNames).map(({ summary }) => summary),
    },
  };
}

const atTheEndOf: Partial<Record<Phase, ChangeKind>> = { publish: 'published', contract: 'contracted' };

/** The mark of the phase that goes over into another of the same execution, if clients notice it. */
export function changeAtEndOfPhase(record: MigrationRecord): NewEvent[] {
  const run = record.phases.at(-1);
  const kind = run === undefined || run.endedAt !== null ? undefined : atTheEndOf[run.name];
  const forward = record.execution?.kind === 'migration' && run?.epoch === record.epoch;
  return kind === undefined || !forward ? [] : [changeMarker(record, kind)];
}
