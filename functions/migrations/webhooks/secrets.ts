import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
} from '@aws-sdk/client-secrets-manager';
import type { z } from 'zod';
import { secretsManager } from '#platform/clients.ts';
import { environmentVariable } from '#platform/environment.ts';

// What webhooks and Slack keep secret: one secret of Secrets Manager each, JSON, below the prefix WEBHOOK_SECRETS.

const nameOf = (name: string): string => `${environmentVariable('WEBHOOK_SECRETS')}${name}`;

/** Makes a secret; false when it is there already, which then stays as it is. */
export async function makeSecret(name: string, description: string, content: object): Promise<boolean> {
  try {
    await secretsManager().send(
      new CreateSecretCommand({
        Name: nameOf(name),
        Description: description,
        SecretString: JSON.stringify(content),
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ResourceExistsException) return false;
    throw error;
  }
}

/** The content of a secret, undefined when there is none. */
export async function readSecret<S extends z.ZodType>(
  schema: S,
  name: string,
): Promise<z.output<S> | undefined> {
  try {
    const found = await secretsManager().send(new GetSecretValueCommand({ SecretId: nameOf(name) }));
    return schema.parse(JSON.parse(found.SecretString ?? '{}'));
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

/** Replaces the content of a secret that is there. */
export async function replaceSecret(name: string, content: object): Promise<void> {
  await secretsManager().send(
    new PutSecretValueCommand({ SecretId: nameOf(name), SecretString: JSON.stringify(content) }),
  );
}

/** Forgets a secret at once; one that is not there is forgotten already. */
export async function deleteSecret(name: string): Promise<void> {
  try {
    await secretsManager().send(
      new DeleteSecretCommand({ SecretId: nameOf(name), ForceDeleteWithoutRecovery: true }),
    );
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
  }
}
