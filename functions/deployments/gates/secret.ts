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

// Gates know by one secret that it is this platform who asks: GATE_SECRET is its name in Secrets Manager.

const name = () => environmentVariable('GATE_SECRET');

async function read(): Promise<string | undefined> {
  try {
    return (await secretsManager().send(new GetSecretValueCommand({ SecretId: name() }))).SecretString;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

/** The secret that gates are signed with, as a receiver's library of Standard Webhooks takes it; made when first asked for. */
export async function gateSecret(): Promise<string> {
  const found = await read();
  if (found !== undefined) return found;
  const made = secretText(secretBytes(32));
  try {
    const Description = 'Signs what the gates of deployments are asked';
    await secretsManager().send(new CreateSecretCommand({ Name: name(), Description, SecretString: made }));
    return made;
  } catch (error) {
    // Somebody else was first.
    if (error instanceof ResourceExistsException) return (await read()) ?? made;
    throw error;
  }
}
