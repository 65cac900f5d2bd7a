import { type App, CfnOutput, Stack, Stage, Tags } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { alarms, alarmTopic, counter } from './constructs/alarms.ts';
import { artifactsBucket } from './constructs/artifacts-bucket.ts';
import { connector } from './constructs/connector.ts';
import { gatewayApi } from './constructs/gateway-api.ts';
import { httpApi } from './constructs/http-api.ts';
import { environmentKey, secretsKey } from './constructs/key.ts';
import { pascalCase } from './constructs/names.ts';
import { recordsTable } from './constructs/records-table.ts';
import { trigger, undeliveredEvents } from './constructs/triggers.ts';
import type { Environment } from './environments.ts';
import {
  connectorVariables,
  dataPlaneActions,
  migrationDataPlane,
  migrationNouns,
  migrationOpenPaths,
} from './slices/migration-tasks.ts';
import { migrationService } from './slices/migrations.ts';
import { servicesStack } from './slices/services-stack.ts';

/** What must survive a mistake: key, table, bucket, event bus. */
function stateful(stack: Stack, environment: Environment) {
  const actions = dataPlaneActions();
  const key = environmentKey(stack, environment);
  const table = recordsTable(stack, 'migrations', environment, key, actions.dynamodb);
  const tableOf = (capability: string) => {
    const own = new Construct(stack, `${pascalCase(capability)}Data`);
    const { tableName, tableArn } = recordsTable(own, capability, environment, key, []);
    return { name: tableName, arn: tableArn };
  };
  const tables = {
    services: tableOf('services'),
    gateway: tableOf('gateway'),
    deployments: tableOf('deployments'),
    apis: tableOf('apis'),
    flags: tableOf('flags'),
    configuration: tableOf('configuration'),
  };
  const bucket = artifactsBucket(stack, environment, key, actions.s3);
  const eventBus = new EventBus(stack, 'Events', {
    eventBusName: environment.prefix,
    description: `What happens in ${environment.prefix}, for whoever wants to react to it`,
  });
  const stores = {
    table: table.tableName,
    tableArn: table.tableArn,
    bucketArn: bucket.bucketArn,
    bucketName: bucket.bucketName,
    keyArn: key.keyArn,
  };
  new CfnOutput(stack, 'TableArn', { value: stores.tableArn, description: 'For connectors elsewhere' });
  new CfnOutput(stack, 'ArtifactsBucket', {
    value: stores.bucketName,
    description: 'For connectors elsewhere',
  });
  new CfnOutput(stack, 'KeyArn', { value: stores.keyArn, description: 'For connectors elsewhere' });
  return { key, eventBus, stores, tables, secretsKeyArn: secretsKey(stack, environment).keyArn };
}

/**
 * One environment: `stateful` (data), `connector` (functions beside the databases), `services` (services, gateway,
 * deployments, APIs and flags), `gateway` (the front door of services, where it is wanted) and `service` (API, workflows of migrations, alarms), deployed in this order.
 */
export function environmentStage(app: App, environment: Environment): Stage {
  const { name, prefix, account, region } = environment;
  const stage = new Stage(app, name, {
    env: { ...(account === undefined ? {} : { account }), ...(region === undefined ? {} : { region }) },
  });
  const stack = (id: string, description: string) =>
    new Stack(stage, id, {
      stackName: `${prefix}-${id}`,
      description: `Theseus ${name}: ${description}`,
      terminationProtection: environment.keepData,
      // CloudFormation takes templates of 1 MB, blanks included.
      suppressTemplateIndentation: true,
    });
  Tags.of(stage).add('theseus:environment', prefix);

  const data = stateful(stack('stateful', 'records, artifacts, key'), environment);
  const connectorStack = stack('connector', 'data plane beside the databases');
  const defaultConnector = connector(connectorStack, {
    platform: { prefix, account: connectorStack.account, ...data.stores, actions: dataPlaneActions() },
    name: 'default',
    tasks: migrationDataPlane(connectorStack, prefix, data.stores),
    environment: connectorVariables(name, prefix, data.stores),
    logRetention: environment.logRetention,
    keepData: environment.keepData,
    logKey: data.key,
  });

  const others = servicesStack(stack('services', 'services, their gateway, deployments, APIs and flags'), {
    environment,
    key: data.key,
    eventBus: data.eventBus,
    bucket: { name: data.stores.bucketName, arn: data.stores.bucketArn },
    tables: data.tables,
    secretsKeyArn: data.secretsKeyArn,
  });

  if (environment.gateway.deployed)
    gatewayApi(stack('gateway', 'the front door of services'), environment, others.gateway);

  const service = stack('service', 'HTTP API and workflows');
  const migrations = migrationService(service, {
    environment,
    stores: data.stores,
    key: data.key,
    eventBus: data.eventBus,
    connector: defaultConnector,
  });
  const api = httpApi(service, {
    environment,
    key: data.key,
    handlers: [
      { root: '', nouns: migrationNouns, open: migrationOpenPaths, handler: migrations.api },
      ...others.handlers,
    ],
  });
  const undelivered = undeliveredEvents(service, environment);
  for (const each of [...migrations.triggers, ...others.triggers])
    trigger(service, environment, undelivered, each);
  alarms(service, environment, alarmTopic(service, environment, data.key), [
    ...migrations.watched,
    ...others.watched,
    {
      name: 'api-errors',
      meaning:
        'The HTTP API answers 5xx. The access log has the requests, the log of the function the reason.',
      metric: counter('AWS/ApiGateway', '5xx', { ApiId: api.apiId }),
      threshold: 5,
    },
    {
      name: 'undelivered-events',
      meaning: 'Events reached no function after all attempts: look into the queue, then redrive it.',
      metric: undelivered.metricApproximateNumberOfMessagesVisible(),
      threshold: 1,
    },
  ]);
  return stage;
}
