import { Fn, Stack } from 'aws-cdk-lib';
import { CfnSecurityGroup, CfnVPCEndpoint } from 'aws-cdk-lib/aws-ec2';
import { AnyPrincipal, PolicyDocument } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { ConnectorParameters } from './connector-parameters.ts';
import { loginSecrets, secretArns } from './names.ts';
import { allow } from './statements.ts';

/** What a connector must know of the platform it works for. */
export interface Platform {
  /** Begins the names of the platform's resources, for example `theseus-production`. */
  prefix: string;
  account: string;
  tableArn: string;
  bucketArn: string;
  keyArn: string;
  /** What the functions of a connector do with table and bucket; endpoints let through no more. */
  actions: { dynamodb: string[]; s3: string[] };
}

/**
 * Endpoints for a VPC without a way out: S3 and DynamoDB through the route tables, Secrets Manager through
 * the subnets. Each lets through only what a connector needs.
 */
export function networkEndpoints(
  scope: Construct,
  parameters: ConnectorParameters,
  platform: Platform,
): void {
  const { region } = Stack.of(scope);
  const { vpcId, routeTableIds, network, makeEndpoints } = parameters;
  const service = (name: string) => `com.amazonaws.${region}.${name}`;

  const gateways = [
    {
      name: 's3',
      actions: platform.actions.s3,
      resources: [platform.bucketArn, `${platform.bucketArn}/*`],
    },
    {
      name: 'dynamodb',
      actions: platform.actions.dynamodb,
      resources: [platform.tableArn, `${platform.tableArn}/index/*`],
    },
  ];
  for (const { name, actions, resources } of gateways) {
    const endpoint = new CfnVPCEndpoint(scope, `${name}Endpoint`, {
      vpcId,
      serviceName: service(name),
      vpcEndpointType: 'Gateway',
      routeTableIds,
      policyDocument: new PolicyDocument({
        statements: [allow('PassThroughEndpoint', { principals: [new AnyPrincipal()], actions, resources })],
      }),
    });
    endpoint.cfnOptions.condition = makeEndpoints;
  }

  const access = new CfnSecurityGroup(scope, 'EndpointAccess', {
    groupDescription: 'Lets the functions of a Theseus connector reach Secrets Manager',
    vpcId,
    securityGroupIngress: [
      {
        ipProtocol: 'tcp',
        fromPort: 443,
        toPort: 443,
        sourceSecurityGroupId: Fn.select(0, network.securityGroupIds),
        description: 'TLS from the functions',
      },
    ],
  });
  access.cfnOptions.condition = makeEndpoints;
  const secrets = new CfnVPCEndpoint(scope, 'SecretsEndpoint', {
    vpcId,
    serviceName: service('secretsmanager'),
    vpcEndpointType: 'Interface',
    privateDnsEnabled: true,
    subnetIds: network.subnetIds,
    securityGroupIds: [access.attrGroupId],
    policyDocument: new PolicyDocument({
      statements: [
        allow('PassThroughEndpoint', {
          principals: [new AnyPrincipal()],
          actions: ['secretsmanager:GetSecretValue'],
          resources: [parameters.secretArns],
        }),
        allow('PassThroughEndpoint', {
          principals: [new AnyPrincipal()],
          actions: [
            'secretsmanager:CreateSecret',
            'secretsmanager:DeleteSecret',
            'secretsmanager:GetSecretValue',
          ],
          resources: [secretArns(scope, loginSecrets(platform.prefix))],
        }),
      ],
    }),
  });
  secrets.cfnOptions.condition = makeEndpoints;
}
