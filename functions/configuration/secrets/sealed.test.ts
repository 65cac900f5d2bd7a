import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { DecryptCommand, GenerateDataKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { forgetClients } from '#platform/clients.ts';
import { InvalidInput, ServiceUnavailable } from '#platform/errors.ts';
import { kms } from '#platform/kms-client.ts';
import { SecretUnreadable } from '../errors.ts';
import type { ConfigurationKey } from '../schemas.ts';
import { isCurrent, open, seal } from './sealed.ts';

const arn = (name: string) => `arn:aws:kms:eu-central-1:123456789012:key/${name}`;
const identity: ConfigurationKey = {
  namespace: 'shop',
  key: 'database.password',
  service: 'orders',
  environment: 'production',
};

/** Keys as KMS holds them: they wrap data keys under a context, and never leave. */
function keysOf(client: KMSClient) {
  const master = randomBytes(32);
  const state = { contexts: [] as unknown[], refuses: undefined as string | undefined };
  const aad = (context: Record<string, string> | undefined) =>
    Buffer.from(JSON.stringify(Object.entries(context ?? {}).toSorted()));
  const answer = (command: object): object => {
    if (state.refuses !== undefined) throw Object.assign(new Error('no'), { name: state.refuses });
    if (command instanceof GenerateDataKeyCommand) {
      const { input } = command;
      state.contexts.push(input.EncryptionContext);
      const [dataKey, iv] = [randomBytes(32), randomBytes(12)];
      const cipher = createCipheriv('aes-256-gcm', master, iv).setAAD(aad(input.EncryptionContext));
      const sealed = Buffer.concat([cipher.update(dataKey), cipher.final()]);
      return {
        KeyId: input.KeyId,
        Plaintext: new Uint8Array(dataKey),
        CiphertextBlob: Buffer.concat([iv, cipher.getAuthTag(), sealed]),
      };
    }
    if (!(command instanceof DecryptCommand)) throw new Error('Not asked of KMS here');
    const { input } = command;
    const blob = Buffer.from(input.CiphertextBlob ?? []);
    const cipher = createDecipheriv('aes-256-gcm', master, blob.subarray(0, 12))
      .setAAD(aad(input.EncryptionContext))
      .setAuthTag(blob.subarray(12, 28));
    const Plaintext = new Uint8Array(Buffer.concat([cipher.update(blob.subarray(28)), cipher.final()]));
    return { KeyId: input.KeyId, Plaintext };
  };
  vi.spyOn(client, 'send').mockImplementation(async (command: object) => answer(command));
  return state;
}

let keys: ReturnType<typeof keysOf>;
beforeEach(() => {
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('CONFIGURATION_SECRETS_KEY', arn('one'));
  keys = keysOf(kms());
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  forgetClients();
});

describe('a sealed secret', () => {
  it('opens for the value that it was sealed for, whatever its text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1, maxLength: 200, unit: 'grapheme' }), async (text) => {
        const sealed = await seal(text, identity);
        expect(Buffer.from(sealed.ciphertext, 'base64').includes(text) && text.length > 8).toBe(false);
        expect(await open(sealed, identity)).toBe(text.toWellFormed());
      }),
      { numRuns: 25 },
    );
    expect(keys.contexts[0]).toEqual({ purpose: 'theseus-configuration', ...identity });
  });

  it('does not open for another value, nor when it was changed', async () => {
    const sealed = await seal('hunter2', identity);
    const { service: _, ...wider } = identity;
    const others: ConfigurationKey[] = [
      { ...identity, key: 'database.user' },
      { ...identity, tenant: 'acme' },
      { ...identity, environment: 'staging' },
      wider,
    ];
    for (const other of others) await expect(open(sealed, other)).rejects.toBeInstanceOf(SecretUnreadable);
    const bytes = Buffer.from(sealed.ciphertext, 'base64');
    const last = bytes.length - 1;
    bytes[last] = (bytes[last] ?? 0) ^ 1;
    const changed = { ...sealed, ciphertext: bytes.toString('base64') };
    await expect(open(changed, identity)).rejects.toBeInstanceOf(SecretUnreadable);
  });

  it('has at most 4,096 bytes of UTF-8', async () => {
    await expect(seal('é'.repeat(2_049), identity)).rejects.toBeInstanceOf(InvalidInput);
    await expect(seal('', identity)).rejects.toBeInstanceOf(InvalidInput);
    const longest = 'é'.repeat(2_048);
    const sealed = await seal(longest, identity);
    expect(sealed.ciphertext.length).toBeLessThan(16_384);
    expect(await open(sealed, identity)).toBe(longest);
  });

  it('opens by the algorithm and the key it was sealed with, when new ones have others', async () => {
    const former = await seal('hunter2', identity);
    expect(isCurrent(former)).toBe(true);
    vi.stubEnv('CONFIGURATION_SECRETS_ALGORITHM', 'aws-encryption-sdk-0578');
    expect(isCurrent(former)).toBe(false);
    const signed = await seal('hunter3', identity);
    expect(signed.algorithm).toBe('aws-encryption-sdk-0578');
    vi.stubEnv('CONFIGURATION_SECRETS_KEY', arn('two'));
    expect(isCurrent(signed)).toBe(false);
    expect(await open(former, identity)).toBe('hunter2');
    expect(await open(signed, identity)).toBe('hunter3');
    // What is said of a secret is held against what it is.
    const lied = { ...signed, algorithm: 'aws-encryption-sdk-0478' };
    await expect(open(lied, identity)).rejects.toBeInstanceOf(SecretUnreadable);
    await expect(open({ ...former, algorithm: 'rot13' }, identity)).rejects.toThrow('rot13');
  });

  it('says by name what KMS refused, and what may pass by', async () => {
    const sealed = await seal('hunter2', identity);
    keys.refuses = 'DisabledException';
    await expect(open(sealed, identity)).rejects.toMatchObject({
      name: 'SecretUnreadable',
      evidence: { error: 'DisabledException', keyArn: arn('one') },
    });
    keys.refuses = 'ThrottlingException';
    await expect(open(sealed, identity)).rejects.toBeInstanceOf(ServiceUnavailable);
    await expect(seal('hunter2', identity)).rejects.toBeInstanceOf(ServiceUnavailable);
  });
});
