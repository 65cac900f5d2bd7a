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

/** Names of secrets take no colon, ids of consumers do, and no slash. */
const nameOf = (consumer: string): string =>
  `${environmentVariable('WEBHOOK_SECRETS')}consumer/${consumer.replaceAll(':', '/')}`;

async function read(name: string): Promise<string | undefined> {
  try {
    return (await secretsManager().send(new GetSecretValueCommand({ SecretId: name }))).SecretString;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

/** The secret that webhooks of a consumer are signed with, as a library of Standard Webhooks takes it; made when first asked for. */
export async function consumerSecret(consumer: string): Promise<string> {
  const name = nameOf(consumer);
  const found = await read(name);
  if (found !== undefined) return found;
  const made = secretText(secretBytes(32));
  try {
    const Description = 'Signs what a consumer of APIs is told';
    await secretsManager().send(new CreateSecretCommand({ Name: name, Description, SecretString: made }));
    return made;
  } catch (error) {
    // Somebody else was first.
    if (error instanceof ResourceExistsException) return (await read(name)) ?? made;
    throw error;
  }
}
