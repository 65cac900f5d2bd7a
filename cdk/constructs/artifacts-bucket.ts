import { CfnOutput, Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { AccountPrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type BucketProps,
  ObjectOwnership,
  StorageClass,
} from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Environment } from '../environments.ts';
import { asBucket } from './interfaces.ts';
import { connectorRoles } from './records-table.ts';
import { allow } from './statements.ts';

function closed(environment: Environment): BucketProps {
  return {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    removalPolicy: environment.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  };
}

/**
 * Plans, definitions and row backups. Private, TLS only, versioned: what is overwritten or deleted stays for
 * 30 days. Nothing current expires but uploads, because a row backup is the only copy of what a migration removed.
 */
export function artifactsBucket(
  scope: Construct,
  environment: Environment,
  encryptionKey: IKey,
  connectorActions: string[],
): Bucket {
  const accessLogs = new Bucket(scope, 'ArtifactsAccessLogs', {
    ...closed(environment),
    encryption: BucketEncryption.S3_MANAGED, // the only encryption log delivery can write with
    lifecycleRules: [{ expiration: Duration.days(90) }],
  });
  Validations.of(accessLogs).acknowledge({
    id: 'AwsSolutions-S1',
    reason: 'It receives the access logs of the other bucket; logging its own access would never end.',
  });
  new CfnOutput(scope, 'AccessLogsBucket', {
    value: accessLogs.bucketName,
    description: 'Who read and wrote artifacts',
  });
  const bucket = new Bucket(scope, 'Artifacts', {
    ...closed(environment),
    versioned: true,
    encryption: BucketEncryption.KMS,
    encryptionKey,
    bucketKeyEnabled: true,
    serverAccessLogsBucket: asBucket(accessLogs),
    serverAccessLogsPrefix: 'artifacts/',
    lifecycleRules: [
      // What nobody came back for; what was registered is kept elsewhere.
      { prefix: 'uploads/', expiration: Duration.days(1) },
      {
        abortIncompleteMultipartUploadAfter: Duration.days(7),
        noncurrentVersionExpiration: Duration.days(30),
        transitions: [{ storageClass: StorageClass.INTELLIGENT_TIERING, transitionAfter: Duration.days(0) }],
      },
    ],
  });
  if (environment.connectorAccounts.length > 0) {
    bucket.addToResourcePolicy(
      allow('WriteFromConnectors', {
        principals: environment.connectorAccounts.map((id) => new AccountPrincipal(id)),
        actions: connectorActions,
        resources: [bucket.bucketArn, bucket.arnForObjects('*')],
        conditions: { ArnLike: { 'aws:PrincipalArn': connectorRoles(scope, environment) } },
      }),
    );
  }
  return bucket;
}
