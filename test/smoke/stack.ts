import { App, CfnOutput, CfnParameter, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  CfnUserPoolGroup,
  CfnUserPoolUser,
  CfnUserPoolUserToGroupAttachment,
  UserPool,
} from 'aws-cdk-lib/aws-cognito';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import * as rds from 'aws-cdk-lib/aws-rds';
import { AwsCustomResource, AwsCustomResourcePolicy, PhysicalResourceId } from 'aws-cdk-lib/custom-resources';
import { handlerCode } from '../../cdk/constructs/handler-code.ts';
import { asVpc } from '../../cdk/constructs/interfaces.ts';

/** Everything the smoke test is named after; the environment under test is `theseus-smoke-dev`. */
export const smokeName = 'theseus-smoke';
export const user = 'smoke@example.com';

/** A closed network with a small PostgreSQL in it, and a function that runs SQL there. */
function database(stack: Stack): void {
  const network = new ec2.Vpc(stack, 'Network', {
    maxAzs: 2,
    natGateways: 0,
    restrictDefaultSecurityGroup: false,
    subnetConfiguration: [{ name: 'closed', subnetType: ec2.SubnetType.PRIVATE_ISOLATED }],
  });
  const vpc = asVpc(network);
  const functions = new ec2.SecurityGroup(stack, 'Functions', {
    vpc,
    description: 'Functions of the smoke test',
  });
  const instance = new rds.DatabaseInstance(stack, 'Database', {
    engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17 }),
    instanceType: ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.MICRO),
    vpc,
    vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
    credentials: rds.Credentials.fromGeneratedSecret('shop', { secretName: `${smokeName}/database` }),
    databaseName: 'shop',
    allocatedStorage: 20,
    storageEncrypted: true,
    backupRetention: Duration.days(0),
    deletionProtection: false,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  instance.connections.allowDefaultPortFrom(functions);
  const sql = new LambdaFunction(stack, 'Sql', {
    functionName: `${smokeName}-sql`,
    code: handlerCode({ sql: 'test/smoke/sql.ts' })('sql'),
    handler: 'index.handler',
    runtime: Runtime.NODEJS_24_X,
    timeout: Duration.minutes(5),
    memorySize: 512,
    vpc,
    vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
    securityGroups: [functions],
    environment: {
      DATABASE_SECRET: instance.secret?.secretArn ?? '',
      NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem',
    },
  });
  instance.secret?.grantRead(sql);

  const outputs = {
    SubnetIds: network.isolatedSubnets.map(({ subnetId }) => subnetId).join(','),
    RouteTableIds: network.isolatedSubnets.map(({ routeTable }) => routeTable.routeTableId).join(','),
    SecurityGroupIds: functions.securityGroupId,
    VpcId: vpc.vpcId,
    SecretArn: instance.secret?.secretArn ?? '',
    SqlFunction: sql.functionName,
  };
  for (const [name, value] of Object.entries(outputs)) new CfnOutput(stack, name, { value });
}

/** An issuer of tokens with one user, whose password is given at deployment. */
function callers(stack: Stack): void {
  const password = new CfnParameter(stack, 'UserPassword', { type: 'String', noEcho: true, minLength: 16 });
  const pool = new UserPool(stack, 'Callers', {
    selfSignUpEnabled: false,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const client = pool.addClient('Smoke', { authFlows: { userPassword: true } });
  const userPoolId = pool.userPoolId;
  const person = new CfnUserPoolUser(stack, 'Caller', {
    userPoolId,
    username: user,
    messageAction: 'SUPPRESS',
  });
  const group = new CfnUserPoolGroup(stack, 'Operators', { userPoolId, groupName: 'theseus:operator' });
  const membership = new CfnUserPoolUserToGroupAttachment(stack, 'Membership', {
    userPoolId,
    username: user,
    groupName: 'theseus:operator',
  });
  membership.addResourceDependency(person);
  membership.addResourceDependency(group);
  const setPassword = new AwsCustomResource(stack, 'SetPassword', {
    onUpdate: {
      // also when it is created
      service: 'CognitoIdentityServiceProvider',
      action: 'adminSetUserPassword',
      parameters: {
        UserPoolId: userPoolId,
        Username: user,
        Password: password.valueAsString,
        Permanent: true,
      },
      physicalResourceId: PhysicalResourceId.of('password'),
    },
    policy: AwsCustomResourcePolicy.fromSdkCalls({ resources: [pool.userPoolArn] }),
    installLatestAwsSdk: false,
  });
  setPassword.node.addDependency(person);
  new CfnOutput(stack, 'JwtIssuer', { value: pool.userPoolProviderUrl });
  new CfnOutput(stack, 'JwtAudience', { value: client.userPoolClientId });
}

/** What the smoke test needs around the environment it tests. */
export function smokeApp(): App {
  const app = new App();
  const stack = new Stack(app, smokeName, { description: 'Surroundings of the smoke test of Theseus' });
  database(stack);
  callers(stack);
  return app;
}
