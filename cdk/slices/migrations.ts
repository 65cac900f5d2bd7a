import { Stack } from 'aws-cdk-lib';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import { PolicyDocument, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Alias } from 'aws-cdk-lib/aws-lambda';
import { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import { type FunctionName, migrationFunctions } from '#migrations/functions.ts';
import type { Watched } from '../constructs/alarms.ts';
import type { Connector } from '../constructs/connector.ts';
import { asEventBus } from '../constructs/interfaces.ts';
import {
  apiPath,
  connectorPath,
  liveStateMachineArn,
  pascalCase,
  rolesBelow,
  stateMachineArn,
  webhookSecrets,
} from '../constructs/names.ts';
import { root } from '../constructs/repository.ts';
import { readDefinition } from '../constructs/state-machine-file.ts';
import { allow, explainWildcards } from '../constructs/statements.ts';
import { type TaskFunction, taskFunction } from '../constructs/task-function.ts';
import type { Trigger } from '../constructs/triggers.ts';
import { workflow } from '../constructs/workflow.ts';
import type { Environment } from '../environments.ts';
import { migrationAlarms } from './migration-alarms.ts';
import { migrationGrants } from './migration-grants.ts';
import {
  codeOf,
  type MigrationStores,
  migrationMachines,
  migrationVariables,
  ofPlane,
} from './migration-tasks.ts';
import { type Resources, statementsOf } from './rights.ts';

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

/** OpenTelemetry's own variables; headers are named by their secret, and never stand here themselves. */
function telemetryVariables({ telemetry }: Environment): Record<string, string> {
  if (telemetry === undefined) return {};
  const { endpoint, protocol, headersSecretArn } = telemetry;
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    ...(headersSecretArn === undefined ? {} : { THESEUS_OTLP_HEADERS_SECRET: headersSecretArn }),
  };
}

/** The control plane of migrations: its functions, state machines and what starts them. */
export function migrationService(scope: Construct, props: MigrationServiceProps): MigrationService {
  const { environment, stores, connector } = props;
  const { prefix } = environment;
  const scheduleGroup = new CfnScheduleGroup(scope, 'Removals', { name: `${prefix}-removals` });
  const scheduling = schedulerRole(scope, environment, stores.keyArn);
  const accounts = [Stack.of(scope).account, ...environment.connectorAccounts];
  const connectorRoles = accounts.map((account) => rolesBelow(scope, account, connectorPath(prefix)));
  const resources: Resources = {
    prefix,
    ...stores,
    machines: [...migrationMachines],
    eventBusArn: props.eventBus.eventBusArn,
    schedulerRoleArn: scheduling.roleArn,
    scheduleGroup: `${prefix}-removals`,
    connectorRoles,
    telemetryHeadersArn: environment.telemetry?.headersSecretArn,
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
    DEFAULT_CONNECTOR: Stack.of(scope).toJsonString(connector.own),
    WEBHOOK_SECRETS: webhookSecrets(prefix),
    SCHEDULER_ROLE_ARN: scheduling.roleArn,
    SCHEDULE_GROUP: `${prefix}-removals`,
    THESEUS_APPROVAL_REQUIRED: environment.approval,
    THESEUS_APPROVERS: Object.entries(environment.approvers)
      .map(([risk, people]) => `${risk}=${people}`)
      .join(','),
    THESEUS_AUTHOR_MAY_APPROVE: String(environment.authorMayApprove),
    THESEUS_AUDIT_DAYS: String(environment.auditDays),
    ...telemetryVariables(environment),
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
        // Connectors trust it by this.
        ...(migrationGrants[name].includes('assumeConnector') ? { rolePath: apiPath(prefix) } : {}),
      }),
    ]),
  );
  scheduling.node.addDependency(scheduleGroup);

  const versions = new Map(
    [...functions].map(([name, { version }]) => [`${pascalCase(name)}FunctionArn`, version]),
  );
  for (const machine of migrationMachines) {
    workflow(scope, {
      environment,
      machine,
      definition: readDefinition(`${root}state-machines/${machine}.asl.json`),
      functions: versions,
      machines: [...migrationMachines],
      connectorRoles,
      key: props.key,
      bucketArn: stores.bucketArn,
    });
  }

  const live = (name: FunctionName): Alias => {
    const found = functions.get(name);
    if (found === undefined) throw new Error(`${name} is not a function of the control plane`);
    return found.handler.addAlias('live');
  };
  const reconcile = live('reconcile');
  const deliverWebhooks = live('deliver-webhooks');
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
        meaning: 'Finds migrations whose workflow died',
        when: { everyMinutes: 5 },
        handlers: [reconcile],
      },
      {
        name: 'watch-migrations',
        meaning:
          'Holds what runs against the alert rules, publishes events that were stored but not sent, and tries webhooks again that are due',
        when: { everyMinutes: 1 },
        handlers: [live('watch-migrations'), live('publish-events'), deliverWebhooks],
      },
      {
        name: 'deliver-webhooks',
        meaning: 'Sends the events of migrations to the webhooks that want them',
        when: { pattern: { source: ['theseus.migrations'] }, bus: asEventBus(props.eventBus) },
        handlers: [deliverWebhooks],
      },
      {
        name: 'detect-drift',
        meaning: 'Looks at a few databases in turn for changes of their schema that no migration made',
        when: { everyMinutes: 10 },
        handlers: [live('detect-drift')],
      },
    ],
    watched: migrationAlarms(scope, environment, functions, connector),
  };
}
