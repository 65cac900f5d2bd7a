import { Stack } from 'aws-cdk-lib';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import { PolicyDocument, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Alias } from 'aws-cdk-lib/aws-lambda';
import { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import { camelName, type FunctionName, migrationFunctions } from '#migrations/functions.ts';
import type { Watched } from '../constructs/alarms.ts';
import { counter, sumOf } from '../constructs/alarms.ts';
import type { Connector, DataPlaneTask } from '../constructs/connector.ts';
import { handlerCode } from '../constructs/handler-code.ts';
import {
  connectorPath,
  liveStateMachineArn,
  pascalCase,
  rolesBelow,
  stateMachineArn,
} from '../constructs/names.ts';
import { root } from '../constructs/repository.ts';
import { readDefinition } from '../constructs/state-machine-file.ts';
import { allow, explainWildcards } from '../constructs/statements.ts';
import { type TaskFunction, taskFunction } from '../constructs/task-function.ts';
import type { Trigger } from '../constructs/triggers.ts';
import { workflow } from '../constructs/workflow.ts';
import type { Environment } from '../environments.ts';
import { migrationGrants } from './migration-grants.ts';
import { actionsOf, type Resources, statementsOf } from './migration-rights.ts';

/** The state machines of this capability, by the names of their files. */
export const migrationMachines = [
  'migration',
  'migration-rollback',
  'migration-undo',
  'migration-removal',
] as const;

/** First path segments of this capability's routes. */
export const migrationNouns = ['databases', 'migrations'];

const functionNames = Object.keys(migrationFunctions).filter(isFunctionName);
function isFunctionName(name: string): name is FunctionName {
  return name in migrationFunctions;
}
const ofPlane = (plane: 'data' | 'control') =>
  functionNames.filter((name) => migrationFunctions[name].plane === plane);

export function entryOf(name: FunctionName): string {
  return name === 'api' ? 'functions/migrations/api.ts' : `functions/migrations/tasks/${name}.ts`;
}

/** Bundled once for all stacks that deploy them. */
export const codeOf = handlerCode(Object.fromEntries(functionNames.map((name) => [name, entryOf(name)])));

/** Data-plane functions that the API invokes itself, to answer at once. */
const calledByApi: FunctionName[] = ['inspect-database', 'plan-migration'];

/** Which of its data-plane functions work through key ranges, many at a time. */
const throughRanges = new Set<FunctionName>(['backfill-range', 'verify-range']);

/** Every action that some data-plane function may take on the table (`dynamodb`) or the bucket (`s3`). */
export function dataPlaneActions(): { dynamodb: string[]; s3: string[] } {
  const all = ofPlane('data').flatMap((name) => migrationGrants[name].flatMap((right) => actionsOf[right]));
  const of = (service: string) =>
    [...new Set(all)].filter((action) => action.startsWith(`${service}:`)).sort();
  return { dynamodb: of('dynamodb'), s3: of('s3') };
}

/** What this capability stores in, wherever its functions run. */
export interface MigrationStores {
  tableArn: string;
  bucketArn: string;
  bucketName: string;
  keyArn: string;
}

/** What every function of this capability is told, in both planes. */
export function migrationVariables(environment: string, stores: MigrationStores): Record<string, string> {
  return {
    THESEUS_ENVIRONMENT: environment,
    MIGRATIONS_TABLE: stores.tableArn, // an ARN, which also serves from another account
    ARTIFACTS_BUCKET: stores.bucketName,
  };
}

/** The data plane of this capability, for a connector to deploy. */
export function migrationDataPlane(
  scope: Construct,
  prefix: string,
  stores: MigrationStores,
): (secretArns: string) => DataPlaneTask[] {
  return (secretArns) =>
    ofPlane('data').map((name) => ({
      name,
      key: camelName(name),
      code: codeOf(name),
      timeoutSeconds: migrationFunctions[name].timeoutSeconds,
      memoryMb: migrationFunctions[name].memoryMb,
      statements: statementsOf(scope, migrationGrants[name], { prefix, secretArns, ...stores }),
      manyAtOnce: throughRanges.has(name),
    }));
}

export interface MigrationServiceProps {
  environment: Environment;
  stores: MigrationStores;
  key: IKey;
  eventBus: EventBus;
  connector: Connector;
}

export interface MigrationService {
  api: Alias;
  triggers: Trigger[];
  watched: Watched[];
}

/** The role with which a one-time schedule starts the removal at the end of an undo window. */
function schedulerRole(scope: Construct, environment: Environment, keyArn: string): Role {
  const removal = stateMachineArn(scope, environment.prefix, 'migration-removal');
  const statements = [
    allow('StartWorkflow', { actions: ['states:StartExecution'], resources: [removal, `${removal}:*`] }),
    allow('UseExecutionKey', {
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: [keyArn],
      conditions: { StringEquals: { 'kms:EncryptionContext:aws:states:stateMachineArn': removal } },
    }),
  ];
  const role = new Role(scope, 'SchedulerRole', {
    description: 'Lets a schedule start the removal of a migration',
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
    inlinePolicies: { rights: new PolicyDocument({ statements }) },
  });
  explainWildcards(role, statements);
  return role;
}

/** The control plane of migrations: its functions, state machines and what starts them. */
export function migrationService(scope: Construct, props: MigrationServiceProps): MigrationService {
  const { environment, stores, connector } = props;
  const { prefix } = environment;
  const scheduleGroup = new CfnScheduleGroup(scope, 'Removals', { name: `${prefix}-removals` });
  const scheduling = schedulerRole(scope, environment, stores.keyArn);
  const invoked = calledByApi.flatMap((name) => connector.functions.get(name) ?? []);
  const resources: Resources = {
    prefix,
    ...stores,
    machines: [...migrationMachines],
    eventBusArn: props.eventBus.eventBusArn,
    schedulerRoleArn: scheduling.roleArn,
    scheduleGroup: `${prefix}-removals`,
    connectorFunctionArns: invoked.map(({ handler }) => `${handler.functionArn}:*`),
  };
  const variables = {
    ...migrationVariables(environment.name, stores),
    EVENT_BUS_NAME: props.eventBus.eventBusName,
    ...Object.fromEntries(
      migrationMachines.map((machine) => [
        `${machine.toUpperCase().replaceAll('-', '_')}_STATE_MACHINE_ARN`,
        liveStateMachineArn(scope, prefix, machine),
      ]),
    ),
    DEFAULT_CONNECTOR: Stack.of(scope).toJsonString(connector.registration),
    SCHEDULER_ROLE_ARN: scheduling.roleArn,
    SCHEDULE_GROUP: `${prefix}-removals`,
    THESEUS_APPROVAL_REQUIRED: environment.approval,
    THESEUS_AUTHOR_MAY_APPROVE: String(environment.authorMayApprove),
  };
  const functions = new Map<FunctionName, TaskFunction>(
    ofPlane('control').map((name) => [
      name,
      taskFunction(scope, name, {
        functionName: `${prefix}-migrations-${name}`,
        code: codeOf(name),
        description: `Theseus ${prefix}: ${name} of migrations`,
        timeoutSeconds: migrationFunctions[name].timeoutSeconds,
        memoryMb: migrationFunctions[name].memoryMb,
        environment: variables,
        statements: statementsOf(scope, migrationGrants[name], resources),
        logRetention: environment.logRetention,
        keepData: environment.keepData,
        logKey: props.key,
      }),
    ]),
  );
  scheduling.node.addDependency(scheduleGroup);

  const versions = new Map(
    [...functions].map(([name, { version }]) => [`${pascalCase(name)}FunctionArn`, version]),
  );
  const accounts = [Stack.of(scope).account, ...environment.connectorAccounts];
  for (const machine of migrationMachines) {
    workflow(scope, {
      environment,
      machine,
      definition: readDefinition(`${root}state-machines/${machine}.asl.json`),
      functions: versions,
      machines: [...migrationMachines],
      connectorRoles: accounts.map((account) => rolesBelow(scope, account, connectorPath(prefix))),
      key: props.key,
    });
  }

  const live = (name: FunctionName): Alias => {
    const found = functions.get(name);
    if (found === undefined) throw new Error(`${name} is not a function of the control plane`);
    return found.handler.addAlias('live');
  };
  const reconcile = live('reconcile');
  return {
    api: live('api'),
    triggers: [
      {
        name: 'workflow-ended-badly',
        meaning: 'A migration workflow ended in a way that its own Catch may not have seen: reconcile',
        when: {
          pattern: {
            source: ['aws.states'],
            detailType: ['Step Functions Execution Status Change'],
            detail: {
              status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
              stateMachineArn: migrationMachines.map((machine) => stateMachineArn(scope, prefix, machine)),
            },
          },
        },
        handlers: [reconcile],
      },
      {
        name: 'reconcile-regularly',
        meaning: 'Finds migrations whose workflow died and publishes events that were stored but not sent',
        when: { everyMinutes: 5 },
        handlers: [reconcile, live('publish-events')],
      },
    ],
    watched: watched(scope, environment, functions, connector),
  };
}

/** What of migrations wakes somebody up. */
function watched(
  scope: Construct,
  { prefix }: Environment,
  functions: Map<FunctionName, TaskFunction>,
  connector: Connector,
): Watched[] {
  const workflows = (metric: string) =>
    migrationMachines.map((machine) =>
      counter('AWS/States', metric, { StateMachineArn: stateMachineArn(scope, prefix, machine) }),
    );
  const lambdas = (names: string[], metric: string) =>
    names.map((name) => counter('AWS/Lambda', metric, { FunctionName: name }));
  const control = [...functions.values()].map(({ handler }) => handler.functionName);
  const ranges = [...throughRanges].flatMap((name) => connector.functions.get(name) ?? []);
  return [
    {
      name: 'workflow-failed',
      meaning:
        'A migration, rollback, undo or removal failed or timed out. GET /migrations?status=failed says which and what to do.',
      metric: sumOf('Workflows that ended badly', [
        ...workflows('ExecutionsFailed'),
        ...workflows('ExecutionsTimedOut'),
      ]),
      threshold: 1,
    },
    {
      name: 'function-errors',
      meaning: 'Functions of the control plane fail. Retries absorb single ones; see their logs.',
      metric: sumOf('Errors of the control plane', lambdas(control, 'Errors')),
      threshold: 5,
    },
    {
      name: 'function-throttles',
      meaning: 'Functions of the control plane are throttled: the concurrency of the account is used up.',
      metric: sumOf('Throttles of the control plane', lambdas(control, 'Throttles')),
      threshold: 5,
    },
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
