import { z } from 'zod';
import { ConfigurationKey } from '../schemas.ts';
import { keys, readItem, readPage, writeItem } from '../store.ts';

// Which values are or were secrets: an entry each, written before its first one is stored and never taken away, since its
// history keeps what was sealed. Without it a re-encryption would have to look through the whole table.

const Entry = z.object({ identity: ConfigurationKey });

/** Enters a value among those that hold secrets. Twice is once. */
export async function enterSecret(identity: ConfigurationKey): Promise<void> {
  const place = keys.secret(identity);
  if ((await readItem(Entry, place)) === undefined) await writeItem(place, { identity });
}

export interface SecretPage {
  identities: ConfigurationKey[];
  /** Where the next page begins; null on the last. */
  next: string | null;
}

/** A page of values that hold or held secrets, by namespace and key; `after` is `next` of the page before. */
export async function readSecrets(after: string | null, limit: number): Promise<SecretPage> {
  const { pk } = keys.secret({ namespace: '', key: '' });
  const page = await readPage(Entry, {
    pk,
    limit,
    from: after === null ? undefined : { pk, sk: after },
  });
  return { identities: page.items.map(({ identity }) => identity), next: page.next?.sk ?? null };
}
