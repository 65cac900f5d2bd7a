import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/** Limits of every call to AWS: connect within 1 s, answer within 5 s, three attempts in all. */
const limits = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
};

const forget: (() => void)[] = [];

/** One client for the life of the process, created at first use so that importing costs nothing. */
function once<T extends { destroy(): void }>(create: () => T): () => T {
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

/** Closes every client; the next use makes new ones from the environment of then. The product never calls it. */
export function forgetClients(): void {
  for (const one of forget) one();
}

/** DynamoDB with plain JavaScript values; undefined attributes are left out. */
export const dynamodb = once(() =>
  DynamoDBDocumentClient.from(new DynamoDBClient(limits), {
    marshallOptions: { removeUndefinedValues: true },
  }),
);
export const stepFunctions = once(() => new SFNClient(limits));
/** S3 transfers bodies: an answer may take 30 s. */
export const s3 = once(
  () => new S3Client({ ...limits, requestHandler: { ...limits.requestHandler, requestTimeout: 30_000 } }),
);
export const eventBridge = once(() => new EventBridgeClient(limits));
export const scheduler = once(() => new SchedulerClient(limits));
export const secretsManager = once(() => new SecretsManagerClient(limits));
/** Lambda waits for the function's own answer: up to 60 s. One attempt, since a task is retried by its caller. */
export const lambda = once(
  () =>
    new LambdaClient({
      maxAttempts: 1,
      requestHandler: { ...limits.requestHandler, requestTimeout: 60_000 },
    }),
);
