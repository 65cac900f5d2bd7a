import type { FunctionName } from '#migrations/functions.ts';

/** What a function may be allowed; each stands for the actions in migration-rights.ts. */
export type Right =
  | 'readRecords'
  | 'writeRecords'
  | 'readArtifacts'
  | 'writeArtifacts'
  | 'readDatabaseSecret'
  | 'startWorkflows'
  | 'readExecutions'
  | 'answerTokens'
  | 'scheduleRemoval'
  | 'publishEvents'
  | 'invokeConnector';

/** The work of a phase: its record and plan, the target database, progress back into the record. */
const phase: Right[] = ['readRecords', 'writeRecords', 'readArtifacts', 'readDatabaseSecret'];

/**
 * The rights of each function, and no others. A test compares them with the AWS calls that remain in its
 * bundle: one missing fails as much as one too many.
 */
export const migrationGrants: Record<FunctionName, Right[]> = {
  'inspect-database': ['readRecords', 'readDatabaseSecret'],
  'plan-migration': [...phase, 'writeArtifacts'],
  'validate-migration': phase,
  'acquire-lock': phase,
  'back-up-definitions': [...phase, 'writeArtifacts'],
  expand: phase,
  'plan-ranges': phase,
  'backfill-range': phase,
  'build-indexes': phase,
  'add-constraints': phase,
  'verify-range': phase,
  publish: phase,
  contract: phase,
  'complete-migration': phase,
  revert: phase,
  'restore-constraints': phase,
  'count-losses': phase,
  'back-up-rows': [...phase, 'writeArtifacts'],
  remove: phase,
  'request-approval': ['readRecords', 'writeRecords'],
  'await-resume': ['readRecords', 'writeRecords', 'answerTokens'],
  'await-completion': ['readRecords', 'writeRecords', 'answerTokens'],
  'schedule-removal': ['readRecords', 'writeRecords', 'scheduleRemoval'],
  'record-failure': ['readRecords', 'writeRecords'],
  reconcile: ['readRecords', 'writeRecords', 'startWorkflows', 'readExecutions'],
  'publish-events': ['readRecords', 'writeRecords', 'publishEvents'],
  api: [
    'readRecords',
    'writeRecords',
    'readArtifacts',
    'writeArtifacts',
    'startWorkflows',
    'readExecutions',
    'answerTokens',
    'invokeConnector',
  ],
};
