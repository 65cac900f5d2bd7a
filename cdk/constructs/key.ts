import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AccountPrincipal, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { Environment } from '../environments.ts';
import { allow } from './statements.ts';

const useKey = ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'];

/**
 * The key that secrets of configuration are sealed with: one of its own, so that who may open secrets is said apart from
 * who may read records, and shows apart in CloudTrail.
 */
export const secretsKey = (scope: Construct, { prefix, keepData }: Environment): Key =>
  new Key(scope, 'SecretsKey', {
    alias: `alias/${prefix}-secrets`,
    description: `Secrets of configuration of ${prefix}`,
    enableKeyRotation: true,
    removalPolicy: keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  });

/**
 * One customer key an environment: row backups hold the tenants' data, and only a key of one's own can be
 * revoked and shows in CloudTrail who read them. Connectors of the listed accounts may use it through
 * DynamoDB and S3 alone.
 */
export function environmentKey(scope: Construct, environment: Environment): Key {
  const { account, region, partition } = Stack.of(scope);
  const key = new Key(scope, 'Key', {
    alias: `alias/${environment.prefix}`,
    description: `Records, artifacts and logs of ${environment.prefix}`,
    enableKeyRotation: true,
    removalPolicy: environment.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  });
  key.addToResourcePolicy(
    allow('EncryptLogs', {
      principals: [new ServicePrincipal(`logs.${region}.amazonaws.com`)],
      actions: useKey,
      resources: ['*'],
      conditions: {
        ArnLike: {
          'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:log-group:*${environment.prefix}*`,
        },
      },
    }),
  );
  key.addToResourcePolicy(
    allow('SendAlarms', {
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
      resources: ['*'],
      conditions: { StringEquals: { 'aws:SourceAccount': account } },
    }),
  );
  key.addToResourcePolicy(
    allow('DeliverWorkflowLogs', {
      principals: [new ServicePrincipal('delivery.logs.amazonaws.com')],
      actions: ['kms:Decrypt'],
      resources: ['*'],
      conditions: {
        StringEquals: { 'kms:EncryptionContext:SourceArn': `arn:${partition}:logs:${region}:${account}:*` },
      },
    }),
  );
  if (environment.connectorAccounts.length > 0) {
    key.addToResourcePolicy(
      allow('UseFromConnectors', {
        principals: environment.connectorAccounts.map((id) => new AccountPrincipal(id)),
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
        conditions: {
          StringEquals: {
            'kms:ViaService': [`dynamodb.${region}.amazonaws.com`, `s3.${region}.amazonaws.com`],
          },
        },
      }),
    );
  }
  return key;
}
