import type { MigrationRecord } from '../records.ts';
import { MigrationOptions } from '../schemas.ts';

/** For tests: a migration that was planned, with what the test is about put over it. */
export function migrationRecord(parts: Partial<MigrationRecord> = {}): MigrationRecord {
  const at = '2026-01-02T03:04:05.000Z';
  return {
    schemaVersion: 1,
    version: 1,
    id: 'mig_1',
    name: 'split-name',
    databaseId: 'db_1',
    databaseName: 'shop',
    schema: 'public',
    status: 'planned',
    phase: null,
    phases: [],
    createdAt: at,
    createdBy: 'ada',
    updatedAt: at,
    fileName: 'split-name.yaml',
    fileKey: 'migrations/mig_1/file',
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
    options: MigrationOptions.parse({ soakSeconds: 0, undoWindowSeconds: 60 }),
    consents: [],
    approval: null,
    execution: null,
    epoch: 0,
    lease: null,
    cancel: null,
    complete: null,
    soakUntil: null,
    publishedAt: null,
    completedAt: null,
    removalAt: null,
    definitionsKey: null,
    undo: null,
    undoAttempts: 0,
    removal: { retryAt: null, attempts: 0, begun: false },
    failure: null,
    differences: [],
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
