import type { AppConfigClient } from '@aws-sdk/client-appconfig';
import type { AppConfigDataClient } from '@aws-sdk/client-appconfigdata';
import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { ECSClient } from '@aws-sdk/client-ecs';
import type { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { KMSClient } from '@aws-sdk/client-kms';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SESv2Client } from '@aws-sdk/client-sesv2';
import { SFNClient } from '@aws-sdk/client-sfn';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/** Limits of every call to AWS: connect within 1 s, answer within 5 s, three attempts in all. */
export const limits = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
};

const forget: (() => void)[] = [];

/**
 * One client for the life of the process, created at first use so that importing costs nothing. Called as pure, so that
 * a function's bundle leaves out the clients that the function does not use.
 */
export function once<T extends { destroy(): void }>(create: () => T): () => T {
  let client: T | undefined;
  forget.push(() => {
    client?.destroy();
    client = undefined;
  });
  return () => {
    client ??= create();
    return client;
  };
}

let whenTargetClientIsMade: (client: TargetClient, service: string) => void = () => {};

/** Of what deployments move and measure, what writes to people, and what few capabilities use, by the name of its service. */
type TargetClient =
  | AppConfigClient
  | AppConfigDataClient
  | CloudWatchClient
  | ECSClient
  | ElasticLoadBalancingV2Client
  | KMSClient
  | SESv2Client;

/** As `once`, for clients that few processes need: their modules are loaded with those who use them. */
export function onceForTargets<T extends TargetClient>(service: string, create: () => T): () => T {
  return once(() => {
    const client = create();
    whenTargetClientIsMade(client, service);
    return client;
  });
}

/** The laptop answers such clients through this; the product never calls it. Returns a function that restores. */
export function onTargetClient(listener: typeof whenTargetClientIsMade): () => void {
  const former = whenTargetClientIsMade;
  whenTargetClientIsMade = listener;
  return () => {
    whenTargetClientIsMade = former;
  };
}

/** Closes every client; the next use makes new ones from the environment of then. The product never calls it. */
export function forgetClients(): void {
  for (const one of forget) one();
}

/** DynamoDB with plain JavaScript values; undefined attributes are left out. */
export const dynamodb = /* @__PURE__ */ once(() =>
  DynamoDBDocumentClient.from(new DynamoDBClient(limits), {
    marshallOptions: { removeUndefinedValues: true },
  }),
);
export const stepFunctions = /* @__PURE__ */ once(() => new SFNClient(limits));
/** S3 transfers bodies: an answer may take 30 s. */
export const s3 = /* @__PURE__ */ once(
  () => new S3Client({ ...limits, requestHandler: { ...limits.requestHandler, requestTimeout: 30_000 } }),
);
export const eventBridge = /* @__PURE__ */ once(() => new EventBridgeClient(limits));
export const scheduler = /* @__PURE__ */ once(() => new SchedulerClient(limits));
export const secretsManager = /* @__PURE__ */ once(() => new SecretsManagerClient(limits));
/** The platform's own functions: an answer may take 60 s, one attempt, since what a task asks is asked again by its retry. */
export const lambda = /* @__PURE__ */ once(
  () =>
    new LambdaClient({
      maxAttempts: 1,
      requestHandler: { ...limits.requestHandler, requestTimeout: 60_000 },
    }),
);
export const sts = /* @__PURE__ */ once(() => new STSClient(limits));

/** A role of a connector, in whatever account. */
export interface ForeignRole {
  roleArn: string;
  /** What its trust policy asks for; null when it asks for nothing. */
  externalId: string | null;
  /** Where its functions are. */
  region: string;
}

interface RoleClient {
  client: LambdaClient;
  /** Of the request that came last: a renewal is made in its name. */
  sessionName: string;
}

/** Most roles whose clients are kept; the one made first goes first. */
const mostRoles = 100;
const roleClients = new Map<string, RoleClient>();
let whenMade: (client: LambdaClient) => void = () => {};
forget.push(() => {
  for (const { client } of roleClients.values()) client.destroy();
  roleClients.clear();
});

/** The laptop answers clients of roles through this; the product never calls it. Returns a function that restores. */
export function onRoleClient(listener: (client: LambdaClient) => void): () => void {
  const former = whenMade;
  whenMade = listener;
  return () => {
    whenMade = former;
  };
}

async function credentialsOf({ roleArn, externalId }: ForeignRole, sessionName: string) {
  const { Credentials: given } = await sts().send(
    new AssumeRoleCommand({
      RoleArn: roleArn,
      RoleSessionName: sessionName,
      DurationSeconds: 3_600,
      ...(externalId === null ? {} : { ExternalId: externalId }),
    }),
  );
  if (!given?.AccessKeyId || !given.SecretAccessKey || !given.SessionToken || !given.Expiration) {
    throw new Error('STS answered AssumeRole without credentials');
  }
  return {
    accessKeyId: given.AccessKeyId,
    secretAccessKey: given.SecretAccessKey,
    sessionToken: given.SessionToken,
    expiration: given.Expiration,
  };
}

/**
 * Lambda as a role of a connector: `requestId` names the session, so that the other account's CloudTrail leads back to
 * the request. The SDK keeps the credentials until 5 minutes before they end, then asks for new ones. Lambda waits for
 * the function's own answer: up to 60 s, one attempt, since a task is retried by its caller. Throws what STS refused
 * with.
 */
export async function lambdaAs(role: ForeignRole, requestId: string): Promise<LambdaClient> {
  const key = JSON.stringify([role.roleArn, role.externalId, role.region]);
  const sessionName = `theseus-${requestId.replaceAll(/[^\w+=,.@-]/g, '-')}`.slice(0, 64);
  const entry = roleClients.get(key) ?? newRoleClient(key, role, sessionName);
  entry.sessionName = sessionName;
  await entry.client.config.credentials();
  return entry.client;
}

function newRoleClient(key: string, role: ForeignRole, sessionName: string): RoleClient {
  const client = new LambdaClient({
    region: role.region,
    credentials: () => credentialsOf(role, entry.sessionName),
    maxAttempts: 1,
    requestHandler: { ...limits.requestHandler, requestTimeout: 60_000 },
  });
  const entry = { client, sessionName };
  whenMade(client);
  roleClients.set(key, entry);
  const [oldest] = roleClients.keys();
  // Not destroyed: a request may still wait for it.
  if (roleClients.size > mostRoles && oldest !== undefined) roleClients.delete(oldest);
  return entry;
}
