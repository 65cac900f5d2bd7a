import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { MetadataBearer, MiddlewareStack } from '@smithy/types';
import {
  dynamodb as dynamodbClient,
  eventBridge,
  forgetClients,
  lambda as lambdaClient,
  onRoleClient,
  onTargetClient,
  s3 as s3Client,
  scheduler as schedulerClient,
  secretsManager,
  stepFunctions,
  sts as stsClient,
} from '#platform/clients.ts';
import { systemClock as platformClock, setClock } from '#platform/clock.ts';
import { random } from '#platform/random.ts';
import { invocationLogger } from '#platform/telemetry.ts';
import { type AppConfig, createAppConfig } from './appconfig/appconfig.ts';
import { attach, type CommandHandlers } from './attach.ts';
import { type Capability, functionName } from './capability.ts';
import { type MovableClock, shiftableClock, systemClock } from './clock.ts';
import { deployConnector, type LocalConnector, localRole, ownRole } from './connectors.ts';
import { loadDefinitions } from './definitions.ts';
import { deliverTo } from './delivery.ts';
import { createDynamodb } from './dynamodb/dynamodb.ts';
import { artifactsBucket, eventBusName, functionEnvironment, setEnvironment } from './environment.ts';
import { createEvents, type Events, type Rule } from './events/events.ts';
import type { Json } from './events/pattern.ts';
import { startGateway } from './http/gateway.ts';
import { startHttp } from './http/server.ts';
import { ensureTokens } from './http/tokens.ts';
import { createKms, type Kms } from './kms/kms.ts';
import { attachLambda } from './lambda/api.ts';
import { functionArn, parseFunctionName } from './lambda/arn.ts';
import { type ConnectorRole, createRoles } from './lambda/roles.ts';
import { createLambda, type Lambda, type LambdaOptions } from './lambda/runtime.ts';
import { openUserFunctions } from './lambda/user-functions.ts';
import { lockDirectory } from './lock.ts';
import { createS3 } from './s3/s3.ts';
import { createScheduler, type DeclaredSchedule } from './scheduler/scheduler.ts';
import { createSecrets } from './secrets/secrets.ts';
import { createMail } from './ses/mail.ts';
import { attachStepFunctions } from './step-functions/api.ts';
import { createEngine, type Engine, type EngineOptions } from './step-functions/engine.ts';
import { type Credentials, createSts } from './sts/sts.ts';

export interface CloudOptions {
  /** Everything durable is below it; one platform at a time. */
  directory: string;
  capabilities: readonly Capability[];
  /** The role of the laptop's own connector, for tests that take it from a template. */
  ownRole?: Pick<ConnectorRole, 'arn' | 'externalId'>;
  /** Connectors besides the laptop's own, deployed and not registered. */
  connectors?: readonly LocalConnector[];
  /** Port of the HTTP API on 127.0.0.1; 0 takes any free one. */
  port: number;
  /** Port of the gateway on 127.0.0.1; by default any free one. */
  gatewayPort?: number;
  /** Time of workflows, schedules and records; by default real time that can be moved forward. */
  clock?: MovableClock;
  /** Further variables of every function. */
  environment?: Record<string, string>;
  /** A folder of users' own functions, `<name>/<version>.ts`; see local/lambda/user-code.ts. */
  functions?: string;
  /** Drills of at-least-once delivery and of crashes, for tests. */
  drill?: Pick<LambdaOptions, 'duplicate' | 'onInvoke'>;
  /** `process` is faster and safe against kill -9 but not against a power cut; for tests. Default `disk`. */
  survives?: EngineOptions['survives'];
}

export interface Cloud {
  url: string;
  /** Where requests to services go in, if a capability serves them. */
  gatewayUrl: string | undefined;
  /** Of the person at the keyboard; further ones are in token.json. */
  token: string;
  directory: string;
  clock: MovableClock;
  engine: Engine;
  lambda: Lambda;
  events: Events;
  stop(): Promise<void>;
}

type AnyClient = { middlewareStack: MiddlewareStack<object, MetadataBearer> };

let running = false;

/** How long stop() waits for functions that still run. */
const lastWordsMs = 5_000;

/**
 * The cloud of a laptop: starts every service over one directory, deploys the capabilities to them and
 * resumes what ran when the last process ended, however it ended. One at a time in a process, since the
 * functions find it through the environment and the SDK clients of platform/.
 * @throws Error naming the process that already runs over this directory.
 */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const directory = resolve(options.directory);
  const { capabilities } = options;
  /** What stop() undoes, last first. A start that fails half-way undoes what it did. */
  const undo: (() => void | Promise<void>)[] = [];
  const stop = async () => {
    const failures: unknown[] = [];
    for (const step of undo.splice(0).reverse()) {
      try {
        await step();
      } catch (error) {
        failures.push(error); // what else was started is stopped all the same
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'The local platform did not stop cleanly');
  };
  if (running) throw new Error('A local platform already runs in this process; stop it first');
  running = true;
  undo.push(() => {
    running = false;
  });
  try {
    return await start();
  } catch (error) {
    await stop();
    throw error;
  }

  async function start(): Promise<Cloud> {
    const lock = await lockDirectory(directory);
    undo.push(lock.release);
    const clock = options.clock ?? shiftableClock();
    // Handlers see the moved time; how long they wait and run stays real, so that moving it cuts nobody off.
    undo.push(setClock({ ...platformClock, now: clock.now, iso: () => new Date(clock.now()).toISOString() }));

    const dynamodb = createDynamodb({ directory, clock });
    await dynamodb.start();
    undo.push(dynamodb.stop);
    await dynamodb.createTables(capabilities.flatMap(({ tables }) => tables.map((one) => one.definition)));

    const s3 = createS3({ directory, clock, buckets: [artifactsBucket] });
    const secrets = createSecrets({ directory, clock });
    const mail = createMail({ directory, clock });
    const kms = createKms({ directory, clock });
    undo.push(s3.stop, secrets.stop, kms.stop);

    const connectors = (options.connectors ?? []).map((one) => deployConnector(one, capabilities));
    const roles = createRoles([
      ownRole(options.ownRole ?? localRole, capabilities),
      ...connectors.map(({ role }) => role),
    ]);
    const functions = Object.assign(functionsOf(capabilities), ...connectors.map((one) => one.functions));
    const userFunctions = await openUserFunctions({
      folder: options.functions,
      directory,
      reserved: functions,
      random: () => random(),
    });
    undo.push(userFunctions.stop);
    const lambda = createLambda({
      functions,
      clock: systemClock(),
      further: userFunctions,
      ...options.drill,
    });
    const deliver = deliverTo(lambda, stepFunctions);
    const logger = invocationLogger('local', {});
    const events = createEvents({
      directory,
      clock,
      rules: rulesOf(capabilities),
      buses: [eventBusName],
      deliver,
      onUndelivered: ({ target }, error) => logger.error(`event for ${target} given up`, String(error)),
    });
    const scheduler = createScheduler({
      directory,
      clock,
      deliver,
      onUndelivered: ({ arn }, error) => logger.error(`schedule ${arn} given up`, String(error)),
    });
    const appConfig = createAppConfig({
      directory,
      clock,
      invoke: lambda.invoke,
      publish: events.publish,
      onFailure: (error) => logger.error('a deployment of AppConfig was not moved on', String(error)),
      random: () => random(),
    });

    // Clients made before belong to another environment.
    forgetClients();
    undo.push(forgetClients);
    s3.attach(s3Client());
    secrets.attach(secretsManager());
    // No metrics, load balancers or containers are on a laptop, and nothing asks for them elsewhere.
    const answers: Record<string, CommandHandlers> = {
      SESv2: mail.handlers,
      AppConfig: appConfig.handlers,
      AppConfigData: appConfig.dataHandlers,
      KMS: kms.handlers,
    };
    undo.push(
      onTargetClient(
        // Inputs and outputs are typed at each call: here the client's are any of its service.
        (client, service) => void attach(client as AnyClient, service, answers[service] ?? {}),
      ),
    );
    events.attach(eventBridge());
    scheduler.attach(schedulerClient());
    // The SDK compares the end of a session with real time.
    const sts = createSts({ roles, clock: systemClock() });
    sts.attach(stsClient());
    const permissions = {
      ...roles,
      roleOf: (credentials: Credentials) => sts.sessionOf(credentials)?.roleArn,
    };
    undo.push(onRoleClient((client) => void attachLambda(client, lambda, permissions)));
    attachLambda(lambdaClient(), lambda, permissions, userFunctions.handlers);

    const engineDirectory = join(directory, 'step-functions');
    await mkdir(engineDirectory, { recursive: true, mode: 0o700 });
    const definitions = Object.assign({}, ...(await Promise.all(capabilities.map(loadDefinitions))));
    const engine = createEngine({
      directory: engineDirectory,
      definitions,
      invoke: async (name, payload, how) => {
        const errorMessage = roles.refusal(how.roleArn, parseFunctionName(name).name);
        if (errorMessage !== undefined) return { errorType: 'Lambda.AWSLambdaException', errorMessage };
        return await lambda.invoke(name, payload, how);
      },
      // The detail is AWS's own shape, which is plain JSON.
      publishEvent: (detailType, detail) =>
        events.publish({
          source: 'aws.states',
          detailType,
          detail: detail as unknown as Json,
          resources: [detail.executionArn],
        }),
      s3: s3Client(),
      clock,
      random,
      ...(options.survives === undefined ? {} : { survives: options.survives }),
    });
    attachStepFunctions(stepFunctions(), engine);
    undo.push(
      setEnvironment({
        ...functionEnvironment(capabilities, dynamodb.endpoint, engine.versionArn),
        ...(await declaredIds(capabilities, appConfig, kms)),
        ...options.environment,
      }),
    );

    dynamodb.attach(dynamodbClient());
    undo.push(() => quiet(lambda));
    undo.push(engine.stop);
    undo.push(events.stop);
    undo.push(scheduler.stop);
    undo.push(appConfig.stop);
    await events.start();
    appConfig.start();
    await engine.start();
    await scheduler.declare(schedulesOf(capabilities));
    await scheduler.start();

    const tokens = await ensureTokens(directory);
    const http = await startHttp({
      port: options.port,
      lambda,
      clock,
      tokens,
      routes: routesOf(capabilities),
      openRoutes: [
        ...['', ...capabilities.map(({ name }) => `/${name}`)].flatMap((root) => [
          `GET ${root}/openapi.json`,
          `GET ${root}/health`,
        ]),
        'POST /slack/interactions',
        ...capabilities.flatMap(({ open = [] }) => open),
      ],
    });
    undo.push(http.stop);
    // URLs that take uploads lead here.
    undo.push(setEnvironment({ AWS_ENDPOINT_URL_S3: http.url }));
    const load = capabilities.find(({ traffic }) => traffic !== undefined)?.traffic;
    const gateway =
      load === undefined ? undefined : await startGateway({ port: options.gatewayPort ?? 0, load });
    if (gateway !== undefined) undo.push(gateway.stop);
    await lock.announce(http.url, gateway?.url);
    return {
      url: http.url,
      gatewayUrl: gateway?.url,
      token: tokens[0]?.token ?? '',
      directory,
      clock,
      engine,
      lambda,
      events,
      stop,
    };
  }
}

/** Variables with the ids of applications and keys that capabilities declare; what is not there yet is made. */
async function declaredIds(
  capabilities: readonly Capability[],
  appConfig: AppConfig,
  kms: Kms,
): Promise<Record<string, string>> {
  const variables: Record<string, string> = {};
  for (const { application, keys = [] } of capabilities) {
    if (application !== undefined) Object.assign(variables, await appConfig.declare(application));
    for (const { variable, alias } of keys) variables[variable] = await kms.declare(alias);
  }
  return variables;
}

/** Waits until no function runs, or long enough: the rest would be cut off in the cloud, too. */
async function quiet(lambda: Lambda): Promise<void> {
  const cancelled = new AbortController();
  const tired = platformClock.sleep(lastWordsMs, cancelled.signal).catch(() => {});
  await Promise.race([lambda.idle(), tired]);
  cancelled.abort();
}

const functionsOf = (capabilities: readonly Capability[]): LambdaOptions['functions'] =>
  Object.fromEntries(
    capabilities.flatMap((one) =>
      Object.entries(one.functions).map(([name, definition]) => [functionName(one, name), definition]),
    ),
  );

const arnOf = (capability: Capability, shortName: string) => functionArn(functionName(capability, shortName));

const rulesOf = (capabilities: readonly Capability[]): Rule[] =>
  capabilities.flatMap((one) =>
    one.rules.map((rule) => ({
      name: rule.name,
      ...(rule.bus === undefined ? {} : { bus: rule.bus }),
      pattern: rule.pattern,
      targets: [{ arn: arnOf(one, rule.function) }],
    })),
  );

const schedulesOf = (capabilities: readonly Capability[]): DeclaredSchedule[] =>
  capabilities.flatMap((one) =>
    one.schedules.map(({ name, expression, function: target, input }) => ({
      name,
      expression,
      target: { arn: arnOf(one, target), input: JSON.stringify(input) },
    })),
  );

const routesOf = (capabilities: readonly Capability[]) =>
  capabilities.flatMap((one) =>
    one.http.map((route) => ({ prefix: route.prefix, function: functionName(one, route.function) })),
  );
