import { CfnCondition, CfnParameter, Fn, type IResolvable, Token } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { allow } from './statements.ts';
import type { Network } from './task-function.ts';

export interface ConnectorParameters {
  network: Network;
  vpcId: string;
  routeTableIds: string[];
  /** True when the stack shall make the endpoints through which functions reach AWS without the internet. */
  makeEndpoints: CfnCondition;
  /** The secrets that may be read, as one ARN pattern. */
  secretArns: string;
  /** Invocations at the same time of a function that works through ranges, and of any other. */
  rangeConcurrency: IResolvable;
  stepConcurrency: IResolvable;
}

function concurrency(scope: Construct, id: string, initial: number, description: string): IResolvable {
  const parameter = new CfnParameter(scope, id, {
    type: 'Number',
    default: initial,
    minValue: 0,
    maxValue: 100,
    description: `${description} Each holds up to two connections. 0 reserves nothing and limits nothing.`,
  });
  const limited = new CfnCondition(scope, `${id}Limited`, {
    expression: Fn.conditionNot(Fn.conditionEquals(parameter.valueAsString, '0')),
  });
  return Fn.conditionIf(limited.logicalId, parameter.valueAsString, Fn.ref('AWS::NoValue'));
}

/**
 * What a connector is told about its network and secrets when it is deployed. Nothing is looked up, so that
 * the same template serves every account.
 */
export function connectorParameters(scope: Construct): ConnectorParameters {
  const subnets = new CfnParameter(scope, 'SubnetIds', {
    type: 'List<AWS::EC2::Subnet::Id>',
    description: 'Private subnets from which the databases can be reached, in two zones or more',
  });
  const securityGroups = new CfnParameter(scope, 'SecurityGroupIds', {
    type: 'List<AWS::EC2::SecurityGroup::Id>',
    description: 'Security groups of the functions; the databases let them in, and they may go out on 443',
  });
  const connectionPrefix = new CfnParameter(scope, 'ConnectionArnPrefix', {
    type: 'String',
    allowedPattern: '^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@!-]{3,}$',
    constraintDescription:
      'expected the beginning of a secret ARN with at least three characters of its name',
    description: 'Secrets whose ARN begins so may be read, for example arn:…:secret:databases/shop-',
  });
  const makeEndpoints = new CfnParameter(scope, 'MakeEndpoints', {
    type: 'String',
    allowedValues: ['yes', 'no'],
    default: 'no',
    description: 'yes: make endpoints for S3, DynamoDB and Secrets Manager in a VPC that has no way out',
  });
  const vpc = new CfnParameter(scope, 'VpcId', {
    type: 'String',
    default: '',
    allowedPattern: '^(vpc-[0-9a-f]+)?$',
    description: 'The VPC of the subnets; needed for endpoints only',
  });
  const routeTables = new CfnParameter(scope, 'RouteTableIds', {
    type: 'CommaDelimitedList',
    default: '',
    description: 'Route tables of the subnets; needed for endpoints only',
  });
  return {
    network: {
      subnetIds: Token.asList(subnets.value),
      securityGroupIds: Token.asList(securityGroups.value),
    },
    vpcId: vpc.valueAsString,
    routeTableIds: Token.asList(routeTables.value),
    makeEndpoints: new CfnCondition(scope, 'EndpointsWanted', {
      expression: Fn.conditionEquals(makeEndpoints.valueAsString, 'yes'),
    }),
    secretArns: `${connectionPrefix.valueAsString}*`,
    rangeConcurrency: concurrency(
      scope,
      'RangeConcurrency',
      8,
      'Ranges that are backfilled, and as many that are verified, at the same time.',
    ),
    stepConcurrency: concurrency(
      scope,
      'StepConcurrency',
      2,
      'Invocations of any other step at the same time.',
    ),
  };
}

/** Decrypting belongs to reading a secret whose key is a customer's own; only through Secrets Manager. */
export function readSecret(secretArns: string, region: string): PolicyStatement[] {
  return [
    allow('ReadDatabaseSecret', { actions: ['secretsmanager:GetSecretValue'], resources: [secretArns] }),
    allow('DecryptDatabaseSecret', {
      actions: ['kms:Decrypt'],
      resources: ['*'],
      conditions: {
        StringEquals: { 'kms:ViaService': `secretsmanager.${region}.amazonaws.com` },
        ArnLike: { 'kms:EncryptionContext:SecretARN': secretArns },
      },
    }),
  ];
}
