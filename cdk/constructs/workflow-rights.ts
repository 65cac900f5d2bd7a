import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Version } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { Environment } from '../environments.ts';
import { pascalCase, stateMachineArn } from './names.ts';
import type { Uses } from './state-machine-file.ts';
import { allow } from './statements.ts';

const logDelivery = [
  'logs:CreateLogDelivery',
  'logs:GetLogDelivery',
  'logs:UpdateLogDelivery',
  'logs:DeleteLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
  'logs:DescribeResourcePolicies',
  'logs:DescribeLogGroups',
];

/** A state machine and all it may reach. */
export interface WorkflowReach {
  environment: Environment;
  /** The name of its file, for example `migration-rollback`. */
  machine: string;
  /** Control-plane functions by the placeholder of their ARN. */
  functions: Map<string, Version>;
  /** The names of all state machines that it may start. */
  machines: string[];
  /** Roles of the connectors, which may hold wildcards. */
  connectorRoles: string[];
  key: IKey;
  /** Holds what a Map reads. */
  bucketArn: string;
}

/** `migration-rollback` → `MigrationRollbackStateMachineArn` */
export const stateMachinePlaceholder = (machine: string) => `${pascalCase(machine)}StateMachineArn`;

/** The rights of a state machine's role, from what its file uses and nothing else. */
export function workflowRights(scope: Construct, props: WorkflowReach, uses: Uses): PolicyStatement[] {
  const { environment, machine } = props;
  const functionOf = (name: string) => {
    const version = props.functions.get(name);
    if (version === undefined) throw new Error(`${machine}.asl.json names \${${name}}, which no task has`);
    return version;
  };
  const machineOf = (name: string) => {
    const found = props.machines.find((other) => stateMachinePlaceholder(other) === name);
    if (found === undefined) throw new Error(`${machine}.asl.json names \${${name}}, which no file has`);
    return found;
  };
  const own = stateMachineArn(scope, environment.prefix, machine);
  const executionsBelow = (resourceName: string) =>
    Stack.of(scope).formatArn({
      service: 'states',
      resource: 'execution',
      resourceName: `${environment.prefix}-${resourceName}`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  const executionsOf = (other: string) => executionsBelow(`${other}:*`);
  // `…:execution:<machine>/<label of the Map>:<id>`
  const childrenOf = (other: string) => executionsBelow(`${other}/*`);
  const statements = [
    allow('DeliverLogs', { actions: logDelivery, resources: ['*'] }),
    allow('Trace', {
      actions: [
        'xray:PutTraceSegments',
        'xray:PutTelemetryRecords',
        'xray:GetSamplingRules',
        'xray:GetSamplingTargets',
      ],
      resources: ['*'],
    }),
    allow('EncryptExecutions', {
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: [props.key.keyArn],
      conditions: {
        StringLike: {
          // The children of a distributed Map belong to `…:stateMachine:<machine>/<label>`.
          'kms:EncryptionContext:aws:states:stateMachineArn': uses.distributedMap ? [own, `${own}/*`] : own,
        },
      },
    }),
    allow('EncryptLogs', {
      actions: ['kms:GenerateDataKey'],
      resources: [props.key.keyArn],
      conditions: {
        StringEquals: {
          'kms:EncryptionContext:SourceArn': Stack.of(scope).formatArn({
            service: 'logs',
            resource: '*',
            arnFormat: ArnFormat.NO_RESOURCE_NAME,
          }),
        },
      },
    }),
  ];
  if (uses.functions.length > 0) {
    const resources = uses.functions.map((name) => `${functionOf(name).lambda.functionArn}:*`);
    statements.push(allow('Invoke', { actions: ['lambda:InvokeFunction'], resources }));
  }
  if (uses.connectorFunctions.length > 0) {
    statements.push(
      allow('AssumeConnector', { actions: ['sts:AssumeRole'], resources: props.connectorRoles }),
    );
  }
  if (uses.startsStateMachines.length > 0) {
    const resources = uses.startsStateMachines.flatMap((name) => {
      const arn = stateMachineArn(scope, environment.prefix, machineOf(name));
      return [arn, `${arn}:*`];
    });
    statements.push(allow('StartWorkflow', { actions: ['states:StartExecution'], resources }));
  }
  if (uses.awaitsStateMachines.length > 0) {
    statements.push(
      allow('ObserveExecution', {
        actions: ['states:DescribeExecution', 'states:StopExecution'],
        resources: uses.awaitsStateMachines.map((name) => executionsOf(machineOf(name))),
      }),
      allow('ObserveThroughEvents', {
        actions: ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'],
        resources: [
          Stack.of(scope).formatArn({
            service: 'events',
            resource: 'rule',
            resourceName: 'StepFunctionsGetEventsForStepFunctionsExecutionRule',
          }),
        ],
      }),
    );
  }
  if (uses.distributedMap) {
    // Written out by name: a reference to the state machine would make its role wait for what waits for the role.
    statements.push(
      allow('StartChildren', { actions: ['states:StartExecution'], resources: [own] }),
      allow('RunMap', {
        actions: ['states:DescribeExecution', 'states:StopExecution', 'states:RedriveExecution'],
        resources: [childrenOf(machine)],
      }),
    );
  }
  if (uses.readsItems) {
    statements.push(
      allow('ReadItems', { actions: ['s3:GetObject'], resources: [`${props.bucketArn}/fleets/*`] }),
      allow('DecryptItems', {
        actions: ['kms:Decrypt'],
        resources: [props.key.keyArn],
        conditions: { StringEquals: { 'kms:ViaService': `s3.${Stack.of(scope).region}.amazonaws.com` } },
      }),
    );
  }
  return statements;
}
