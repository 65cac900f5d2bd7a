import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyDocument, type PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Version } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import {
  CfnStateMachine,
  CfnStateMachineAlias,
  CfnStateMachineVersion,
  LogLevel,
  StateMachineType,
} from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import type { Environment } from '../environments.ts';
import { liveAlias, liveStateMachineArn, pascalCase, stateMachineArn, workflowPath } from './names.ts';
import { type Definition, type Uses, usesOf } from './state-machine-file.ts';
import { allow, explainWildcards } from './statements.ts';

export interface WorkflowProps {
  environment: Environment;
  /** The name of its file, for example `migration-rollback`. */
  machine: string;
  definition: Definition;
  /** Control-plane functions by the placeholder of their ARN. */
  functions: Map<string, Version>;
  /** The names of all state machines that it may start. */
  machines: string[];
  /** Roles of the connectors, which may hold wildcards. */
  connectorRoles: string[];
  key: IKey;
}

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

/** `migration-rollback` → `MigrationRollbackStateMachineArn` */
const stateMachinePlaceholder = (machine: string) => `${pascalCase(machine)}StateMachineArn`;

/** The rights of a state machine's role, from what its file uses and nothing else. */
function rightsOf(scope: Construct, props: WorkflowProps, uses: Uses): PolicyStatement[] {
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
  const executionsOf = (other: string) =>
    Stack.of(scope).formatArn({
      service: 'states',
      resource: 'execution',
      resourceName: `${environment.prefix}-${other}:*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
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
        StringEquals: {
          'kms:EncryptionContext:aws:states:stateMachineArn': stateMachineArn(
            scope,
            environment.prefix,
            machine,
          ),
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
    const own = stateMachineArn(scope, environment.prefix, machine);
    statements.push(
      allow('RunMap', {
        actions: ['states:StartExecution', 'states:DescribeExecution', 'states:StopExecution'],
        resources: [own, `${executionsOf(machine)}`],
      }),
    );
  }
  return statements;
}

/**
 * A state machine from its .asl.json file: encrypted, traced, every event logged. Each change of the file
 * publishes a version that is retained, and the alias `live` points to the newest; an execution stays with
 * the version it started from.
 */
export function workflow(
  scope: Construct,
  props: WorkflowProps,
): { arn: string; liveArn: string; name: string } {
  const { environment, machine, definition } = props;
  const id = pascalCase(machine);
  const name = `${environment.prefix}-${machine}`;
  const uses = usesOf(machine, definition);
  const logGroup = new LogGroup(scope, `${id}Log`, {
    // Log delivery needs this beginning, or its resource policy outgrows its limit.
    logGroupName: `/aws/vendedlogs/states/${name}`,
    retention: environment.logRetention,
    encryptionKey: props.key,
    removalPolicy: environment.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  });
  const statements = rightsOf(scope, props, uses);
  const role = new Role(scope, `${id}Role`, {
    path: workflowPath(environment.prefix), // connectors trust it by this
    assumedBy: new ServicePrincipal('states.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
    description: `What ${name} may do`,
    inlinePolicies: { rights: new PolicyDocument({ statements }) },
  });
  explainWildcards(role, statements);

  const substitutions = Object.fromEntries([
    ...uses.functions.map((placeholder) => [placeholder, props.functions.get(placeholder)?.functionArn]),
    ...props.machines
      .filter((other) => uses.startsStateMachines.includes(stateMachinePlaceholder(other)))
      .map((other) => [
        stateMachinePlaceholder(other),
        liveStateMachineArn(scope, environment.prefix, other),
      ]),
  ]);
  const stateMachine = new CfnStateMachine(scope, `${id}StateMachine`, {
    stateMachineName: name,
    stateMachineType: StateMachineType.STANDARD,
    roleArn: role.roleArn,
    definitionString: JSON.stringify(definition),
    ...(Object.keys(substitutions).length > 0 ? { definitionSubstitutions: substitutions } : {}),
    loggingConfiguration: {
      level: LogLevel.ALL,
      includeExecutionData: true, // payloads carry ids only
      destinations: [{ cloudWatchLogsLogGroup: { logGroupArn: logGroup.logGroupArn } }],
    },
    tracingConfiguration: { enabled: true },
    encryptionConfiguration: {
      type: 'CUSTOMER_MANAGED_KMS_KEY',
      kmsKeyId: props.key.keyArn,
      kmsDataKeyReusePeriodSeconds: 900,
    },
  });
  const version = new CfnStateMachineVersion(scope, `${id}Version`, {
    stateMachineArn: stateMachine.attrArn,
    stateMachineRevisionId: stateMachine.attrStateMachineRevisionId,
  });
  version.applyRemovalPolicy(RemovalPolicy.RETAIN);
  const alias = new CfnStateMachineAlias(scope, `${id}Alias`, {
    name: liveAlias,
    routingConfiguration: [{ stateMachineVersionArn: version.attrArn, weight: 100 }],
  });
  alias.applyRemovalPolicy(RemovalPolicy.DESTROY);
  return {
    name,
    arn: stateMachine.attrArn,
    liveArn: liveStateMachineArn(scope, environment.prefix, machine),
  };
}
