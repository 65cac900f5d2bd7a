import type { ConfigurationKey, SealedSecret, StoredValue } from '../../schemas.ts';
import { readHistory } from '../../values/store.ts';
import { isCurrent, open, seal } from '../sealed.ts';
import type { ReencryptionRecord, Scope } from './records.ts';
import { replaceSealed } from './replace.ts';

export interface Resealed {
  resealed: number;
  failures: ReencryptionRecord['failures'];
}

/** Versions of one value that are read at once. */
const pageSize = 50;

/** Whether a secret is to be sealed anew by what began at `since` (ISO): what it sealed itself is later. */
const isDue = (sealed: SealedSecret, scope: Scope, since: string): boolean =>
  !isCurrent(sealed) || (scope === 'all' && sealed.sealedAt < since);

/**
 * Seals every version of one value anew that is due, each under the condition that it is still the one that was opened:
 * whoever writes meanwhile wins, and writes what is new already. Versions stay what they are, since their value does.
 * What cannot be opened is told and left as it is. Throws ServiceUnavailable when KMS does not answer.
 */
export async function resealValue(
  identity: ConfigurationKey,
  { scope, since }: { scope: Scope; since: string },
): Promise<Resealed> {
  const found: Resealed = { resealed: 0, failures: [] };
  let before: number | undefined;
  do {
    const page = await readHistory(identity, { limit: pageSize, before });
    for (const stored of page.items) await resealVersion(stored, identity, { scope, since }, found);
    before = page.next;
  } while (before !== undefined);
  return found;
}

async function resealVersion(
  { content, version }: StoredValue,
  identity: ConfigurationKey,
  { scope, since }: { scope: Scope; since: string },
  found: Resealed,
): Promise<void> {
  if (content?.kind !== 'secret' || !isDue(content.sealed, scope, since)) return;
  try {
    const sealed = await seal(await open(content.sealed, identity), identity);
    if (await replaceSealed(identity, version, { from: content.sealed, to: sealed })) found.resealed += 1;
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'SecretUnreadable') throw error;
    found.failures.push({ identity, version, error: error.message });
  }
}
