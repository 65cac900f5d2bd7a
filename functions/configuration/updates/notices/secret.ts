import {
  CreateSecretCommand,
  GetSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
} from '@aws-sdk/client-secrets-manager';
import { secretsManager } from '#platform/clients.ts';
import { environmentVariable } from '#platform/environment.ts';
import { secretText } from '#platform/outbound/signature.ts';
import { secretBytes } from '#platform/random.ts';

const nameOf = (service: string): string => `${environmentVariable('WEBHOOK_SECRETS')}subscriber/${service}`;

async function read(name: string): Promise<string | undefined> {
  try {
    return (await secretsManager().send(new GetSecretValueCommand({ SecretId: name }))).SecretString;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

/** The secret that a service's webhooks are signed with, as a library of Standard Webhooks takes it; made when first asked for. */
export async function subscriberSecret(service: string): Promise<string> {
  const name = nameOf(service);
  const found = await read(name);
  if (found !== undefined) return found;
  const made = secretText(secretBytes(32));
  try {
    const Description = 'Signs what a service is told of its configuration';
    await secretsManager().send(new CreateSecretCommand({ Name: name, Description, SecretString: made }));
    return made;
  } catch (error) {
    // Somebody else was first.
    if (error instanceof ResourceExistsException) return (await read(name)) ?? made;
    throw error;
  }
}
