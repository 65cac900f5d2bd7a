import { createHash } from 'node:crypto';
import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { NotFound } from '#platform/errors.ts';
import { secretText } from '#platform/outbound/signature.ts';
import { secretBytes } from '#platform/random.ts';
import { readSecret, replaceSecret } from './secrets.ts';

/** How long the former secret goes on signing after a rotation, ms. */
const overlapMs = 86_400_000;

export const SigningSecret = z.object({
  secret: z.string(),
  previous: z.object({ secret: z.string(), until: z.string() }).nullable(),
  /** Names the request that rotated it last, so that its repetition does not rotate again. */
  rotation: z.string().nullable(),
});
export type SigningSecret = z.infer<typeof SigningSecret>;

export const SlackAddress = z.object({ url: z.string() });

export const newSigningSecret = (): SigningSecret => ({
  secret: secretText(secretBytes(32)),
  previous: null,
  rotation: null,
});

/** Every secret that signs now, the newest first. */
export const secretsInUse = ({ secret, previous }: SigningSecret): string[] =>
  previous !== null && Date.parse(previous.until) > clock.now() ? [secret, previous.secret] : [secret];

/**
 * A new secret; the former one signs for a day longer, beside it. `request` names who asks: the same one asking again
 * gets the same answer. Throws NotFound.
 */
export async function rotateSecret(
  webhook: string,
  request: string,
): Promise<{ secret: string; previousUntil: string }> {
  const found = await readSecret(SigningSecret, webhook);
  if (found === undefined) {
    throw new NotFound(`The secret of ${webhook} is gone`, {
      evidence: { webhook },
      action: 'Remove the webhook and add it again.',
    });
  }
  const rotation = createHash('sha256').update(request).digest('hex');
  if (found.rotation === rotation && found.previous !== null)
    return { secret: found.secret, previousUntil: found.previous.until };
  const previousUntil = new Date(clock.now() + overlapMs).toISOString();
  const { secret } = newSigningSecret();
  await replaceSecret(webhook, {
    secret,
    previous: { secret: found.secret, until: previousUntil },
    rotation,
  });
  return { secret, previousUntil };
}
