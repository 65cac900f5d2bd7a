import { createHmac, timingSafeEqual } from 'node:crypto';
import { GetSecretValueCommand, ResourceNotFoundException } from '@aws-sdk/client-secrets-manager';
import { canonical } from '#compatibility/json-schema/document.ts';
import { secretsManager } from '#platform/clients.ts';
import { currentEnvironment, environmentVariable } from '#platform/environment.ts';
import { PromotionRefused } from '../errors.ts';

// Environments believe each other by one secret that all of them have: PROMOTION_SECRET is its name in Secrets Manager.

/** The shared secret; undefined where none is set. */
async function secret(): Promise<string | undefined> {
  const SecretId = environmentVariable('PROMOTION_SECRET');
  try {
    return (await secretsManager().send(new GetSecretValueCommand({ SecretId }))).SecretString;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

/** The shared secret, or undefined on a laptop that has none. Throws PromotionRefused elsewhere. */
async function secretHere(): Promise<string | undefined> {
  const found = await secret();
  if (found !== undefined || currentEnvironment() === 'local') return found;
  const name = environmentVariable('PROMOTION_SECRET');
  throw new PromotionRefused('No secret is set by which environments believe each other', {
    evidence: { secret: name },
    action: `Put the same text into the secret ${name} of every environment.`,
  });
}

const sign = (key: string, document: object): string =>
  createHmac('sha256', key).update(canonical(document)).digest('base64');

/** The signature of a document (without one); null on a laptop without a secret. Throws PromotionRefused elsewhere. */
export async function signatureOf(document: object): Promise<string | null> {
  const key = await secretHere();
  return key === undefined ? null : sign(key, document);
}

/** Throws PromotionRefused unless the document is as it was signed, by somebody who has the secret. */
export async function assertSigned(document: object, signature: string | null): Promise<void> {
  const key = await secretHere();
  if (key === undefined) return;
  const [found, expected] = [Buffer.from(signature ?? ''), Buffer.from(sign(key, document))];
  if (found.length === expected.length && timingSafeEqual(found, expected)) return;
  throw new PromotionRefused(
    'The document is not signed with the secret of this environment, or was changed',
    {
      action: 'Fetch it anew, and see that both environments have the same secret.',
    },
  );
}
