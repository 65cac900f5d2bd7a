import { clock } from '#platform/clock.ts';
import { findDefinition } from '../keys/definitions.ts';
import type { ConfigurationKey } from '../schemas.ts';
import { readValue } from '../values/store.ts';
import { readSecrets } from './registry.ts';
import { isCurrent } from './sealed.ts';
import type { SecretView } from './views.ts';

const dayMs = 86_400_000;

/** A secret's state; undefined where there is none any more. */
export async function lookAt(identity: ConfigurationKey): Promise<SecretView | undefined> {
  const [stored, definition] = await Promise.all([
    readValue(identity),
    findDefinition(identity.namespace, identity.key),
  ]);
  if (stored?.content?.kind !== 'secret') return undefined;
  const { sealed } = stored.content;
  const { rotateDays, generate } = definition?.policy ?? {};
  const rotateBy = rotateDays === undefined ? null : Date.parse(stored.updatedAt) + rotateDays * dayMs;
  return {
    key: identity,
    version: stored.version,
    updatedAt: stored.updatedAt,
    updatedBy: stored.updatedBy,
    algorithm: sealed.algorithm,
    keyArn: sealed.keyArn,
    sealedAt: sealed.sealedAt,
    current: isCurrent(sealed),
    rotateBy: rotateBy === null ? null : new Date(rotateBy).toISOString(),
    overdue: rotateBy !== null && rotateBy <= clock.now(),
    generated: generate !== undefined,
  };
}

/** A page of secrets, by namespace and key; a page may be short and not the last. */
export async function listSecrets(
  after: string | null,
  limit: number,
): Promise<{ items: SecretView[]; next: string | null }> {
  const page = await readSecrets(after, limit);
  const found = await Promise.all(page.identities.map(lookAt));
  return { items: found.filter((one) => one !== undefined), next: page.next };
}
