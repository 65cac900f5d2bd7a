import type { deploymentFunctions } from '#deployments/functions.ts';
import type { Right } from './rights.ts';

/** Entries of the audit trail, and answers kept for repeats: what every API writes. */
const answering: Right[] = ['readRecords', 'listRecords', 'writeRecords', 'deleteRecords'];
/** The record of a deployment, changed. */
const acting: Right[] = ['readRecords', 'writeRecords'];
/** The same, and whoever waits for it is told. */
const answeringTokens: Right[] = [...acting, 'listRecords', 'deleteRecords', 'answerTokens'];
/** Where versions stand side by side: the gateway's routes, and what users tagged for it. */
const onTargets: Right[] = ['askGateway', 'askServices', 'moveTargets'];

/**
 * The rights of each function, and no others. A test compares them with the AWS calls that remain in its
 * bundle: one missing fails as much as one too many.
 */
export const deploymentGrants: Record<keyof typeof deploymentFunctions, Right[]> = {
  'take-slot': answeringTokens,
  'await-decision': answeringTokens,
  'check-compatibility': [...acting, 'askGateway', 'askServices'],
  'create-green': [...acting, ...onTargets, 'readAlarms'],
  'check-health': [...acting, ...onTargets],
  'run-gates': [...acting, ...onTargets, 'keepGateSecret'],
  shift: [...acting, ...onTargets],
  analyse: [...acting, 'listRecords', 'askGateway', 'readMetrics', 'readMetricSecret', 'readAlarms'],
  'clean-up-blue': [...acting, ...onTargets],
  'complete-deployment': answeringTokens,
  'record-failure': acting,
  'shift-back': [...acting, ...onTargets],
  'clean-up-green': ['readRecords', ...onTargets],
  'end-deployment': answeringTokens,
  'give-up': answeringTokens,
  'begin-release': [...acting, 'askGateway', 'askServices', 'askFlags'],
  'flip-flags': [...acting, 'keepGateSecret', 'askFlags'],
  'move-wave': [...answeringTokens, 'startWorkflows', 'askGateway', 'askServices'],
  'await-release': answeringTokens,
  'finish-release': answeringTokens,
  'fail-release': acting,
  'end-release': acting,
  reconcile: [...answeringTokens, 'startWorkflows', 'readExecutions'],
  'publish-events': [...acting, 'listRecords', 'publishEvents'],
  api: [
    ...answering,
    'startWorkflows',
    'answerTokens',
    'askGateway',
    'askServices',
    'askFlags',
    'keepGateSecret',
    'readPromotionSecret',
  ],
};
