import type { configurationFunctions } from '#configuration/functions.ts';
import type { Right } from './rights.ts';

/** Entries of the audit trail, and answers kept for repeats: what every API writes. */
const answering: Right[] = ['readRecords', 'listRecords', 'writeRecords', 'deleteRecords'];

/** The record of an update, changed by the execution that acts. */
const acting: Right[] = ['readRecords', 'writeRecords'];

/** What AppConfig is asked to deploy. */
const publishing: Right[] = [
  'makeConfigurationPlaces',
  'deployConfiguration',
  'listDeployments',
  'deleteHostedConfiguration',
];

/**
 * The rights of each function, and no others. A test compares them with the AWS calls that remain in its
 * bundle: one missing fails as much as one too many.
 */
export const configurationGrants: Record<keyof typeof configurationFunctions, Right[]> = {
  api: [
    ...answering,
    ...publishing,
    'startWorkflows',
    'answerTokens',
    'askServices',
    'keepSubscriberSecret',
    'sealSecrets',
    'openSecrets',
    'publishEvents',
    'readHostedConfiguration',
  ],
  'take-update-slots': [...acting, 'listRecords', 'deleteRecords', 'answerTokens'],
  'validate-update': [...acting, 'listRecords'],
  'back-up-values': [...acting, 'askServices'],
  'await-update': [...acting, 'listRecords', 'deleteRecords', 'answerTokens'],
  'apply-update': [...acting, 'listRecords'],
  'notify-services': [...acting, 'publishEvents', 'keepSubscriberSecret'],
  'look-at-health': [...acting, 'listRecords', 'askServices'],
  'record-update-failure': acting,
  'roll-back-update': [...acting, 'publishEvents', 'keepSubscriberSecret'],
  'end-update': [...acting, 'listRecords', 'deleteRecords', 'answerTokens', 'publishEvents'],
  'reconcile-updates': [
    ...acting,
    'listRecords',
    'deleteRecords',
    'answerTokens',
    'startWorkflows',
    'readExecutions',
  ],
  'check-configuration-compliance': ['listRecords', 'writeRecords', 'deleteRecords', 'publishEvents'],
  'detect-configuration-drift': [
    ...acting,
    'listRecords',
    'deleteRecords',
    'publishEvents',
    'keepSubscriberSecret',
    'listDeployments',
    'readHostedConfiguration',
  ],
  'sweep-updates': [...acting, 'listRecords', 'publishEvents', 'keepSubscriberSecret'],
  'reseal-secrets': ['readRecords', 'listRecords', 'writeRecords', 'sealSecrets', 'openSecrets'],
  'record-reencryption-failure': ['readRecords', 'writeRecords'],
  'rotate-secrets': [...answering, 'startWorkflows', 'sealSecrets'],
  'tend-secrets': ['readRecords', 'writeRecords', 'startWorkflows', 'readExecutions'],
  'publish-configuration': [...acting, 'listRecords', ...publishing],
};
