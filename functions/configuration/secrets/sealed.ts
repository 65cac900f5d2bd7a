import { clock } from '#platform/clock.ts';
import { environmentVariable } from '#platform/environment.ts';
import { InvalidInput, ServiceUnavailable } from '#platform/errors.ts';
import { SecretUnreadable } from '../errors.ts';
import { type ConfigurationKey, limits, type SealedSecret } from '../schemas.ts';
import { contextOf, isContext } from './context.ts';

// A secret is sealed before anything else of the platform sees it, and opened for its readers alone.

interface Algorithm {
  /** The AWS Encryption SDK's number of the algorithm suite. */
  suite: number;
}

/**
 * How secrets can be sealed. Each stored value says how it was, so that new ones can be added here and old ones are
 * opened until none is left. Both are AES-256-GCM with HKDF-SHA-512 and commitment to the key; the second one signs too
 * (ECDSA P-384), which helps where those who write must not be able to read.
 */
const algorithms: ReadonlyMap<string, Algorithm> = new Map([
  ['aws-encryption-sdk-0478', { suite: 0x0478 }],
  ['aws-encryption-sdk-0578', { suite: 0x0578 }],
]);
const defaultAlgorithm = 'aws-encryption-sdk-0478';

/** By what new secrets are sealed: CONFIGURATION_SECRETS_ALGORITHM, or the default. Throws InvalidInput for an unknown name. */
export function currentAlgorithm(): string {
  const name = process.env.CONFIGURATION_SECRETS_ALGORITHM || defaultAlgorithm;
  if (algorithms.has(name)) return name;
  throw new InvalidInput(`CONFIGURATION_SECRETS_ALGORITHM is '${name}'`, {
    action: `Set it to one of ${[...algorithms.keys()].join(', ')}, or leave it out.`,
  });
}

/** Under what key new secrets are sealed. */
export const currentKey = (): string => environmentVariable('CONFIGURATION_SECRETS_KEY');

/** Whether a secret was sealed as new ones are. */
export const isCurrent = ({ algorithm, keyArn }: SealedSecret): boolean =>
  algorithm === currentAlgorithm() && keyArn === currentKey();

/** Of KMS: it may go better the next time. */
const passing =
  /^(ThrottlingException|KMSInternalException|DependencyTimeoutException|KeyUnavailableException|TimeoutError|LimitExceededException|ServiceUnavailable)/;

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'Error');

/** Nothing of the cause but its name: messages of libraries may hold parts of what they were given. */
function failed(what: 'sealed' | 'opened', error: unknown, evidence: Record<string, unknown>): Error {
  const name = nameOf(error);
  if (passing.test(name)) return new ServiceUnavailable(`KMS did not answer in time (${name})`, { evidence });
  return new SecretUnreadable(`The secret could not be ${what}: ${name}`, {
    evidence: { ...evidence, error: name },
    action:
      'Look at the state of the key and at the rights to use it; a value that was changed or moved in the table has to be set again.',
  });
}

/**
 * Seals a secret for one value. Throws InvalidInput when it is empty or over 4,096 bytes of UTF-8; SecretUnreadable when
 * KMS refuses, ServiceUnavailable when it does not answer.
 */
export async function seal(plaintext: string, identity: ConfigurationKey): Promise<SealedSecret> {
  const bytes = Buffer.from(plaintext, 'utf8');
  if (bytes.byteLength === 0 || bytes.byteLength > limits.secretBytes) {
    throw new InvalidInput(
      `A secret has 1 to ${limits.secretBytes} bytes of UTF-8, found ${bytes.byteLength}`,
      {
        problems: [
          {
            pointer: '/secret',
            detail: `Expected 1 to ${limits.secretBytes} bytes, found ${bytes.byteLength}`,
          },
        ],
        action: 'Keep what is longer elsewhere, and its key or place as the secret.',
      },
    );
  }
  const [algorithm, keyArn] = [currentAlgorithm(), currentKey()];
  try {
    const { sealWith } = await import('./encryption-sdk.ts');
    const { suite } = algorithms.get(algorithm) ?? { suite: 0 };
    const ciphertext = await sealWith(keyArn, suite, bytes, contextOf(identity));
    return { algorithm, ciphertext: ciphertext.toString('base64'), keyArn, sealedAt: clock.iso() };
  } catch (error) {
    throw failed('sealed', error, { identity, keyArn });
  } finally {
    bytes.fill(0);
  }
}

/**
 * What was sealed for this value. Throws SecretUnreadable when it was sealed for another one, was changed, is of an
 * unknown algorithm, or KMS refuses; ServiceUnavailable when KMS does not answer.
 */
export async function open(sealed: SealedSecret, identity: ConfigurationKey): Promise<string> {
  const evidence = { identity, keyArn: sealed.keyArn, algorithm: sealed.algorithm };
  const algorithm = algorithms.get(sealed.algorithm);
  if (algorithm === undefined) {
    throw new SecretUnreadable(
      `The secret was sealed by ${sealed.algorithm}, which this version does not know`,
      {
        evidence,
        action: `Deploy a version that is at least as new as the one that wrote it; this one knows ${[...algorithms.keys()].join(', ')}.`,
      },
    );
  }
  const { openWith } = await import('./encryption-sdk.ts');
  const opened = await openWith(sealed.keyArn, Buffer.from(sealed.ciphertext, 'base64')).catch((error) => {
    throw failed('opened', error, evidence);
  });
  try {
    const { 'aws-crypto-public-key': _signature, ...context } = opened.context;
    if (!isContext(contextOf(identity), context) || opened.suite !== algorithm.suite) {
      throw new SecretUnreadable('The secret was sealed for another value', {
        evidence,
        action: 'Set it again: what is stored there was moved or changed.',
      });
    }
    return opened.plaintext.toString('utf8');
  } finally {
    opened.plaintext.fill(0);
  }
}
