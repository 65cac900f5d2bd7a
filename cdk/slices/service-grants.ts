import type { serviceFunctions } from '#services/functions.ts';
import type { Right } from './rights.ts';

/** Entries of the audit trail, and answers kept for repeats: what every API writes. */
const answering: Right[] = ['readRecords', 'listRecords', 'writeRecords', 'deleteRecords'];

/**
 * The rights of each function, and no others. A test compares them with the AWS calls that remain in its
 * bundle: one missing fails as much as one too many.
 */
export const serviceGrants: Record<keyof typeof serviceFunctions, Right[]> = {
  api: [...answering, 'publishEvents', 'useCloudMap'],
  'describe-version': ['readRecords', 'listRecords'],
  'describe-service': ['listRecords'],
  'compare-versions': ['readRecords', 'listRecords'],
  'probe-instances': ['readRecords', 'listRecords', 'writeRecords', 'deleteRecords', 'publishEvents'],
};
