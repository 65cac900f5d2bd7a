import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { AccountPrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { Environment } from '../environments.ts';
import { connectorPath, rolesBelow } from './names.ts';
import { allow } from './statements.ts';

/**
 * The one table of a capability: `pk`/`sk`, one index on `gsi1pk`/`gsi1sk`, items expire at `expiresAt`
 * (epoch seconds). Restorable to any second of the last 35 days.
 */
export function recordsTable(
  scope: Construct,
  capability: string,
  environment: Environment,
  encryptionKey: IKey,
  /** What connectors of other accounts do with it; none where it is of the control plane alone. */
  connectorActions: string[],
): Table {
  const table = new Table(scope, 'Records', {
    tableName: `${environment.prefix}-${capability}`,
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    sortKey: { name: 'sk', type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    timeToLiveAttribute: 'expiresAt',
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    encryption: TableEncryption.CUSTOMER_MANAGED,
    encryptionKey,
    deletionProtection: environment.keepData,
    removalPolicy: environment.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  });
  table.addGlobalSecondaryIndex({
    indexName: 'gsi1',
    partitionKey: { name: 'gsi1pk', type: AttributeType.STRING },
    sortKey: { name: 'gsi1sk', type: AttributeType.STRING },
    projectionType: ProjectionType.ALL,
  });
  if (environment.connectorAccounts.length > 0 && connectorActions.length > 0) {
    table.addToResourcePolicy(
      allow('WriteFromConnectors', {
        principals: environment.connectorAccounts.map((id) => new AccountPrincipal(id)),
        actions: connectorActions,
        resources: ['*'],
        conditions: { ArnLike: { 'aws:PrincipalArn': connectorRoles(scope, environment) } },
      }),
    );
  }
  return table;
}

/** The roles of the functions that connectors deploy in the other accounts. */
export function connectorRoles(scope: Construct, environment: Environment): string[] {
  return environment.connectorAccounts.map((id) => rolesBelow(scope, id, connectorPath(environment.prefix)));
}
