import { type MigrationRecord, newRecord } from '../records.ts';
import { MigrationOptions } from '../schemas.ts';

/** For tests: a migration that was planned, with what the test is about put over it. */
export function migrationRecord(parts: Partial<MigrationRecord> = {}): MigrationRecord {
  const at = '2026-01-02T03:04:05.000Z';
  const options = MigrationOptions.parse({ soakSeconds: 0, undoWindowSeconds: 60 });
  return {
    ...newRecord({
      id: 'mig_1',
      name: 'split-name',
      database: { id: 'db_1', name: 'shop', schema: 'public' },
      body: { fileName: 'split-name.yaml', options, consents: [] },
      fileKey: 'migrations/mig_1/file',
      by: 'ada',
      at,
    }),
    status: 'planned',
    planKey: 'migrations/mig_1/plan.json',
    plan: {
      hash: 'h1',
      versionSchema: 'public_split-name',
      previousVersion: null,
      risk: { level: 'low', reasons: [] },
      undo: 'exact',
      notes: [],
      operations: [],
      tables: [],
      findings: [],
    },
    outbox: [],
    nextSequence: 0,
    ...parts,
  };
}

export const asked = { by: 'ada', at: '2026-01-02T03:04:05.000Z', comment: 'because' };

/** An execution of that kind acts, with epoch 3 once it holds the lock. */
export function acting(
  kind: 'migration' | 'rollback' | 'undo' | 'removal',
  parts: Partial<MigrationRecord> = {},
): MigrationRecord {
  const status = {
    migration: 'running',
    rollback: 'rolling_back',
    undo: 'undoing',
    removal: 'removing',
  } as const;
  return migrationRecord({
    status: status[kind],
    execution: { kind, name: `mig_1-${kind}-1`, arn: null, attempt: 1, startedAt: 0 },
    epoch: 3,
    lease: { owner: 'arn', epoch: 3, expiresAt: 1_000 },
    ...parts,
  });
}

/** A constraint that two rows refuse on the way back. */
export const refusedConstraint = {
  id: 'orders.who',
  constraint: 'who',
  kind: 'foreign_key' as const,
  table: 'orders',
  columns: ['customer'],
  rows: 2,
  sample: [],
  reason: 'rows point to nothing',
  notValid: false,
};
