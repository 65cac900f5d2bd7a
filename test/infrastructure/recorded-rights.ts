import { AsyncLocalStorage } from 'node:async_hooks';
import { AppConfigClient } from '@aws-sdk/client-appconfig';
import { AppConfigDataClient } from '@aws-sdk/client-appconfigdata';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { KMSClient } from '@aws-sdk/client-kms';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { App, Stack } from 'aws-cdk-lib';
import type { Capability } from '#local/capability.ts';
import { artifactsBucket, eventBusName } from '#local/environment.ts';
import { functionArn, parseFunctionName } from '#local/lambda/arn.ts';
import { ACCOUNT, REGION, ROLE_ARN } from '#local/step-functions/arns.ts';
import { apiGrants } from '../../cdk/slices/apis-grants.ts';
import { configurationGrants } from '../../cdk/slices/configuration-grants.ts';
import { deploymentGrants } from '../../cdk/slices/deployment-grants.ts';
import { flagGrants } from '../../cdk/slices/flags-grants.ts';
import { gatewayGrants } from '../../cdk/slices/gateway-grants.ts';
import { type Right, statementsOf } from '../../cdk/slices/rights.ts';
import { serviceGrants } from '../../cdk/slices/service-grants.ts';
import { questionsOf } from '../workflows/bundles/questions.ts';
import { askedBelow } from './appconfig-questions.ts';
import { resolve } from './intrinsics.ts';
import { allows, type PlainStatement, plainStatement, type Question } from './policy.ts';
import { statementsIn } from './statements.ts';

// What functions really ask of AWS while tests run on a laptop, held against the policies that they have in the cloud:
// every table, key, context and resource of it, which reading their code does not show.

/** The rights of functions by capability; those of migrations are held against their calls by the bundles' own test. */
const grants: Record<string, Readonly<Record<string, readonly Right[]>>> = {
  services: serviceGrants,
  gateway: gatewayGrants,
  deployments: deploymentGrants,
  apis: apiGrants,
  flags: flagGrants,
  configuration: configurationGrants,
};
/** The functions of others that a capability asks, by the variables that name them, as cdk/slices/services-stack.ts says. */
const asked: Record<string, string[]> = {
  deployments: [
    'SERVICES_DESCRIBE_VERSION_FUNCTION',
    'SERVICES_COMPARE_VERSIONS_FUNCTION',
    'GATEWAY_DESCRIBE_ROUTE_FUNCTION',
    'GATEWAY_SHIFT_TRAFFIC_FUNCTION',
    'GATEWAY_READ_TRAFFIC_FUNCTION',
    'FLAGS_SET_FLAG_FUNCTION',
  ],
  apis: ['GATEWAY_PUT_API_FUNCTION', 'GATEWAY_READ_API_USAGE_FUNCTION'],
  configuration: ['SERVICES_DESCRIBE_SERVICE_FUNCTION'],
};

type Note = (question: Question) => void;
/** Of the function that runs, where it is watched. */
const caller = new AsyncLocalStorage<Note | undefined>();

const arn = (service: string, resource: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
const keyArn = arn('kms', 'key/records');
const around = { keyArn, customersArnPrefixes: [] };
const applicationArn = (id: unknown) => arn('appconfig', `application/${id}`);

type Input = Record<string, unknown>;
const appConfigQuestions = (command: string, input: Input): Question[] => {
  const environment = input.EnvironmentId ?? input.EnvironmentIdentifier ?? 'of-the-session';
  const profile = input.ConfigurationProfileId ?? input.ConfigurationProfileIdentifier ?? 'of-the-session';
  const parts = askedBelow(String(environment), String(profile))[command];
  if (parts === undefined) throw new Error(`Nobody said what AppConfig's ${command} is about`);
  const application = input.ApplicationId ?? input.ApplicationIdentifier;
  return [
    // A session does not say whose it is; the call that began it did.
    ...(application === undefined ? [] : parts).map((part) => ({
      action: `appconfig:${command}`,
      resource: applicationArn(application) + part,
    })),
    ...(input.DeploymentStrategyId === undefined
      ? []
      : [
          {
            action: `appconfig:${command}`,
            resource: arn('appconfig', `deploymentstrategy/${input.DeploymentStrategyId}`),
          },
        ]),
  ];
};

const kmsQuestions = (command: string, input: Input): Question[] => {
  const { EncryptionContext, KeyId } = input as {
    EncryptionContext?: Record<string, string>;
    KeyId?: string;
  };
  const context = Object.fromEntries(
    Object.entries(EncryptionContext ?? {}).map(([name, value]) => [`kms:EncryptionContext:${name}`, value]),
  );
  return [{ action: `kms:${command}`, resource: KeyId ?? '', context }];
};

/** Functions of users have the tags by which they are the gateway's and the deployments' to use. */
const tags = {
  'aws:ResourceTag/theseus:gateway': 'target',
  'aws:ResourceTag/theseus:deployments': 'target',
};
const lambdaQuestions = (command: string, { FunctionName }: Input): Question[] => {
  const given = String(FunctionName);
  const { name } = parseFunctionName(given);
  const isOwn = Object.keys(grants).some((capability) => name.startsWith(`${capability}-`));
  const action = command.startsWith('Invoke') ? 'InvokeFunction' : command;
  const resource = given.startsWith('arn:') ? given : functionArn(given);
  return [{ action: `lambda:${action}`, resource, ...(isOwn ? {} : { context: tags }) }];
};

const documentCommands: Record<string, string> = {
  Get: 'GetItem',
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  BatchGet: 'BatchGetItem',
  BatchWrite: 'BatchWriteItem',
};

/** Questions about a call, once it is answered. */
type Ask = (command: string, input: Input, answer: object) => Question[];
const by =
  (service: string): Ask =>
  (command, input, answer) =>
    questionsOf(
      { function: '', service, command: documentCommands[command] ?? command, input },
      answer,
      around,
    );

function watch({ prototype }: { prototype: object }, ask: Ask): void {
  // It has overloads; whatever it is called with is handed on.
  const client = prototype as {
    send(command: { constructor: { name: string }; input: Input }, ...more: unknown[]): Promise<object>;
  };
  const { send } = client;
  client.send = async function watched(command, ...more) {
    const ofCaller = caller.getStore();
    const note = (answer: object) => {
      const name = command.constructor.name.replace(/Command$/, '');
      for (const question of ofCaller ? ask(name, command.input, answer) : []) ofCaller?.(question);
    };
    try {
      const answer = await send.call(this, command, ...more);
      note(answer);
      return answer;
    } catch (error) {
      if (error instanceof Error) note(error);
      throw error;
    }
  };
}

watch(DynamoDBDocumentClient, by('dynamodb'));
watch(S3Client, by('s3'));
watch(EventBridgeClient, by('events'));
watch(SFNClient, by('states'));
watch(SchedulerClient, by('scheduler'));
watch(SecretsManagerClient, by('secretsmanager'));
watch(AppConfigClient, appConfigQuestions);
watch(AppConfigDataClient, appConfigQuestions);
watch(KMSClient, kmsQuestions);
watch(LambdaClient, lambdaQuestions);

const template = { Parameters: {}, Outputs: {}, Resources: {} };
const deployment = {
  account: ACCOUNT,
  region: REGION,
  templates: new Map([['test', template]]),
  pathOf: (name: string) => name,
  parameters: {},
  nameOf: (logicalId: string) => logicalId,
};
const stack = new Stack(new App(), 'test', { env: { account: ACCOUNT, region: REGION } });

/** What the role of a function may do, with the names that everything has on the laptop. */
function policyOf(
  { name, stateMachines }: Capability,
  rights: readonly Right[],
  variables: NodeJS.ProcessEnv,
): PlainStatement[] {
  const askedOf = (capability: string) =>
    (asked[name] ?? [])
      .filter((variable) => variable.startsWith(capability))
      // Where the other capability is not there, nobody can ask it.
      .map((variable) => variables[variable] ?? arn('lambda', 'function:not-there'));
  const statements = statementsOf(stack, [...rights], {
    prefix: 'theseus',
    tableArn: arn('dynamodb', `table/theseus-${name}`),
    keyArn,
    bucketArn: `arn:aws:s3:::${artifactsBucket}`,
    machines: Object.keys(stateMachines),
    eventBusArn: arn('events', `event-bus/${eventBusName}`),
    application: {
      arn: applicationArn(variables[`${name.toUpperCase()}_APPLICATION`]),
      alarmRoleArn: ROLE_ARN,
    },
    // A test may take another key, as an operator who gives the functions the right to use both.
    secretsKeyArn: arn('kms', 'key/*'),
    scheduleGroup: 'theseus',
    schedulerRoleArn: ROLE_ARN,
    noticeSender: variables.NOTICE_SENDER,
    asked: { gateway: askedOf('GATEWAY_'), services: askedOf('SERVICES_'), flags: askedOf('FLAGS_') },
  });
  const Statement: unknown = stack.resolve(statements.map((each) => each.toStatementJson()));
  const holder = { Type: 'AWS::IAM::Policy', Properties: { Statement }, Metadata: {} };
  return statementsIn({ ...template, Resources: { holder } }).map(({ statement }) =>
    plainStatement(statement, (value) =>
      // State machines have an environment before their names in the cloud only.
      resolve(deployment, template, value).replaceAll(/:(stateMachine|execution):theseus-/g, ':$1:'),
    ),
  );
}

export interface RecordedRights {
  /** The same, whose functions are watched. */
  capabilities: Capability[];
  /** Called when the platform has started: what its resources are called is in the environment by then. */
  started: () => void;
  /** Throws Error with the calls that IAM would refuse, one for each action of a function. */
  check: () => void;
}

/** Watches the functions of a platform that runs in this process. */
export function recordRights(capabilities: readonly Capability[]): RecordedRights {
  const questions = new Map<string, { capability: Capability; name: string; question: Question }>();
  let variables: NodeJS.ProcessEnv = {};
  const watched = (capability: Capability): Capability['functions'] =>
    Object.fromEntries(
      Object.entries(capability.functions).map(([name, facts]) => {
        const note: Note = (question) =>
          questions.set(JSON.stringify([capability.name, name, question]), { capability, name, question });
        // What another one asks on behalf of a watched one is its own.
        const notes = Object.hasOwn(grants, capability.name) ? note : undefined;
        const load = async () => {
          const { handler } = await facts.load();
          return {
            handler: (event: unknown, context: Parameters<typeof handler>[1]) =>
              caller.run(notes, () => handler(event, context)),
          };
        };
        return [name, { ...facts, load }];
      }),
    );
  return {
    capabilities: capabilities.map((one) => ({ ...one, functions: watched(one) })),
    started() {
      variables = { ...process.env };
    },
    check() {
      const policies = new Map<string, PlainStatement[]>();
      const refused = new Map<string, string>();
      for (const { capability, name, question } of questions.values()) {
        const of = `${capability.name} ${name}`;
        const policy =
          policies.get(of) ?? policyOf(capability, grants[capability.name]?.[name] ?? [], variables);
        policies.set(of, policy);
        const { action, resource, context = {} } = question;
        if (!allows(policy, question))
          refused.set(`${of} ${action}`, `${of}: ${action} on ${resource} ${JSON.stringify(context)}`);
      }
      if (refused.size > 0) throw new Error(`IAM would refuse:\n${[...refused.values()].join('\n')}`);
    },
  };
}
