import {
  CreateSecretCommand,
  GetSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
} from '@aws-sdk/client-secrets-manager';
import { secretsManager } from '../clients.ts';
import { secretBytes } from '../random.ts';
import { secretText } from './signature.ts';

async function read(name: string): Promise<string | undefined> {
  try {
    return (await secretsManager().send(new GetSecretValueCommand({ SecretId: name }))).SecretString;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

/**
 * The secret of this name in Secrets Manager that messages to others are signed with, as a receiver's library of Standard
 * Webhooks takes it; made when first asked for, with `description` of what it signs.
 */
export async function signingSecret(name: string, description: string): Promise<string> {
  const found = await read(name);
  if (found !== undefined) return found;
  const made = secretText(secretBytes(32));
  try {
    await secretsManager().send(
      new CreateSecretCommand({ Name: name, Description: description, SecretString: made }),
    );
    return made;
  } catch (error) {
    // Somebody else was first.
    if (error instanceof ResourceExistsException) return (await read(name)) ?? made;
    throw error;
  }
}
