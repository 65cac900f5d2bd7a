import { type ConfigurationDocument, type ConfigurationEntry, type JsonValue, valueIn } from './document.ts';
import { type HeldDocument, heldDocument } from './held-document.ts';

/** Values of one tenant's document. */
interface TenantReader {
  getConfiguration: (key: string) => JsonValue | undefined;
  entry: (key: string) => ConfigurationEntry | undefined;
}

/**
 * Documents of many tenants, at most `most` at once: the one that was asked for longest ago goes first. Nothing runs in
 * the background: what is older than `pollMs` when it is read is looked for again, and the reader does not wait for it.
 */
export function createTenants({
  most,
  pollMs,
  maxStaleMs,
  closed,
  fetch,
}: {
  most: number;
  pollMs: number;
  maxStaleMs: number;
  closed: AbortSignal;
  fetch: (tenant: string, etag: string | undefined) => Promise<ConfigurationDocument | undefined>;
}): (tenant: string) => Promise<TenantReader> {
  const documents = new Map<string, HeldDocument>();

  function heldOf(tenant: string): HeldDocument {
    const known = documents.get(tenant);
    const held =
      known ??
      heldDocument({
        fetch: (etag) => fetch(tenant, etag),
        onDocument: () => {},
        onState: () => {},
        maxStaleMs,
        closed,
      });
    // Maps keep the order of insertion: what was asked for last is last.
    documents.delete(tenant);
    documents.set(tenant, held);
    const [oldest] = documents.keys();
    if (documents.size > most && oldest !== undefined) documents.delete(oldest);
    return held;
  }

  return async (tenant) => {
    const held = heldOf(tenant);
    if (held.state() === 'loading') await held.refreshIfOlder(0);
    // Throws when there is none: it could not be had.
    held.current();
    const now = () => {
      void held.refreshIfOlder(pollMs);
      return held.current();
    };
    return {
      getConfiguration: (key) => valueIn(now(), key),
      entry: (key) => now().entries.get(key),
    };
  };
}
