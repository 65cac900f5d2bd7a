import type { flagFunctions } from '#flags/functions.ts';
import type { Right } from './rights.ts';

/** Entries of the audit trail, and answers kept for repeats: what every API writes. */
const answering: Right[] = ['readRecords', 'listRecords', 'writeRecords', 'deleteRecords'];

/**
 * The rights of each function, and no others. A test compares them with the AWS calls that remain in its
 * bundle: one missing fails as much as one too many.
 */
export const flagGrants: Record<keyof typeof flagFunctions, Right[]> = {
  api: answering,
  'sweep-flag-use': ['readRecords', 'listRecords', 'writeRecords', 'publishEvents'],
  'sweep-flags': ['readRecords', 'listRecords', 'writeRecords', 'publishEvents'],
};
