import type { FunctionName } from '#migrations/functions.ts';

/** What a function may be allowed; each stands for the AWS actions in migration-rights.ts. */
export type Right =
  | 'readRecords'
  | 'listRecords'
  | 'writeRecords'
  | 'writeManyRecords'
  | 'deleteRecords'
  | 'readArtifacts'
  | 'writeArtifacts'
  | 'writeBackups'
  | 'deleteBackups'
  | 'readDatabaseSecret'
  | 'makeLoginSecret'
  | 'deleteLoginSecret'
  | 'readWebhookSecret'
  | 'keepWebhookSecret'
  | 'startWorkflows'
  | 'readExecutions'
  | 'answerTokens'
  | 'scheduleRemoval'
  | 'publishEvents'
  | 'readTelemetryHeaders'
  | 'assumeConnector';

/** The work of a phase: its record and plan, the target database, progress back into the record. */
const phase: Right[] = ['readRecords', 'writeRecords', 'readArtifacts', 'readDatabaseSecret'];
/** A state that waits keeps its token and gives the answer at once when it is there already. */
const waiting: Right[] = ['readRecords', 'listRecords', 'writeRecords', 'deleteRecords', 'answerTokens'];

/**
 * The rights of each function, and no others. A test compares them with the AWS calls that remain in its
 * bundle: one missing fails as much as one too many.
 */
export const migrationGrants: Record<FunctionName, Right[]> = {
  'inspect-database': ['readDatabaseSecret'],
  'check-schema': [...phase, 'writeArtifacts'],
  'import-history': [...phase, 'writeArtifacts'],
  'plan-migration': [...phase, 'listRecords', 'writeArtifacts'],
  'validate-migration': phase,
  'acquire-lock': ['readRecords', 'writeRecords', 'readDatabaseSecret'],
  'back-up-definitions': [...phase, 'writeArtifacts'],
  expand: phase,
  'plan-ranges': [...phase, 'listRecords'],
  'backfill-range': [...phase, 'listRecords'],
  'load-range': [...phase, 'listRecords'],
  'compare-range': phase,
  'list-errors': ['readRecords', 'readDatabaseSecret'],
  'redrive-errors': phase,
  'build-indexes': phase,
  'add-constraints': phase,
  'verify-range': phase,
  publish: [...phase, 'makeLoginSecret'],
  contract: phase,
  'complete-migration': [...phase, 'listRecords', 'writeArtifacts', 'deleteRecords', 'deleteLoginSecret'],
  revert: [...phase, 'listRecords', 'writeArtifacts', 'writeBackups'],
  'restore-constraints': phase,
  'count-losses': [...phase, 'listRecords'],
  'back-up-rows': [...phase, 'writeArtifacts', 'writeBackups'],
  remove: phase,
  'restore-rows': [...phase, 'listRecords'],
  'eject-script': ['readRecords', 'readDatabaseSecret'],
  'verify-backup': ['readRecords', 'listRecords', 'writeRecords', 'readArtifacts'],
  'rehearse-migration': [...phase, 'writeArtifacts'],
  'copy-to-green': [...phase, 'writeArtifacts'],
  'follow-blue': phase,
  'compare-sides': phase,
  'switch-to-green': [...phase, 'readWebhookSecret'],
  'watch-soak': phase,
  'switch-back': [...phase, 'readWebhookSecret'],
  'part-sides': phase,
  'list-schemas': ['readDatabaseSecret'],
  'migrate-fleet-targets': [
    ...phase,
    'listRecords',
    'deleteRecords',
    'writeArtifacts',
    'writeBackups',
    'makeLoginSecret',
    'deleteLoginSecret',
  ],
  'request-approval': waiting,
  'await-resume': waiting,
  'await-completion': waiting,
  'schedule-removal': ['readRecords', 'writeRecords', 'scheduleRemoval'],
  'record-failure': ['readRecords', 'writeRecords', 'deleteRecords'],
  'steer-fleet': ['readRecords', 'listRecords', 'writeRecords', 'readArtifacts', 'writeArtifacts'],
  'await-fleet': ['readRecords', 'writeRecords', 'deleteRecords', 'answerTokens'],
  'start-fleet-target': ['readRecords', 'writeRecords'],
  'settle-fleet-targets': ['readRecords', 'listRecords', 'writeRecords', 'deleteRecords', 'scheduleRemoval'],
  reconcile: [...waiting, 'readArtifacts', 'deleteBackups', 'startWorkflows', 'readExecutions'],
  'publish-events': [
    'readRecords',
    'listRecords',
    'writeRecords',
    'writeManyRecords',
    'publishEvents',
    'readTelemetryHeaders',
  ],
  'watch-migrations': ['readRecords', 'listRecords', 'writeRecords', 'readTelemetryHeaders'],
  'deliver-webhooks': [
    'readRecords',
    'listRecords',
    'writeRecords',
    'deleteRecords',
    'readWebhookSecret',
    'publishEvents',
  ],
  'detect-drift': ['readRecords', 'listRecords', 'writeRecords', 'publishEvents', 'assumeConnector'],
  api: [
    ...waiting,
    'readArtifacts',
    'writeArtifacts',
    'readWebhookSecret',
    'keepWebhookSecret',
    'startWorkflows',
    'assumeConnector',
  ],
};
