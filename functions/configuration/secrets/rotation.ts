import { z } from 'zod';
import type { Caller } from '#platform/access.ts';
import { InvalidInput } from '#platform/errors.ts';
import type { RequestTools } from '#platform/route.ts';
import { readDefinition } from '../keys/definitions.ts';
import { layerText, nameOf } from '../resolution/layers.ts';
import { ConfigurationKey, Generate } from '../schemas.ts';
import type { UpdateRecord } from '../updates/records.ts';
import { NewHealth, NewUpdate } from '../updates/schemas.ts';
import { startUpdate } from '../updates/starting.ts';
import { generateSecret } from './generate.ts';
import type { SecretView } from './views.ts';

/** What is asked for of a rotation. */
export const NewRotation = z
  .strictObject({
    key: ConfigurationKey,
    generate: Generate.optional().describe('As the policy of the key says, else 32 letters and digits'),
    why: z.string().trim().min(1).max(500),
    health: NewHealth.optional(),
  })
  .meta({ id: 'NewSecretRotation' });
export type NewRotation = z.input<typeof NewRotation>;

/**
 * Gives a secret a value that the platform makes and nobody sees, by an update as any other: checked, told, watched and
 * taken back. Throws NotFound for a key that is not defined, InvalidInput for one that is no secret, and as startUpdate
 * does.
 */
export async function rotateSecret(
  { key, generate, why, health }: NewRotation,
  tools: Pick<RequestTools, 'caller' | 'idempotencyKey'>,
  whenBusy: NewUpdate['whenBusy'] = 'wait',
): Promise<UpdateRecord> {
  const { secret, policy } = await readDefinition(key.namespace, key.key);
  if (!secret) {
    throw new InvalidInput(`${nameOf(key)} is no secret`, {
      problems: [{ pointer: '/body/key', detail: 'Expected a key that is defined as a secret' }],
      action: 'Set it as any other value.',
    });
  }
  const made = generateSecret(Generate.parse(generate ?? policy.generate ?? {}));
  return startUpdate(
    NewUpdate.parse({ changes: [{ key, secret: made }], why, whenBusy, ...(health && { health }) }),
    tools,
  );
}

/** In whose name the platform changes secrets itself. */
const theseus: Caller = { subject: 'theseus', groups: [], roles: ['administrator', 'operator', 'viewer'] };

/** Changes a secret whose time has come, once for each of its versions. Throws as rotateSecret does. */
export const rotateDue = ({ key, version, rotateBy }: SecretView): Promise<UpdateRecord> =>
  rotateSecret(
    { key, why: `It was to change by ${rotateBy?.slice(0, 10)}` },
    {
      caller: theseus,
      idempotencyKey: `rotate ${key.namespace}/${key.key} ${layerText(key)} ${version}`,
    },
    'refuse',
  );
