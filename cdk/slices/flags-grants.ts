import type { flagFunctions } from '#flags/functions.ts';
import type { Right } from './rights.ts';

/** Entries of the audit trail, and answers kept for repeats: what every API writes. */
const answering: Right[] = ['readRecords', 'listRecords', 'writeRecords', 'deleteRecords'];

/** Flags read, checked whole, stored and brought into force. */
const publishing: Right[] = [
  'readArtifacts',
  'makeConfigurationPlaces',
  'deployConfiguration',
  'publishEvents',
];

/**
 * The rights of each function, and no others. A test compares them with the AWS calls that remain in its
 * bundle: one missing fails as much as one too many.
 */
export const flagGrants: Record<keyof typeof flagFunctions, Right[]> = {
  api: [...answering, 'writeArtifacts', ...publishing, 'readDeployedConfiguration'],
  'sweep-flag-use': ['readRecords', 'listRecords', 'writeRecords', 'publishEvents'],
  'validate-document': [],
  'set-flag': ['readRecords', 'listRecords', 'writeRecords', 'writeArtifacts', ...publishing],
  'sweep-flags': ['readRecords', 'listRecords', 'writeRecords', ...publishing],
};
