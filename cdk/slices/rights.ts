import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { readSecret } from '../constructs/connector-parameters.ts';
import {
  gateSecret,
  loginSecrets,
  metricSecrets,
  promotionSecret,
  secretArns,
  stateMachineArn,
  webhookSecrets,
} from '../constructs/names.ts';
import { allow } from '../constructs/statements.ts';

/** What a function may be allowed; each stands for the AWS actions below. */
export type Right =
  | 'readRecords'
  | 'listRecords'
  | 'writeRecords'
  | 'writeManyRecords'
  | 'deleteRecords'
  | 'readArtifacts'
  | 'writeArtifacts'
  | 'writeBackups'
  | 'deleteBackups'
  | 'deleteFlagObjects'
  | 'readDatabaseSecret'
  | 'makeLoginSecret'
  | 'deleteLoginSecret'
  | 'readWebhookSecret'
  | 'keepWebhookSecret'
  | 'keepConsumerSecret'
  | 'keepSubscriberSecret'
  | 'sendEmail'
  | 'scheduleWake'
  | 'startWorkflows'
  | 'readExecutions'
  | 'answerTokens'
  | 'scheduleRemoval'
  | 'publishEvents'
  | 'readMetrics'
  | 'readMetricSecret'
  | 'readTelemetryHeaders'
  | 'assumeConnector'
  | 'useCloudMap'
  | 'askGateway'
  | 'askServices'
  | 'askFlags'
  | 'invokeTargets'
  | 'moveTargets'
  | 'readAlarms'
  | 'keepGateSecret'
  | 'readPromotionSecret'
  | 'makeConfigurationPlaces'
  | 'deployConfiguration'
  | 'readDeployedConfiguration'
  | 'listDeployments'
  | 'readHostedConfiguration'
  | 'deleteHostedConfiguration'
  | 'sealSecrets'
  | 'openSecrets';

/** The resources that rights are about. A function of the data plane knows the first three and its secrets. */
export interface Resources {
  prefix: string;
  /** Of the capability's one table. */
  tableArn: string;
  keyArn: string;
  bucketArn?: string;
  secretArns?: string;
  machines?: string[];
  eventBusArn?: string;
  schedulerRoleArn?: string;
  scheduleGroup?: string;
  /** Whom e-mail to consumers comes from; undefined where none is sent. */
  noticeSender?: string | undefined;
  /** At AppConfig. */
  application?: { arn: string; alarmRoleArn: string };
  /** The key of secrets of configuration. */
  secretsKeyArn?: string;
  connectorRoles?: string[];
  /** Only where the operator named one. */
  telemetryHeadersArn?: string | undefined;
  /** Functions of other capabilities that this one asks, by capability. */
  asked?: { gateway?: string[]; services?: string[]; flags?: string[] };
}

function needed<T>(value: T | undefined, right: Right): T {
  if (value === undefined)
    throw new Error(`The right ${right} was granted where its resource does not exist`);
  return value;
}

/** The AWS actions of each right that the code calls; a test reads this against the bundles. */
export const actionsOf: Record<Right, string[]> = {
  readRecords: ['dynamodb:GetItem'],
  listRecords: ['dynamodb:Query', 'dynamodb:BatchGetItem'],
  writeRecords: ['dynamodb:PutItem', 'dynamodb:UpdateItem'],
  /** May delete as well, which only its caller can keep from happening. */
  writeManyRecords: ['dynamodb:BatchWriteItem'],
  deleteRecords: ['dynamodb:DeleteItem'],
  readArtifacts: ['s3:GetObject', 's3:ListBucket'],
  writeArtifacts: ['s3:PutObject'],
  writeBackups: ['s3:AbortMultipartUpload'],
  deleteBackups: ['s3:DeleteObject'],
  deleteFlagObjects: ['s3:DeleteObject'],
  readDatabaseSecret: ['secretsmanager:GetSecretValue'],
  makeLoginSecret: ['secretsmanager:CreateSecret', 'secretsmanager:GetSecretValue'],
  deleteLoginSecret: ['secretsmanager:DeleteSecret'],
  readWebhookSecret: ['secretsmanager:GetSecretValue'],
  keepWebhookSecret: [
    'secretsmanager:CreateSecret',
    'secretsmanager:PutSecretValue',
    'secretsmanager:DeleteSecret',
  ],
  startWorkflows: ['states:StartExecution'],
  readExecutions: ['states:DescribeExecution'],
  answerTokens: ['states:SendTaskSuccess', 'states:SendTaskFailure'],
  scheduleRemoval: ['scheduler:CreateSchedule'],
  scheduleWake: ['scheduler:CreateSchedule'],
  sendEmail: ['ses:SendEmail'],
  keepConsumerSecret: ['secretsmanager:GetSecretValue', 'secretsmanager:CreateSecret'],
  keepSubscriberSecret: ['secretsmanager:GetSecretValue', 'secretsmanager:CreateSecret'],
  publishEvents: ['events:PutEvents'],
  readMetrics: ['cloudwatch:GetMetricData'],
  readMetricSecret: ['secretsmanager:GetSecretValue'],
  readTelemetryHeaders: ['secretsmanager:GetSecretValue'],
  useCloudMap: [
    'servicediscovery:ListNamespaces',
    'servicediscovery:ListServices',
    'servicediscovery:ListTagsForResource',
    'servicediscovery:ListInstances',
    'servicediscovery:CreateService',
    'servicediscovery:RegisterInstance',
    'servicediscovery:DeregisterInstance',
  ],
  // Invoking is the right of the role, which only the stack of a connector gives.
  assumeConnector: ['sts:AssumeRole'],
  askGateway: ['lambda:InvokeFunction'],
  askServices: ['lambda:InvokeFunction'],
  askFlags: ['lambda:InvokeFunction'],
  invokeTargets: ['lambda:InvokeFunction'],
  moveTargets: [
    'lambda:InvokeFunction',
    'lambda:GetAlias',
    'lambda:UpdateAlias',
    'lambda:PublishVersion',
    'lambda:GetFunctionConfiguration',
    'lambda:GetProvisionedConcurrencyConfig',
    'lambda:DeleteFunction',
    'elasticloadbalancing:ModifyListener',
    'elasticloadbalancing:ModifyRule',
    'elasticloadbalancing:CreateRule',
    'elasticloadbalancing:DeleteRule',
    'elasticloadbalancing:AddTags',
    'ecs:DescribeServices',
    'ecs:UpdateService',
    'elasticloadbalancing:DescribeListeners',
    'elasticloadbalancing:DescribeRules',
    'elasticloadbalancing:DescribeTags',
    'elasticloadbalancing:DescribeTargetHealth',
  ],
  readAlarms: ['cloudwatch:DescribeAlarms'],
  keepGateSecret: ['secretsmanager:GetSecretValue', 'secretsmanager:CreateSecret'],
  readPromotionSecret: ['secretsmanager:GetSecretValue'],
  /** Environments and profiles of AppConfig, and the alarms that are looked at. */
  makeConfigurationPlaces: [
    'appconfig:ListEnvironments',
    'appconfig:CreateEnvironment',
    'appconfig:UpdateEnvironment',
    'appconfig:ListConfigurationProfiles',
    'appconfig:CreateConfigurationProfile',
  ],
  deployConfiguration: [
    'appconfig:ListHostedConfigurationVersions',
    'appconfig:CreateHostedConfigurationVersion',
    'appconfig:StartDeployment',
    'appconfig:GetDeployment',
  ],
  listDeployments: ['appconfig:ListDeployments'],
  deleteHostedConfiguration: ['appconfig:DeleteHostedConfigurationVersion'],
  readHostedConfiguration: ['appconfig:GetHostedConfigurationVersion'],
  readDeployedConfiguration: ['appconfig:StartConfigurationSession', 'appconfig:GetLatestConfiguration'],
  sealSecrets: ['kms:GenerateDataKey'],
  openSecrets: ['kms:Decrypt'],
};

/** The encryption context that every secret of configuration has; see functions/configuration/secrets/context.ts. */
const sealedFor = { 'kms:EncryptionContext:purpose': 'theseus-configuration' };

/** The statements of a function that was granted these rights, in the order of the rights. */
export function statementsOf(scope: Construct, rights: Right[], resources: Resources): PolicyStatement[] {
  const { prefix, tableArn } = resources;
  const bucket = (right: Right) => needed(resources.bucketArn, right);
  const stack = Stack.of(scope);
  const executions = (machine: string) =>
    stack.formatArn({
      service: 'states',
      resource: 'execution',
      resourceName: `${prefix}-${machine}:*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  const application = (right: Right) => needed(resources.application, right);
  /** The application of AppConfig and all that belongs to it. */
  const wholeApplication = (right: Right) => [application(right).arn, `${application(right).arn}/*`];
  const grant: Record<Right, () => PolicyStatement[]> = {
    readRecords: () => [allow('ReadRecords', { actions: actionsOf.readRecords, resources: [tableArn] })],
    listRecords: () => [
      allow('ListRecords', {
        actions: actionsOf.listRecords,
        resources: [tableArn, `${tableArn}/index/*`],
      }),
    ],
    writeRecords: () => [allow('WriteRecords', { actions: actionsOf.writeRecords, resources: [tableArn] })],
    writeManyRecords: () => [
      allow('WriteManyRecords', { actions: actionsOf.writeManyRecords, resources: [tableArn] }),
    ],
    deleteRecords: () => [
      allow('DeleteRecords', { actions: actionsOf.deleteRecords, resources: [tableArn] }),
    ],
    readArtifacts: () => [
      // Without ListBucket, which is about the bucket itself, a missing object looks like a forbidden one.
      allow('ReadArtifacts', {
        actions: actionsOf.readArtifacts,
        resources: [bucket('readArtifacts'), `${bucket('readArtifacts')}/*`],
      }),
    ],
    writeArtifacts: () => [
      allow('WriteArtifacts', {
        actions: actionsOf.writeArtifacts,
        resources: [`${bucket('writeArtifacts')}/*`],
      }),
    ],
    writeBackups: () => [
      allow('WriteBackups', { actions: actionsOf.writeBackups, resources: [`${bucket('writeBackups')}/*`] }),
    ],
    deleteBackups: () => [
      allow('DeleteBackups', {
        actions: actionsOf.deleteBackups,
        resources: [`${bucket('deleteBackups')}/backups/*`],
      }),
    ],
    deleteFlagObjects: () => [
      allow('DeleteFlagObjects', {
        actions: actionsOf.deleteFlagObjects,
        resources: [`${bucket('deleteFlagObjects')}/flags/*`],
      }),
    ],
    readDatabaseSecret: () => readSecret(needed(resources.secretArns, 'readDatabaseSecret'), stack.region),
    makeLoginSecret: () => [
      allow('MakeLoginSecret', {
        actions: actionsOf.makeLoginSecret,
        resources: [secretArns(scope, loginSecrets(prefix))],
      }),
    ],
    deleteLoginSecret: () => [
      allow('DeleteLoginSecret', {
        actions: actionsOf.deleteLoginSecret,
        resources: [secretArns(scope, loginSecrets(prefix))],
      }),
    ],
    readWebhookSecret: () => [
      allow('ReadWebhookSecret', {
        actions: actionsOf.readWebhookSecret,
        resources: [secretArns(scope, webhookSecrets(prefix))],
      }),
    ],
    keepWebhookSecret: () => [
      allow('KeepWebhookSecret', {
        actions: actionsOf.keepWebhookSecret,
        resources: [secretArns(scope, webhookSecrets(prefix))],
      }),
    ],
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
    scheduleWake: () => [
      allow('ScheduleWake', {
        actions: actionsOf.scheduleWake,
        resources: [
          stack.formatArn({
            service: 'scheduler',
            resource: 'schedule',
            resourceName: `${needed(resources.scheduleGroup, 'scheduleWake')}/*`,
          }),
        ],
      }),
      allow('PassSchedulerRole', {
        actions: ['iam:PassRole'],
        resources: [needed(resources.schedulerRoleArn, 'scheduleWake')],
        conditions: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
      }),
    ],
    // As the address itself is verified at SES, or its whole domain.
    sendEmail: () =>
      resources.noticeSender === undefined
        ? []
        : [
            allow('SendEmail', {
              actions: actionsOf.sendEmail,
              resources: [
                resources.noticeSender,
                resources.noticeSender.slice(resources.noticeSender.indexOf('@') + 1),
              ].map((identity) =>
                stack.formatArn({ service: 'ses', resource: 'identity', resourceName: identity }),
              ),
              conditions: { StringEquals: { 'ses:FromAddress': resources.noticeSender } },
            }),
          ],
    keepConsumerSecret: () => [
      allow('KeepConsumerSecret', {
        actions: actionsOf.keepConsumerSecret,
        resources: [secretArns(scope, `${webhookSecrets(prefix)}consumer/`)],
      }),
    ],
    keepSubscriberSecret: () => [
      allow('KeepSubscriberSecret', {
        actions: actionsOf.keepSubscriberSecret,
        resources: [secretArns(scope, `${webhookSecrets(prefix)}subscriber/`)],
      }),
    ],
    publishEvents: () => [
      allow('PublishEvents', {
        actions: actionsOf.publishEvents,
        resources: [needed(resources.eventBusArn, 'publishEvents')],
      }),
    ],
    readMetrics: () => [allow('ReadMetrics', { actions: actionsOf.readMetrics, resources: ['*'] })],
    readMetricSecret: () => [
      allow('ReadMetricSecret', {
        actions: actionsOf.readMetricSecret,
        resources: [secretArns(scope, metricSecrets(prefix))],
      }),
    ],
    readTelemetryHeaders: () =>
      resources.telemetryHeadersArn === undefined
        ? []
        : [
            allow('ReadTelemetryHeaders', {
              actions: actionsOf.readTelemetryHeaders,
              resources: [resources.telemetryHeadersArn],
            }),
            allow('DecryptTelemetryHeaders', {
              actions: ['kms:Decrypt'],
              resources: ['*'],
              conditions: {
                StringEquals: {
                  'kms:ViaService': `secretsmanager.${stack.region}.amazonaws.com`,
                  'kms:EncryptionContext:SecretARN': resources.telemetryHeadersArn,
                },
              },
            }),
          ],
    assumeConnector: () => [
      allow('AssumeConnector', {
        actions: actionsOf.assumeConnector,
        resources: needed(resources.connectorRoles, 'assumeConnector'),
      }),
    ],
    useCloudMap: () => [
      allow('UseCloudMap', { actions: actionsOf.useCloudMap, resources: ['*'] }),
      allow('TagCloudMap', {
        actions: ['servicediscovery:TagResource'],
        resources: ['*'],
        conditions: { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['THESEUS'] } },
      }),
    ],
    askGateway: () => [
      allow('AskGateway', {
        actions: actionsOf.askGateway,
        resources: needed(resources.asked?.gateway, 'askGateway'),
      }),
    ],
    askServices: () => [
      allow('AskServices', {
        actions: actionsOf.askServices,
        resources: needed(resources.asked?.services, 'askServices'),
      }),
    ],
    askFlags: () => [
      allow('AskFlags', {
        actions: actionsOf.askFlags,
        resources: needed(resources.asked?.flags, 'askFlags'),
      }),
    ],
    // Functions of users, who say so by a tag: the names of none of them are known here.
    invokeTargets: () => [
      allow('InvokeTargets', {
        actions: actionsOf.invokeTargets,
        resources: [
          stack.formatArn({
            service: 'lambda',
            resource: 'function',
            resourceName: '*',
            arnFormat: ArnFormat.COLON_RESOURCE_NAME,
          }),
        ],
        conditions: { StringEquals: { 'aws:ResourceTag/theseus:gateway': 'target' } },
      }),
    ],
    moveTargets: () => [
      allow('MoveTargets', {
        actions: actionsOf.moveTargets.filter((action) => !/:(Describe|AddTags)/.test(action)),
        resources: ['*'],
        conditions: { StringEquals: { 'aws:ResourceTag/theseus:deployments': 'target' } },
      }),
      // What is only being made has no tag yet to be known by.
      allow('TagCanaries', {
        actions: ['elasticloadbalancing:AddTags'],
        resources: ['*'],
        conditions: { StringEquals: { 'elasticloadbalancing:CreateAction': 'CreateRule' } },
      }),
      allow('DescribeTargets', {
        actions: actionsOf.moveTargets.filter((action) => action.includes(':Describe')),
        resources: ['*'],
      }),
    ],
    readAlarms: () => [allow('ReadAlarms', { actions: actionsOf.readAlarms, resources: ['*'] })],
    keepGateSecret: () => [
      allow('KeepGateSecret', {
        actions: actionsOf.keepGateSecret,
        resources: [secretArns(scope, gateSecret(prefix))],
      }),
    ],
    readPromotionSecret: () => [
      allow('ReadPromotionSecret', {
        actions: actionsOf.readPromotionSecret,
        resources: [secretArns(scope, promotionSecret(prefix))],
      }),
    ],
    makeConfigurationPlaces: () => [
      allow('MakeConfigurationPlaces', {
        actions: actionsOf.makeConfigurationPlaces,
        resources: [
          application('makeConfigurationPlaces').arn,
          `${application('makeConfigurationPlaces').arn}/*`,
        ],
      }),
      allow('PassAlarmRole', {
        actions: ['iam:PassRole'],
        resources: [application('makeConfigurationPlaces').alarmRoleArn],
        conditions: { StringEquals: { 'iam:PassedToService': 'appconfig.amazonaws.com' } },
      }),
    ],
    deployConfiguration: () => [
      allow('DeployConfiguration', {
        actions: actionsOf.deployConfiguration,
        resources: [
          ...wholeApplication('deployConfiguration'),
          // Of the platform, of AWS, or of whoever sets up an environment.
          stack.formatArn({ service: 'appconfig', resource: 'deploymentstrategy', resourceName: '*' }),
        ],
      }),
    ],
    readDeployedConfiguration: () => [
      allow('ReadDeployedConfiguration', {
        actions: actionsOf.readDeployedConfiguration,
        resources: [`${application('readDeployedConfiguration').arn}/*`],
      }),
    ],
    listDeployments: () => [
      allow('ListDeployments', {
        actions: actionsOf.listDeployments,
        resources: wholeApplication('listDeployments'),
      }),
    ],
    deleteHostedConfiguration: () => [
      allow('DeleteHostedConfiguration', {
        actions: actionsOf.deleteHostedConfiguration,
        resources: wholeApplication('deleteHostedConfiguration'),
      }),
    ],
    readHostedConfiguration: () => [
      allow('ReadHostedConfiguration', {
        actions: actionsOf.readHostedConfiguration,
        resources: wholeApplication('readHostedConfiguration'),
      }),
    ],
    sealSecrets: () => [
      allow('SealSecrets', {
        actions: actionsOf.sealSecrets,
        resources: [needed(resources.secretsKeyArn, 'sealSecrets')],
        conditions: { StringEquals: sealedFor },
      }),
    ],
    openSecrets: () => [
      allow('OpenSecrets', {
        actions: actionsOf.openSecrets,
        resources: [needed(resources.secretsKeyArn, 'openSecrets')],
        conditions: { StringEquals: sealedFor },
      }),
    ],
  };
  return [...rights.flatMap((right) => grant[right]()), ...useKey(scope, rights, resources)];
}

/** The environment's key, only for what it encrypts: records, artifacts and executions. */
function useKey(scope: Construct, rights: Right[], { keyArn, prefix }: Resources): PolicyStatement[] {
  const use = (sid: string, conditions: Record<string, Record<string, unknown>>) =>
    allow(sid, { actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [keyArn], conditions });
  const { region } = Stack.of(scope);
  const services = [
    ...(rights.some((right) => right.endsWith('Records')) ? [`dynamodb.${region}.amazonaws.com`] : []),
    ...(rights.some((right) => /Artifacts|Backups/.test(right)) ? [`s3.${region}.amazonaws.com`] : []),
  ];
  const executions = rights.some((right) => /Workflows|Executions|Tokens/.test(right));
  const machines = stateMachineArn(scope, prefix, '*');
  return [
    ...(services.length > 0 ? [use('UseDataKey', { StringEquals: { 'kms:ViaService': services } })] : []),
    ...(executions
      ? [
          use('UseExecutionKey', {
            StringLike: { 'kms:EncryptionContext:aws:states:stateMachineArn': machines },
          }),
        ]
      : []),
  ];
}
