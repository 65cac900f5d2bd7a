import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { readSecret } from '../constructs/connector-parameters.ts';
import { stateMachineArn } from '../constructs/names.ts';
import { allow } from '../constructs/statements.ts';
import type { Right } from './migration-grants.ts';

/** The resources that rights are about. A function of the data plane knows the first three and its secrets. */
export interface Resources {
  prefix: string;
  tableArn: string;
  bucketArn: string;
  keyArn: string;
  secretArns?: string;
  machines?: string[];
  eventBusArn?: string;
  schedulerRoleArn?: string;
  scheduleGroup?: string;
  connectorFunctionArns?: string[];
}

function needed<T>(value: T | undefined, right: Right): T {
  if (value === undefined)
    throw new Error(`The right ${right} was granted where its resource does not exist`);
  return value;
}

/** The AWS actions of each right that the code calls; a test reads this against the bundles. */
export const actionsOf: Record<Right, string[]> = {
  readRecords: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:BatchGetItem'],
  writeRecords: ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
  readArtifacts: ['s3:GetObject'],
  writeArtifacts: ['s3:PutObject', 's3:AbortMultipartUpload'],
  readDatabaseSecret: ['secretsmanager:GetSecretValue'],
  startWorkflows: ['states:StartExecution'],
  readExecutions: ['states:DescribeExecution'],
  answerTokens: ['states:SendTaskSuccess', 'states:SendTaskFailure'],
  scheduleRemoval: ['scheduler:CreateSchedule', 'scheduler:GetSchedule', 'scheduler:DeleteSchedule'],
  publishEvents: ['events:PutEvents'],
  invokeConnector: ['lambda:InvokeFunction'],
};

/** The statements of a function that was granted these rights, in the order of the rights. */
export function statementsOf(scope: Construct, rights: Right[], resources: Resources): PolicyStatement[] {
  const { prefix, tableArn, bucketArn } = resources;
  const stack = Stack.of(scope);
  const executions = (machine: string) =>
    stack.formatArn({
      service: 'states',
      resource: 'execution',
      resourceName: `${prefix}-${machine}:*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  const grant: Record<Right, () => PolicyStatement[]> = {
    readRecords: () => [
      allow('ReadRecords', {
        actions: actionsOf.readRecords,
        resources: [tableArn, `${tableArn}/index/*`],
      }),
    ],
    writeRecords: () => [allow('WriteRecords', { actions: actionsOf.writeRecords, resources: [tableArn] })],
    readArtifacts: () => [
      allow('ReadArtifacts', { actions: actionsOf.readArtifacts, resources: [`${bucketArn}/*`] }),
      // Without it a missing object looks like a forbidden one.
      allow('TellMissingArtifacts', { actions: ['s3:ListBucket'], resources: [bucketArn] }),
    ],
    writeArtifacts: () => [
      allow('WriteArtifacts', { actions: actionsOf.writeArtifacts, resources: [`${bucketArn}/*`] }),
    ],
    readDatabaseSecret: () => readSecret(needed(resources.secretArns, 'readDatabaseSecret'), stack.region),
    startWorkflows: () => [
      allow('StartWorkflow', {
        actions: actionsOf.startWorkflows,
        resources: needed(resources.machines, 'startWorkflows').flatMap((machine) => {
          const arn = stateMachineArn(scope, prefix, machine);
          return [arn, `${arn}:*`];
        }),
      }),
    ],
    readExecutions: () => [
      allow('ReadExecution', {
        actions: actionsOf.readExecutions,
        resources: needed(resources.machines, 'readExecutions').map(executions),
      }),
    ],
    answerTokens: () => [allow('AnswerToken', { actions: actionsOf.answerTokens, resources: ['*'] })],
    scheduleRemoval: () => [
      allow('ScheduleRemoval', {
        actions: actionsOf.scheduleRemoval,
        resources: [
          stack.formatArn({
            service: 'scheduler',
            resource: 'schedule',
            resourceName: `${needed(resources.scheduleGroup, 'scheduleRemoval')}/*`,
          }),
        ],
      }),
      allow('PassSchedulerRole', {
        actions: ['iam:PassRole'],
        resources: [needed(resources.schedulerRoleArn, 'scheduleRemoval')],
        conditions: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
      }),
    ],
    publishEvents: () => [
      allow('PublishEvents', {
        actions: actionsOf.publishEvents,
        resources: [needed(resources.eventBusArn, 'publishEvents')],
      }),
    ],
    invokeConnector: () => [
      allow('Invoke', {
        actions: actionsOf.invokeConnector,
        resources: needed(resources.connectorFunctionArns, 'invokeConnector'),
      }),
    ],
  };
  return [...rights.flatMap((right) => grant[right]()), useKey(rights, resources.keyArn, stack.region)];
}

/** The environment's key, only through the services whose data it encrypts. */
function useKey(rights: Right[], keyArn: string, region: string): PolicyStatement {
  const services = new Set<string>();
  for (const right of rights) {
    if (right.endsWith('Records')) services.add('dynamodb');
    if (right.endsWith('Artifacts')) services.add('s3');
    if (['startWorkflows', 'readExecutions', 'answerTokens'].includes(right)) services.add('states');
  }
  return allow('UseKey', {
    actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
    resources: [keyArn],
    conditions: {
      StringEquals: {
        'kms:ViaService': [...services].map((service) => `${service}.${region}.amazonaws.com`),
      },
    },
  });
}
