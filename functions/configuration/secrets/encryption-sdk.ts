import {
  type AlgorithmSuiteIdentifier,
  buildClient,
  CommitmentPolicy,
  KmsKeyringNode,
} from '@aws-crypto/client-node';
import { decrypt as decryptDataKey, generateDataKey } from '#platform/kms-client.ts';

// The AWS Encryption SDK under a KMS key: every message has a data key of its own, committed to and bound to its context.
// Loaded with the first secret that a process sees, since it takes 40 ms.

const { encrypt, decrypt } = buildClient({
  commitmentPolicy: CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT,
  maxEncryptedDataKeys: 1,
});

export interface Opened {
  plaintext: Buffer;
  /** As the header of the message says it; it was authenticated with the message. */
  context: Record<string, string>;
  suite: number;
}

type ClientProvider = Extract<
  NonNullable<ConstructorParameters<typeof KmsKeyringNode>[0]>['clientProvider'],
  (...region: never[]) => unknown
>;
type Kms = Exclude<ReturnType<ClientProvider>, false>;

/** The two calls that envelope encryption makes, by the platform's own client; the last failure is kept, which the SDK swallows. */
function keyringOf(keyArn: string): { keyring: KmsKeyringNode; failure: () => unknown } {
  let failure: unknown;
  const kept = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      failure = error;
      throw error;
    }
  };
  const client: Kms = {
    generateDataKey: (input) => kept(generateDataKey(input)),
    decrypt: (input) => kept(decryptDataKey(input)),
    encrypt: () => Promise.reject(new Error('A second key for one message is not used')),
  };
  return {
    keyring: new KmsKeyringNode({ generatorKeyId: keyArn, clientProvider: () => client }),
    failure: () => failure,
  };
}

/** Throws what KMS refused with. */
export async function sealWith(
  keyArn: string,
  suite: number,
  plaintext: Buffer,
  context: Record<string, string>,
): Promise<Buffer> {
  const { keyring, failure } = keyringOf(keyArn);
  try {
    const { result } = await encrypt(keyring, plaintext, {
      encryptionContext: context,
      // Of those that commit to the data key; the SDK refuses others.
      suiteId: suite as AlgorithmSuiteIdentifier,
      plaintextLength: plaintext.byteLength,
    });
    return result;
  } catch (error) {
    throw failure() ?? error;
  }
}

/** Throws what KMS refused with, and the SDK's own error for a message that was changed. */
export async function openWith(keyArn: string, ciphertext: Buffer): Promise<Opened> {
  const { keyring, failure } = keyringOf(keyArn);
  try {
    const { plaintext, messageHeader } = await decrypt(keyring, ciphertext);
    return { plaintext, context: { ...messageHeader.encryptionContext }, suite: messageHeader.suiteId };
  } catch (error) {
    throw failure() ?? error;
  }
}
