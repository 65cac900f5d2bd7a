import type { Construct } from 'constructs';
import type { FunctionName } from '#migrations/functions.ts';
import { counter, sumOf, type Watched } from '../constructs/alarms.ts';
import type { Connector } from '../constructs/connector.ts';
import { stateMachineArn } from '../constructs/names.ts';
import type { TaskFunction } from '../constructs/task-function.ts';
import type { Environment } from '../environments.ts';
import { migrationMachines, throughRanges } from './migration-tasks.ts';

/** Invoked by a schedule, and by what happens: nobody waits for their answer. */
const byTheClock = new Set<FunctionName>([
  'publish-events',
  'deliver-webhooks',
  'watch-migrations',
  'detect-drift',
]);

/** What of migrations wakes somebody up. */
export function migrationAlarms(
  scope: Construct,
  { prefix, name }: Environment,
  functions: Map<FunctionName, TaskFunction>,
  connector: Connector,
): Watched[] {
  const workflows = (metric: string) =>
    migrationMachines.map((machine) =>
      counter('AWS/States', metric, { StateMachineArn: stateMachineArn(scope, prefix, machine) }),
    );
  const lambdas = (names: string[], metric: string) =>
    names.map((name) => counter('AWS/Lambda', metric, { FunctionName: name }));
  const ours = (task: string, metric: string) =>
    counter('Theseus', metric, { service: task, environment: name });
  const groupOf = (name: FunctionName) => {
    if (name.includes('fleet')) return 'fleet';
    return byTheClock.has(name) ? 'scheduled' : 'other';
  };
  const control = (group: ReturnType<typeof groupOf>) =>
    [...functions].flatMap(([name, { handler }]) => (groupOf(name) === group ? [handler.functionName] : []));
  // An alarm sums ten metrics at most.
  const groups = [
    { name: 'function', of: 'the control plane', names: control('other') },
    { name: 'scheduled-function', of: 'what runs by the clock', names: control('scheduled') },
    { name: 'fleet-function', of: 'fleets', names: control('fleet') },
  ];
  const ranges = [...throughRanges].flatMap((name) => connector.functions.get(name) ?? []);
  return [
    {
      name: 'workflow-failed',
      meaning:
        'A migration, rollback, undo, removal or fleet failed. GET /migrations?status=failed says which and what to do.',
      metric: sumOf('Workflows that failed', workflows('ExecutionsFailed')),
      threshold: 1,
    },
    {
      name: 'workflow-timed-out',
      meaning:
        'A migration, rollback, undo, removal or fleet ran out of its time. The reconciler acts; GET /migrations?status=failed says what is left to do.',
      metric: sumOf('Workflows that timed out', workflows('ExecutionsTimedOut')),
      threshold: 1,
    },
    {
      name: 'corruption-found',
      meaning:
        'Verification found rows that stayed wrong after every repair; the migration is taken back at once. GET /migrations/{id} names the rows: something writes past the dual write.',
      metric: ours('record-failure', 'CorruptionFound'),
      threshold: 1,
    },
    {
      name: 'backup-damaged',
      meaning:
        'A row backup is not what was stored, or could not be deleted when its time was over. GET /backups says which.',
      metric: sumOf('Backups in trouble', [
        ours('verify-backup', 'BackupDamaged'),
        ours('reconcile', 'BackupNotDeleted'),
      ]),
      threshold: 1,
    },
    ...(['Critical', 'Warning'] as const).map((severity) => ({
      name: `${severity.toLowerCase()}-alert`,
      meaning: `An alert rule fires on a migration (${severity.toLowerCase()}). GET /alerts says which, docs/monitoring.md what to do.`,
      metric: ours('watch-migrations', `${severity}Alerts`),
      threshold: 1,
    })),
    {
      name: 'break-glass',
      meaning:
        'Somebody went past approvals and windows. GET /audit?action=break_glass says who, on what and why.',
      metric: ours('migrations-api', 'BreakGlass'),
      threshold: 1,
    },
    {
      name: 'audit-failed',
      meaning:
        'The audit trail could not be written: calls were refused, or ended without their end entered. See the log of the API, and the table.',
      metric: ours('migrations-api', 'AuditFailed'),
      threshold: 1,
    },
    {
      name: 'webhook-disabled',
      meaning:
        'A webhook took nothing for days, or said that it is gone, and gets no events any more. GET /webhooks says which and why.',
      metric: ours('deliver-webhooks', 'WebhookDisabled'),
      threshold: 1,
    },
    ...groups.flatMap(({ name, of, names }) => [
      {
        name: `${name}-errors`,
        meaning: `Functions of ${of} fail. Retries absorb single ones; see their logs.`,
        metric: sumOf(`Errors of ${of}`, lambdas(names, 'Errors')),
        threshold: 5,
      },
      {
        name: `${name}-throttles`,
        meaning: `Functions of ${of} are throttled: the concurrency of the account is used up.`,
        metric: sumOf(`Throttles of ${of}`, lambdas(names, 'Throttles')),
        threshold: 5,
      },
    ]),
    {
      name: 'range-throttles',
      meaning:
        'Ranges wait for the connector: raise RangeConcurrency if the databases bear more connections.',
      metric: sumOf(
        'Throttles of ranges',
        lambdas(
          ranges.map(({ handler }) => handler.functionName),
          'Throttles',
        ),
      ),
      threshold: 100,
    },
    {
      name: 'reconciler-errors',
      meaning: 'The reconciler fails: a workflow that died is not rolled back until it works again.',
      metric: sumOf('Errors of the reconciler', lambdas([`${prefix}-migrations-reconcile`], 'Errors')),
      threshold: 1,
    },
  ];
}
