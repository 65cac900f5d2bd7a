import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import {
  type CreateKeyCommandInput,
  type CreateKeyCommandOutput,
  type DecryptCommandInput,
  type DecryptCommandOutput,
  type DescribeKeyCommandInput,
  type DescribeKeyCommandOutput,
  DisabledException,
  type DisableKeyCommandInput,
  type DisableKeyCommandOutput,
  type EnableKeyCommandInput,
  type EnableKeyCommandOutput,
  type EnableKeyRotationCommandInput,
  type EnableKeyRotationCommandOutput,
  type EncryptCommandInput,
  type EncryptCommandOutput,
  type GenerateDataKeyCommandInput,
  type GenerateDataKeyCommandOutput,
  type GetKeyRotationStatusCommandInput,
  type GetKeyRotationStatusCommandOutput,
  IncorrectKeyException,
  InvalidCiphertextException,
  KMSServiceException,
  LimitExceededException,
  type ListKeyRotationsCommandInput,
  type ListKeyRotationsCommandOutput,
  type ListKeysCommandInput,
  type ListKeysCommandOutput,
  NotFoundException,
  type ReEncryptCommandInput,
  type ReEncryptCommandOutput,
  type RotateKeyOnDemandCommandInput,
  type RotateKeyOnDemandCommandOutput,
} from '@aws-sdk/client-kms';
import type { CommandHandlers } from '../attach.ts';
import type { Clock } from '../clock.ts';
import { knownFields } from '../known-fields.ts';
import { ACCOUNT } from '../step-functions/arns.ts';
import {
  decrypt,
  type EncryptionContext,
  encrypt,
  type KeyRecord,
  keyArn,
  keyIdOf,
  newMaterial,
  openKeys,
} from './keys.ts';

type Answer<T> = Promise<Omit<T, '$metadata'>>;

/** Bytes that Encrypt takes. */
const mostPlaintext = 4_096;
/** Rotations on demand of a key. https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html */
const mostOnDemand = 25;
const dayMs = 86_400_000;
const usualRotationDays = 365;

const told = (message: string) => ({ $metadata: {}, message });
const invalid = (message: string) =>
  new KMSServiceException({ ...told(message), name: 'ValidationException', $fault: 'client' });

/** The KMS of a laptop: symmetric keys in files, AES-256-GCM, the encryption context bound in. */
export function createKms({ directory, clock }: { directory: string; clock: Clock }) {
  const keys = openKeys(join(directory, 'kms'));
  let turn: Promise<unknown> = Promise.resolve();

  /** Changes of keys happen one after another. */
  function inTurn<T>(change: () => Promise<T>): Promise<T> {
    const mine = turn.then(change);
    turn = mine.catch(() => {});
    return mine;
  }

  function find(identifier: string | undefined): KeyRecord {
    const key = keys.find(identifier ?? '');
    if (key === undefined) throw new NotFoundException(told(`Key '${identifier}' does not exist`));
    return key;
  }

  const rotated = (key: KeyRecord, at: number, kind: 'AUTOMATIC' | 'ON_DEMAND'): KeyRecord => ({
    ...key,
    materials: [...key.materials, newMaterial()],
    rotations: [...key.rotations, { at, kind }],
    ...(kind === 'AUTOMATIC' ? { rotatesFrom: at } : {}),
  });

  /** Of an enabled key with the material of now: a rotation that came due while nobody asked is made up for. */
  async function usable(identifier: string | undefined): Promise<KeyRecord> {
    const present = find(identifier);
    if (!present.enabled) throw new DisabledException(told(`${keyArn(present.id)} is disabled`));
    if (present.rotatesEvery === undefined || clock.now() < dueAt(present)) return present;
    return inTurn(async () => {
      let key = find(present.id);
      while (key.rotatesEvery !== undefined && clock.now() >= dueAt(key))
        key = rotated(key, dueAt(key), 'AUTOMATIC');
      if (key !== present) await keys.save(key);
      return key;
    });
  }

  const dueAt = ({ rotatesFrom, rotatesEvery = usualRotationDays }: KeyRecord) =>
    rotatesFrom + rotatesEvery * dayMs;

  /** Of a key as it is now. */
  const changed = (
    identifier: string | undefined,
    change: (key: KeyRecord) => KeyRecord,
  ): Promise<KeyRecord> =>
    inTurn(async () => {
      const key = change(find(identifier));
      await keys.save(key);
      return key;
    });

  function refuseOtherAlgorithms(algorithm: string | undefined): void {
    if (algorithm !== undefined && algorithm !== 'SYMMETRIC_DEFAULT')
      throw invalid(`Keys of the laptop are SYMMETRIC_DEFAULT, this asks for ${algorithm}`);
  }

  /** Opens a ciphertext; throws InvalidCiphertextException, also for another context, as KMS does. */
  async function open(
    ciphertext: Uint8Array | undefined,
    context: EncryptionContext = {},
    identifier?: string | undefined,
  ): Promise<{ key: KeyRecord; plaintext: Buffer }> {
    const bytes = Buffer.from(ciphertext ?? []);
    const known = keys.find(keyIdOf(bytes) ?? '');
    if (known === undefined)
      throw new InvalidCiphertextException(told('The ciphertext is not of a key here'));
    if (identifier !== undefined && find(identifier).id !== known.id)
      throw new IncorrectKeyException(told('The key ID does not identify the key of the ciphertext'));
    const key = await usable(known.id);
    const plaintext = decrypt(key, bytes, context);
    if (plaintext === undefined)
      throw new InvalidCiphertextException(told('The ciphertext was changed, or its context is another'));
    return { key, plaintext };
  }

  const metadataOf = (key: KeyRecord) => ({
    AWSAccountId: ACCOUNT,
    KeyId: key.id,
    Arn: keyArn(key.id),
    CreationDate: new Date(key.created),
    Enabled: key.enabled,
    Description: key.description,
    KeyUsage: 'ENCRYPT_DECRYPT' as const,
    KeyState: key.enabled ? ('Enabled' as const) : ('Disabled' as const),
    Origin: 'AWS_KMS' as const,
    KeyManager: 'CUSTOMER' as const,
    KeySpec: 'SYMMETRIC_DEFAULT' as const,
    EncryptionAlgorithms: ['SYMMETRIC_DEFAULT' as const],
    MultiRegion: false,
  });

  async function create(alias?: string, description = '', tags: KeyRecord['tags'] = []): Promise<KeyRecord> {
    const now = clock.now();
    const key: KeyRecord = {
      id: randomUUID(),
      ...(alias === undefined ? {} : { alias }),
      description,
      tags,
      created: now,
      enabled: true,
      rotatesFrom: now,
      rotations: [],
      materials: [newMaterial()],
    };
    await keys.save(key);
    return key;
  }

  const handlers: CommandHandlers = {
    async CreateKey(input: CreateKeyCommandInput): Answer<CreateKeyCommandOutput> {
      knownFields('KMS.CreateKey', input, ['Description', 'KeyUsage', 'KeySpec', 'Tags']);
      refuseOtherAlgorithms(input.KeySpec);
      const tags = (input.Tags ?? []).map(({ TagKey = '', TagValue = '' }) => ({
        key: TagKey,
        value: TagValue,
      }));
      return { KeyMetadata: metadataOf(await create(undefined, input.Description, tags)) };
    },
    async DescribeKey(input: DescribeKeyCommandInput): Answer<DescribeKeyCommandOutput> {
      knownFields('KMS.DescribeKey', input, ['KeyId']);
      return { KeyMetadata: metadataOf(find(input.KeyId)) };
    },
    async ListKeys(input: ListKeysCommandInput): Answer<ListKeysCommandOutput> {
      knownFields('KMS.ListKeys', input, ['Limit']);
      const all = keys.all().map(({ id }) => ({ KeyId: id, KeyArn: keyArn(id) }));
      if (all.length > (input.Limit ?? 1_000))
        throw invalid(`These are ${all.length} keys, Limit is ${input.Limit}`);
      return { Keys: all, Truncated: false };
    },
    async EnableKey(input: EnableKeyCommandInput): Answer<EnableKeyCommandOutput> {
      knownFields('KMS.EnableKey', input, ['KeyId']);
      await changed(input.KeyId, (key) => ({ ...key, enabled: true }));
      return {};
    },
    async DisableKey(input: DisableKeyCommandInput): Answer<DisableKeyCommandOutput> {
      knownFields('KMS.DisableKey', input, ['KeyId']);
      await changed(input.KeyId, (key) => ({ ...key, enabled: false }));
      return {};
    },
    async EnableKeyRotation(input: EnableKeyRotationCommandInput): Answer<EnableKeyRotationCommandOutput> {
      knownFields('KMS.EnableKeyRotation', input, ['KeyId', 'RotationPeriodInDays']);
      const rotatesEvery = input.RotationPeriodInDays ?? usualRotationDays;
      if (!Number.isInteger(rotatesEvery) || rotatesEvery < 90 || rotatesEvery > 2_560)
        throw invalid(`RotationPeriodInDays is 90 to 2560, this is ${rotatesEvery}`);
      await changed(input.KeyId, (key) => ({ ...key, rotatesEvery, rotatesFrom: clock.now() }));
      return {};
    },
    async GetKeyRotationStatus(
      input: GetKeyRotationStatusCommandInput,
    ): Answer<GetKeyRotationStatusCommandOutput> {
      knownFields('KMS.GetKeyRotationStatus', input, ['KeyId']);
      const key = find(input.KeyId);
      return {
        KeyId: keyArn(key.id),
        KeyRotationEnabled: key.rotatesEvery !== undefined,
        ...(key.rotatesEvery === undefined
          ? {}
          : { RotationPeriodInDays: key.rotatesEvery, NextRotationDate: new Date(dueAt(key)) }),
      };
    },
    async RotateKeyOnDemand(input: RotateKeyOnDemandCommandInput): Answer<RotateKeyOnDemandCommandOutput> {
      knownFields('KMS.RotateKeyOnDemand', input, ['KeyId']);
      const { id } = await usable(input.KeyId);
      await changed(id, (key) => {
        if (key.rotations.filter(({ kind }) => kind === 'ON_DEMAND').length >= mostOnDemand)
          throw new LimitExceededException(told(`A key is rotated on demand at most ${mostOnDemand} times`));
        return rotated(key, clock.now(), 'ON_DEMAND');
      });
      return { KeyId: keyArn(id) };
    },
    async ListKeyRotations(input: ListKeyRotationsCommandInput): Answer<ListKeyRotationsCommandOutput> {
      knownFields('KMS.ListKeyRotations', input, ['KeyId', 'Limit']);
      const { id } = await usable(input.KeyId);
      const all = find(id).rotations.map(({ at, kind }) => ({
        KeyId: keyArn(id),
        RotationDate: new Date(at),
        RotationType: kind,
      }));
      return { Rotations: all.slice(-(input.Limit ?? 100)), Truncated: false };
    },

    async GenerateDataKey(input: GenerateDataKeyCommandInput): Answer<GenerateDataKeyCommandOutput> {
      knownFields('KMS.GenerateDataKey', input, ['KeyId', 'EncryptionContext', 'NumberOfBytes', 'KeySpec']);
      if ((input.NumberOfBytes === undefined) === (input.KeySpec === undefined))
        throw invalid('Give either NumberOfBytes or KeySpec');
      const bytes = input.NumberOfBytes ?? (input.KeySpec === 'AES_128' ? 16 : 32);
      if (!Number.isInteger(bytes) || bytes < 1 || bytes > 1_024)
        throw invalid(`NumberOfBytes is 1 to 1024, this is ${bytes}`);
      const key = await usable(input.KeyId);
      const plaintext = randomBytes(bytes);
      return {
        KeyId: keyArn(key.id),
        Plaintext: new Uint8Array(plaintext),
        CiphertextBlob: new Uint8Array(encrypt(key, plaintext, input.EncryptionContext ?? {})),
      };
    },
    async Encrypt(input: EncryptCommandInput): Answer<EncryptCommandOutput> {
      knownFields('KMS.Encrypt', input, ['KeyId', 'Plaintext', 'EncryptionContext', 'EncryptionAlgorithm']);
      refuseOtherAlgorithms(input.EncryptionAlgorithm);
      const plaintext = input.Plaintext ?? new Uint8Array();
      if (plaintext.length < 1 || plaintext.length > mostPlaintext)
        throw invalid(`Plaintext has 1 to ${mostPlaintext} bytes, this has ${plaintext.length}`);
      const key = await usable(input.KeyId);
      return {
        KeyId: keyArn(key.id),
        CiphertextBlob: new Uint8Array(encrypt(key, plaintext, input.EncryptionContext ?? {})),
        EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      };
    },
    async Decrypt(input: DecryptCommandInput): Answer<DecryptCommandOutput> {
      knownFields('KMS.Decrypt', input, [
        'CiphertextBlob',
        'EncryptionContext',
        'KeyId',
        'EncryptionAlgorithm',
      ]);
      refuseOtherAlgorithms(input.EncryptionAlgorithm);
      const { key, plaintext } = await open(input.CiphertextBlob, input.EncryptionContext, input.KeyId);
      return {
        KeyId: keyArn(key.id),
        Plaintext: new Uint8Array(plaintext),
        EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      };
    },
    async ReEncrypt(input: ReEncryptCommandInput): Answer<ReEncryptCommandOutput> {
      knownFields('KMS.ReEncrypt', input, [
        'CiphertextBlob',
        'SourceEncryptionContext',
        'SourceKeyId',
        'DestinationKeyId',
        'DestinationEncryptionContext',
      ]);
      const source = await open(input.CiphertextBlob, input.SourceEncryptionContext, input.SourceKeyId);
      const key = await usable(input.DestinationKeyId);
      return {
        SourceKeyId: keyArn(source.key.id),
        KeyId: keyArn(key.id),
        CiphertextBlob: new Uint8Array(
          encrypt(key, source.plaintext, input.DestinationEncryptionContext ?? {}),
        ),
      };
    },
  };

  return {
    /** Answers of KMS by the names of their commands. */
    handlers,
    /** Sees that a key with this alias is there, rotated every year. Resolves with its ARN. */
    declare: (alias: string): Promise<string> =>
      inTurn(async () => {
        const known = keys.find(`alias/${alias}`);
        if (known !== undefined) return keyArn(known.id);
        const key = await create(`alias/${alias}`);
        await keys.save({ ...key, rotatesEvery: usualRotationDays });
        return keyArn(key.id);
      }),
    /** Every change is on disk when its call returns; this waits for those under way. */
    async stop(): Promise<void> {
      await turn;
    },
  };
}
export type Kms = ReturnType<typeof createKms>;
