import { DecryptCommand, EncryptCommand, GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { limits, onceForTargets } from './clients.ts';

/** AWS KMS; apart, since only secrets of configuration are sealed with it. */
export const kms = /* @__PURE__ */ onceForTargets('KMS', () => new KMSClient(limits));

// The calls of KMS in the form in which the AWS Encryption SDK asks for them of a client, each for itself: a function
// holds, and needs the right to, only those that it uses.

interface Asked {
  /** The ARN of the key. */
  KeyId: string;
  EncryptionContext?: Record<string, string>;
}

function whole<T>(value: T | undefined, call: string): T {
  if (value === undefined) throw new Error(`KMS answered ${call} without what was asked for`);
  return value;
}

/** A new data key, plain and encrypted. Throws what KMS refused with. */
export async function generateDataKey({
  KeyId,
  EncryptionContext,
  NumberOfBytes,
}: Asked & { NumberOfBytes?: number }) {
  const answer = await kms().send(new GenerateDataKeyCommand({ KeyId, EncryptionContext, NumberOfBytes }));
  return {
    KeyId: whole(answer.KeyId, 'GenerateDataKey'),
    Plaintext: whole(answer.Plaintext, 'GenerateDataKey'),
    CiphertextBlob: whole(answer.CiphertextBlob, 'GenerateDataKey'),
  };
}

/** At most 4,096 bytes, encrypted. Throws what KMS refused with. */
export async function encrypt({ KeyId, EncryptionContext, Plaintext }: Asked & { Plaintext: Uint8Array }) {
  const answer = await kms().send(new EncryptCommand({ KeyId, EncryptionContext, Plaintext }));
  return {
    KeyId: whole(answer.KeyId, 'Encrypt'),
    CiphertextBlob: whole(answer.CiphertextBlob, 'Encrypt'),
  };
}

/** What was encrypted in this context; without `KeyId` by whatever key did it. Throws what KMS refused with. */
export async function decrypt({
  KeyId,
  EncryptionContext,
  CiphertextBlob,
}: Partial<Asked> & { CiphertextBlob: Uint8Array }) {
  const answer = await kms().send(new DecryptCommand({ KeyId, EncryptionContext, CiphertextBlob }));
  return { KeyId: whole(answer.KeyId, 'Decrypt'), Plaintext: whole(answer.Plaintext, 'Decrypt') };
}
