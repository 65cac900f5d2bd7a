import type { flagFunctions } from '#flags/functions.ts';
import type { Right } from './rights.ts';

/** Entries of the audit trail, and answers kept for repeats: what every API writes. */
const answering: Right[] = ['readRecords', 'listRecords', 'writeRecords', 'deleteRecords'];

/** Flags read, checked whole, stored and brought into force. */
const publishing: Right[] = [
  'readArtifacts',
  'makeConfigurationPlaces',
  'deployConfiguration',
  'listDeployments',
  'deleteHostedConfiguration',
  'publishEvents',
];

/** The same for whoever changes flags; rollouts that waited for it go on. */
const changing: Right[] = [
  'readRecords',
  'listRecords',
  'writeRecords',
  'deleteRecords',
  'writeArtifacts',
  'deleteFlagObjects',
  ...publishing,
  'answerTokens',
];

/** The record of a rollout, changed by the execution that acts. */
const acting: Right[] = ['readRecords', 'writeRecords'];

/** Tokens kept, and answered where a wait is over. */
const waiting: Right[] = [...acting, 'listRecords', 'deleteRecords', 'readArtifacts', 'answerTokens'];

/**
 * The rights of each function, and no others. A test compares them with the AWS calls that remain in its
 * bundle: one missing fails as much as one too many.
 */
export const flagGrants: Record<keyof typeof flagFunctions, Right[]> = {
  api: [
    ...answering,
    'writeArtifacts',
    'deleteFlagObjects',
    ...publishing,
    'readDeployedConfiguration',
    'readHostedConfiguration',
    'answerTokens',
    'startWorkflows',
  ],
  'detect-flag-drift': [
    'readRecords',
    'listRecords',
    'writeRecords',
    'listDeployments',
    'readHostedConfiguration',
  ],
  'sweep-flag-use': ['readRecords', 'listRecords', 'writeRecords', 'publishEvents'],
  'validate-document': [],
  'set-flag': changing,
  'sweep-flags': [
    'readRecords',
    'listRecords',
    'writeRecords',
    'deleteRecords',
    ...publishing,
    'answerTokens',
  ],
  'look-at-rollout': [...acting, 'listRecords', 'readArtifacts'],
  'set-rollout-percentage': changing,
  'await-rollout': waiting,
  'take-back-rollout': changing,
  'end-rollout': [...acting, 'deleteRecords', 'publishEvents'],
  'record-rollout-failure': acting,
  'reconcile-rollouts': [...waiting, 'startWorkflows', 'readExecutions', 'publishEvents'],
};
