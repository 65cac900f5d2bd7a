import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildClient, CommitmentPolicy, KmsKeyringNode } from '@aws-crypto/client-node';
import {
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  GetKeyRotationStatusCommand,
  KMSClient,
  ListGrantsCommand,
  ListKeyRotationsCommand,
  ReEncryptCommand,
  RotateKeyOnDemandCommand,
} from '@aws-sdk/client-kms';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forgetClients } from '#platform/clients.ts';
import { decrypt, encrypt, generateDataKey, kms as platformKms } from '#platform/kms-client.ts';
import { attach } from '../attach.ts';
import { type VirtualClock, virtualClock } from '../clock.ts';
import { createKms, type Kms } from './kms.ts';

const day = 86_400_000;
const context = { namespace: 'payments', key: 'gateway.token' };
const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('utf8');
const bytesOf = (value: string) => new Uint8Array(Buffer.from(value));

let directory = '';
let clock: VirtualClock;
let kms: Kms;
let client: KMSClient;
let arn = '';

function open(): void {
  kms = createKms({ directory, clock });
  client = new KMSClient({ region: 'us-east-1' });
  attach(client, 'KMS', kms.handlers);
  attach(platformKms(), 'KMS', kms.handlers);
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'theseus-kms-'));
  clock = virtualClock(Date.UTC(2026, 0, 1));
  open();
  arn = await kms.declare('theseus/secrets');
});
afterEach(() => {
  forgetClients();
  rmSync(directory, { recursive: true, force: true });
});

async function sealed(value = 'swordfish', EncryptionContext: Record<string, string> = context) {
  const answer = await client.send(
    new EncryptCommand({ KeyId: arn, Plaintext: bytesOf(value), EncryptionContext }),
  );
  return answer.CiphertextBlob ?? new Uint8Array();
}

describe('the KMS of a laptop', () => {
  it('keeps its keys over restarts, for their owner alone, and declares each alias once', async () => {
    const blob = await sealed();
    open();
    expect(await kms.declare('theseus/secrets')).toBe(arn);
    const opened = await client.send(
      new DecryptCommand({
        CiphertextBlob: blob,
        EncryptionContext: { key: context.key, namespace: context.namespace },
      }),
    );
    expect(text(opened.Plaintext)).toBe('swordfish');
    expect(opened.KeyId).toBe(arn);
    const files = readdirSync(join(directory, 'kms'));
    expect(files).toHaveLength(1);
    for (const file of files) expect(statSync(join(directory, 'kms', file)).mode & 0o777).toBe(0o600);
    const described = await client.send(new DescribeKeyCommand({ KeyId: 'alias/theseus/secrets' }));
    expect(described.KeyMetadata).toMatchObject({
      Arn: arn,
      KeyState: 'Enabled',
      KeySpec: 'SYMMETRIC_DEFAULT',
    });
  });

  it('opens nothing with another context, with another key or when it was changed', async () => {
    const blob = await sealed();
    const decrypt = (more: Partial<DecryptCommand['input']>) =>
      client.send(new DecryptCommand({ CiphertextBlob: blob, EncryptionContext: context, ...more }));
    await expect(decrypt({ EncryptionContext: { ...context, key: 'other' } })).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
    });
    await expect(decrypt({ EncryptionContext: {} })).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
    });
    for (const at of [0, 5, 20, 40, blob.length - 1]) {
      const changed = new Uint8Array(blob);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(decrypt({ CiphertextBlob: changed }), `byte ${at}`).rejects.toMatchObject({
        name: 'InvalidCiphertextException',
      });
    }
    const { KeyMetadata: other } = await client.send(new CreateKeyCommand({}));
    await expect(decrypt({ KeyId: other?.Arn })).rejects.toMatchObject({ name: 'IncorrectKeyException' });
    await client.send(new DisableKeyCommand({ KeyId: arn }));
    await expect(decrypt({})).rejects.toMatchObject({ name: 'DisabledException' });
  });

  it('opens with the old material what was encrypted before a rotation', async () => {
    const old = await sealed('old');
    await client.send(new RotateKeyOnDemandCommand({ KeyId: arn }));
    await clock.advance(800 * day);
    const recent = await sealed('recent');
    open();
    for (const [blob, value] of [
      [old, 'old'],
      [recent, 'recent'],
    ] as const) {
      const { Plaintext } = await client.send(
        new DecryptCommand({ CiphertextBlob: blob, EncryptionContext: context }),
      );
      expect(text(Plaintext)).toBe(value);
    }
    const { Rotations } = await client.send(new ListKeyRotationsCommand({ KeyId: arn }));
    expect(Rotations?.map(({ RotationType }) => RotationType)).toEqual([
      'ON_DEMAND',
      'AUTOMATIC',
      'AUTOMATIC',
    ]);
    const status = await client.send(new GetKeyRotationStatusCommand({ KeyId: arn }));
    expect(status).toMatchObject({
      KeyRotationEnabled: true,
      NextRotationDate: new Date(Date.UTC(2026, 0, 1) + 3 * 365 * day),
    });
    // Where the material is named in the ciphertext, another one does not open it.
    expect(Buffer.from(old).subarray(0, 17)).toEqual(Buffer.from(recent).subarray(0, 17));
    expect(Buffer.from(old).subarray(17, 33)).not.toEqual(Buffer.from(recent).subarray(17, 33));
  });

  it('encrypts again under another context without showing what it is', async () => {
    const moved = await client.send(
      new ReEncryptCommand({
        CiphertextBlob: await sealed(),
        SourceEncryptionContext: context,
        DestinationKeyId: arn,
        DestinationEncryptionContext: { moved: 'yes' },
      }),
    );
    const { Plaintext } = await client.send(
      new DecryptCommand({ CiphertextBlob: moved.CiphertextBlob, EncryptionContext: { moved: 'yes' } }),
    );
    expect(text(Plaintext)).toBe('swordfish');
    expect(moved).not.toHaveProperty('Plaintext');
  });

  it('refuses what it does not know, by name', async () => {
    await expect(client.send(new ListGrantsCommand({ KeyId: arn }))).rejects.toThrow(
      'KMS.ListGrants is not available on the laptop',
    );
    await expect(
      client.send(new EncryptCommand({ KeyId: arn, Plaintext: bytesOf('x'), GrantTokens: ['t'] })),
    ).rejects.toThrow('does not know the field GrantTokens');
    await expect(sealed('x'.repeat(4_097))).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(client.send(new DescribeKeyCommand({ KeyId: 'alias/none' }))).rejects.toMatchObject({
      name: 'NotFoundException',
    });
  });

  it('opens what it sealed, whatever it is and in whatever context', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 4_096 }),
        fc.array(fc.tuple(fc.string(), fc.string())),
        async (plaintext, pairs) => {
          const { CiphertextBlob } = await client.send(
            new EncryptCommand({
              KeyId: arn,
              Plaintext: plaintext,
              EncryptionContext: Object.fromEntries(pairs),
            }),
          );
          const reversed = Object.entries(Object.fromEntries(pairs)).reverse();
          const { Plaintext } = await client.send(
            new DecryptCommand({ CiphertextBlob, EncryptionContext: Object.fromEntries(reversed) }),
          );
          expect(Buffer.from(Plaintext ?? [])).toEqual(Buffer.from(plaintext));
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('the AWS Encryption SDK', () => {
  const sdk = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
  const keyring = () =>
    new KmsKeyringNode({
      generatorKeyId: arn,
      clientProvider: () => ({ generateDataKey, encrypt, decrypt }),
    });

  it('seals and opens with it, and its context is bound', async () => {
    const { result } = await sdk.encrypt(keyring(), 'swordfish', { encryptionContext: context });
    const { plaintext, messageHeader } = await sdk.decrypt(keyring(), result);
    expect(plaintext.toString('utf8')).toBe('swordfish');
    expect(messageHeader.encryptionContext).toMatchObject(context);
    await client.send(new RotateKeyOnDemandCommand({ KeyId: arn }));
    expect((await sdk.decrypt(keyring(), result)).plaintext.toString('utf8')).toBe('swordfish');

    // The name of the secret is in the head of the message: put another one there, of the same length.
    const at = result.indexOf('payments');
    const forged = Buffer.from(result);
    forged.write('paymentz', at);
    await expect(sdk.decrypt(keyring(), forged)).rejects.toThrow();
  });
});
