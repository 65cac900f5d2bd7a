import { CfnOutput, Fn, Stack } from 'aws-cdk-lib';
import {
  AccountPrincipal,
  CompositePrincipal,
  PolicyDocument,
  type PolicyStatement,
  Role,
} from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Code } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { networkEndpoints, type Platform } from './connector-endpoints.ts';
import { connectorParameters } from './connector-parameters.ts';
import { apiPath, connectorPath, functionArn, rolesBelow, stateMachineArn, workflowPath } from './names.ts';
import { allow, explainWildcards } from './statements.ts';
import { type TaskFunction, taskFunction } from './task-function.ts';

/** One data-plane function of a capability. */
export interface DataPlaneTask {
  name: string;
  /** What a registration calls it, for example `backfillRange`. */
  key: string;
  code: Code;
  timeoutSeconds: number;
  memoryMb: number;
  statements: PolicyStatement[];
  /** Whether it works through ranges, many at a time. */
  manyAtOnce: boolean;
}

export interface ConnectorProps {
  platform: Platform;
  /** Tells apart the connectors of one account. */
  name: string;
  tasks: (secretArn: string) => DataPlaneTask[];
  environment: Record<string, string>;
  logRetention: RetentionDays;
  keepData: boolean;
  logKey?: IKey;
}

export interface Connector {
  /** Task name → its function and published version. */
  functions: Map<string, TaskFunction>;
  /** What the platform is told of this connector when it is its own, ARNs shortened to what differs. */
  own: {
    region: string;
    roleArn: string;
    externalId: string;
    functions: string;
    versions: Record<string, string>;
  };
}

/**
 * Node on Lambda no longer loads Amazon's certificate authorities by itself; this file of the runtime has
 * them, those of RDS in every Region among them, so that TLS to a database can be verified.
 */
const certificateBundle = '/var/runtime/ca-cert.pem';

/**
 * The data plane beside the databases: its functions in the VPC given by parameters, and the one role with
 * which the platform's state machines and API may invoke these functions and do nothing else.
 */
export function connector(scope: Construct, props: ConnectorProps): Connector {
  const { platform } = props;
  const parameters = connectorParameters(scope);
  networkEndpoints(scope, parameters, platform);
  const tasks = props.tasks(parameters.secretArns);
  const functions = new Map(
    tasks.map((task) => [
      task.name,
      taskFunction(scope, task.name, {
        functionName: `${platform.prefix}-${props.name}-${task.name}`,
        code: task.code,
        description: `Theseus ${platform.prefix}: ${task.name} beside the databases`,
        timeoutSeconds: task.timeoutSeconds,
        memoryMb: task.memoryMb,
        environment: { ...props.environment, NODE_EXTRA_CA_CERTS: certificateBundle },
        statements: task.statements,
        logRetention: props.logRetention,
        keepData: props.keepData,
        ...(props.logKey === undefined ? {} : { logKey: props.logKey }),
        network: parameters.network,
        rolePath: connectorPath(platform.prefix),
        concurrency: task.manyAtOnce ? parameters.rangeConcurrency : parameters.stepConcurrency,
      }),
    ]),
  );

  const versions = [...functions.values()].map(({ handler }) => `${handler.functionArn}:*`);
  const statements = [allow('Invoke', { actions: ['lambda:InvokeFunction'], resources: versions })];
  // Of this stack alone, and known to nobody who was not told it: the API has to name it.
  const externalId = Fn.select(2, Fn.split('/', Stack.of(scope).stackId));
  const roleOfPlatform = (path: string) => ({
    'aws:PrincipalArn': rolesBelow(scope, platform.account, path),
  });
  const role = new Role(scope, 'InvokeRole', {
    path: connectorPath(platform.prefix),
    description: `Lets the state machines and the API of ${platform.prefix} invoke these functions`,
    assumedBy: new CompositePrincipal(
      // Step Functions sends the ARN of the state machine as external id, so nobody else can borrow the trust.
      new AccountPrincipal(platform.account).withConditions({
        ArnLike: roleOfPlatform(workflowPath(platform.prefix)),
        StringLike: {
          'sts:ExternalId': stateMachineArn(scope, platform.prefix, '*', platform.account),
        },
      }),
      new AccountPrincipal(platform.account).withConditions({
        ArnLike: roleOfPlatform(apiPath(platform.prefix)),
        StringEquals: { 'sts:ExternalId': externalId },
      }),
    ),
    inlinePolicies: { rights: new PolicyDocument({ statements }) },
  });
  explainWildcards(role, statements);

  const { region } = Stack.of(scope);
  const versionOf = (task: string) => functions.get(task)?.version;
  new CfnOutput(scope, 'Registration', {
    value: Stack.of(scope).toJsonString({
      name: props.name,
      region,
      roleArn: role.roleArn,
      externalId,
      functions: Object.fromEntries(tasks.map(({ name, key }) => [key, versionOf(name)?.functionArn ?? ''])),
    }),
    description: 'For theseus connector add --file: what this connector is registered with',
  });
  return {
    functions,
    own: {
      region,
      roleArn: role.roleArn,
      externalId,
      functions: functionArn(scope, `${platform.prefix}-${props.name}-`),
      versions: Object.fromEntries(tasks.map(({ name }) => [name, versionOf(name)?.version ?? ''])),
    },
  };
}
