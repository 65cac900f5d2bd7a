import type { apiFunctions } from '#apis/functions.ts';
import type { Right } from './rights.ts';

/** Entries of the audit trail, and answers kept for repeats: what every API writes. */
const answering: Right[] = ['readRecords', 'listRecords', 'writeRecords', 'deleteRecords'];

/** The record of a deprecation, changed by the execution that acts. */
const acting: Right[] = ['readRecords', 'writeRecords'];
/** And the registry and the gateway brought up to what it says. */
const marking: Right[] = [...acting, 'readArtifacts', 'askGateway'];

/**
 * The rights of each function, and no others. A test compares them with the AWS calls that remain in its
 * bundle: one missing fails as much as one too many.
 */
export const apiGrants: Record<keyof typeof apiFunctions, Right[]> = {
  api: [
    ...answering,
    'startWorkflows',
    'keepConsumerSecret',
    'readArtifacts',
    'writeArtifacts',
    'askGateway',
  ],
  'describe-api': ['readRecords'],
  'sweep-apis': [
    'readRecords',
    'listRecords',
    'writeRecords',
    'readArtifacts',
    'publishEvents',
    'askGateway',
  ],
  // Operations of GraphQL are held against the newest description.
  'check-progress': [...marking, 'listRecords'],
  'validate-deprecation': [...acting, 'listRecords', 'readArtifacts'],
  'analyse-usage': [...acting, 'listRecords', 'readArtifacts', 'askGateway'],
  'announce-deprecation': marking,
  'tell-consumers': acting,
  'announce-brownout': marking,
  'watch-brownout': marking,
  'extend-deprecation': acting,
  'remove-version': marking,
  'end-deprecation': marking,
  'rest-deprecation': [...acting, 'startWorkflows', 'scheduleWake'],
  'record-deprecation-failure': [...acting, 'scheduleWake'],
  'reconcile-deprecations': [...acting, 'listRecords', 'startWorkflows', 'readExecutions'],
  'publish-deprecation-events': [...acting, 'listRecords', 'publishEvents'],
  'deliver-notices': [...acting, 'listRecords', 'keepConsumerSecret', 'sendEmail'],
};
