import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type ObjectIdentifier,
  S3Client,
} from '@aws-sdk/client-s3';
import { z } from 'zod';
import { root } from '../../cdk/constructs/repository.ts';

/** What was deployed, by stack and output. */
export const stackOutputs = z.record(z.string(), z.record(z.string(), z.string()));

/** The Region in use. Throws with one clear line when there is no Region or nobody to act as. */
export async function requireAccount(): Promise<string> {
  const client = new LambdaClient({});
  const region = await client.config.region().catch(() => undefined);
  if (region === undefined)
    throw new Error('No AWS Region: set AWS_REGION, or a region in your AWS profile.');
  await client.config.credentials().catch((cause: unknown) => {
    throw new Error(
      'No AWS credentials: set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws sso login`.',
      { cause },
    );
  });
  return region;
}

/** Runs the CDK CLI of this repository. Rejects when it fails, or after an hour. */
export function cdk(args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('npx', ['cdk', ...args], { cwd: root, stdio: 'inherit', timeout: 3_600_000 });
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`cdk ${args[0]} ended with ${code ?? 'a signal'}`)),
    );
  });
}

/** One output of what `cdk deploy --outputs-file` wrote. Throws when it is missing. */
export function readOutput(file: string, stack: string, name: string): string {
  const value = stackOutputs.parse(JSON.parse(readFileSync(file, 'utf8')))[stack]?.[name];
  if (value === undefined) throw new Error(`${stack} has no output ${name} in ${file}`);
  return value;
}

const answer = z.object({ rows: z.array(z.record(z.string(), z.unknown())) });

/** Runs SQL beside the database and returns the rows of the last statement. */
export async function runSql(functionName: string, statements: string[]): Promise<Record<string, unknown>[]> {
  const client = new LambdaClient({ maxAttempts: 1, requestHandler: { requestTimeout: 310_000 } });
  const invoked = await client.send(
    new InvokeCommand({ FunctionName: functionName, Payload: Buffer.from(JSON.stringify({ statements })) }),
  );
  const text = Buffer.from(invoked.Payload ?? []).toString('utf8');
  if (invoked.FunctionError !== undefined) throw new Error(`SQL failed: ${text}`);
  return answer.parse(JSON.parse(text)).rows;
}

const signIn = z.object({ AuthenticationResult: z.object({ IdToken: z.string() }) });

/** A token of the user pool, as a caller of the API gets one. */
export async function tokenOf(
  region: string,
  who: { clientId: string; username: string; password: string },
): Promise<string> {
  const response = await fetch(`https://cognito-idp.${region}.amazonaws.com/`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'AWSCognitoIdentityProviderService.InitiateAuth',
    },
    body: JSON.stringify({
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId: who.clientId,
      AuthParameters: { USERNAME: who.username, PASSWORD: who.password },
    }),
    signal: AbortSignal.timeout(15_000),
  });
  const body: unknown = await response.json();
  if (!response.ok) throw new Error(`Signing in failed with ${response.status}: ${JSON.stringify(body)}`);
  return signIn.parse(body).AuthenticationResult.IdToken;
}

/** Deletes every version of every object, without which CloudFormation cannot delete the bucket. */
export async function emptyBucket(Bucket: string): Promise<void> {
  const client = new S3Client({});
  let next: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } | undefined = {};
  while (next !== undefined) {
    const page: ListObjectVersionsCommandOutput = await client.send(
      new ListObjectVersionsCommand({ Bucket, MaxKeys: 1_000, ...next }),
    );
    const objects = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].flatMap(
      ({ Key, VersionId }): ObjectIdentifier[] => (Key === undefined ? [] : [{ Key, VersionId }]),
    );
    if (objects.length > 0) {
      await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: objects, Quiet: true } }));
    }
    next = page.IsTruncated
      ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
      : undefined;
  }
}
