import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyDocument, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import {
  CfnStateMachine,
  CfnStateMachineAlias,
  CfnStateMachineVersion,
  LogLevel,
  StateMachineType,
} from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { liveAlias, liveStateMachineArn, pascalCase, workflowPath } from './names.ts';
import { type Definition, usesOf } from './state-machine-file.ts';
import { explainWildcards } from './statements.ts';
import { stateMachinePlaceholder, type WorkflowReach, workflowRights } from './workflow-rights.ts';

export interface WorkflowProps extends WorkflowReach {
  definition: Definition;
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
  const statements = workflowRights(scope, props, uses);
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
