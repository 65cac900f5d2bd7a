import { Duration, type IResolvable, RemovalPolicy } from 'aws-cdk-lib';
import { Effect, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  Architecture,
  CfnFunction,
  type Code,
  Function as LambdaFunction,
  Runtime,
  Tracing,
  type Version,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { functionArn, pascalCase } from './names.ts';
import { allow, explainWildcards } from './statements.ts';

/** Where a function is attached to a network: ids, or the values of CloudFormation parameters. */
export interface Network {
  subnetIds: string[];
  securityGroupIds: string[];
}

export interface TaskFunctionProps {
  /** The full name, environment included; at most 64 characters. */
  functionName: string;
  code: Code;
  description: string;
  timeoutSeconds: number;
  memoryMb: number;
  environment: Record<string, string>;
  /** What it may do besides logging and tracing. */
  statements: PolicyStatement[];
  logRetention: RetentionDays;
  /** Log groups and versions outlive the function when data is kept. */
  keepData: boolean;
  logKey?: IKey;
  network?: Network;
  /** Most invocations at the same time. */
  concurrency?: number | IResolvable;
  rolePath?: string;
}

export interface TaskFunction {
  handler: LambdaFunction;
  /** The published version, which stays when the next one is published. */
  version: Version;
}

const networkActions = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

function baseStatements(logGroup: LogGroup, arn: string, network: boolean): PolicyStatement[] {
  const base = [
    allow('WriteLog', {
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [logGroup.logGroupArn],
    }),
    allow('Trace', { actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], resources: ['*'] }),
  ];
  if (!network) return base;
  return [
    ...base,
    allow('AttachToNetwork', { actions: networkActions, resources: ['*'] }),
    new PolicyStatement({
      sid: 'CodeMayNotAttachToNetwork',
      effect: Effect.DENY,
      actions: networkActions,
      resources: ['*'],
      conditions: { ArnEquals: { 'lambda:SourceFunctionArn': arn } },
    }),
  ];
}

/**
 * One handler as a Lambda function with our defaults: arm64, Node 24, one minified ES module, its own role
 * and log group, X-Ray, and a published version that is retained, because running executions go on using
 * the version they started with.
 */
export function taskFunction(scope: Construct, name: string, props: TaskFunctionProps): TaskFunction {
  const id = pascalCase(name);
  const logGroup = new LogGroup(scope, `${id}Log`, {
    logGroupName: `/aws/lambda/${props.functionName}`,
    retention: props.logRetention,
    removalPolicy: props.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    ...(props.logKey === undefined ? {} : { encryptionKey: props.logKey }),
  });
  const statements = [
    ...baseStatements(logGroup, functionArn(scope, props.functionName), props.network !== undefined),
    ...props.statements,
  ];
  const role = new Role(scope, `${id}Role`, {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    description: `What ${props.functionName} may do`,
    ...(props.rolePath === undefined ? {} : { path: props.rolePath }),
    inlinePolicies: { rights: new PolicyDocument({ statements }) },
  });
  explainWildcards(role, statements);

  const handler = new LambdaFunction(scope, `${id}Function`, {
    functionName: props.functionName,
    description: props.description,
    code: props.code,
    handler: 'index.handler',
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    memorySize: props.memoryMb,
    timeout: Duration.seconds(props.timeoutSeconds),
    environment: { NODE_OPTIONS: '--enable-source-maps', ...props.environment },
    tracing: Tracing.ACTIVE,
    logGroup,
    // Nothing adds to a role behind the statements above, which are what the tests read.
    role: role.withoutPolicyUpdates(),
    currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
  });
  const resource = handler.node.defaultChild;
  if (!(resource instanceof CfnFunction)) throw new Error(`${handler.node.path} has no function resource`);
  // Both may be CloudFormation parameters, which the construct takes neither as lists nor as conditions.
  if (props.network !== undefined) resource.vpcConfig = props.network;
  if (props.concurrency !== undefined) {
    resource.addPropertyOverride('ReservedConcurrentExecutions', props.concurrency);
  }
  return { handler, version: handler.currentVersion };
}
