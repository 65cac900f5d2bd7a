import { clock } from '../../platform/clock.ts';
import type { ConfigurationDocument } from './document.ts';

/** `loading`: there is none yet. `fresh`: the last look succeeded. `stale`: it failed, and the last good one goes on. */
export type DocumentState = 'loading' | 'fresh' | 'stale';

/** The last good document is older than is allowed, and no newer one can be had. */
export class ConfigurationTooOld extends Error {
  override readonly name = 'ConfigurationTooOld';
}

export interface HeldDocumentOptions {
  /** Asks for a newer one than this ETag; undefined when there is none. */
  fetch: (etag: string | undefined) => Promise<ConfigurationDocument | undefined>;
  onDocument: (document: ConfigurationDocument, before: ConfigurationDocument | undefined) => void;
  onState: (state: DocumentState, error: unknown) => void;
  /** How old a document may be that could not be confirmed, ms. */
  maxStaleMs: number;
}

export interface HeldDocument {
  state: () => DocumentState;
  /** Ms since it was confirmed; Infinity when there is none. */
  age: () => number;
  /** Failures in a row. */
  failures: () => number;
  /** What the last look failed with; undefined after one that succeeded. */
  error: () => unknown;
  /** The document. Throws ConfigurationTooOld; the last error when there never was one. */
  current: () => ConfigurationDocument;
  /** Puts a document in force that was kept from an earlier run, as a stale one; its age counts from now. */
  restore: (document: ConfigurationDocument) => void;
  /** Looks for a newer one; one look at a time, however many ask. Never throws: what failed is in the state. */
  refresh: () => Promise<void>;
}

/** The last good document of one reader, and how good it is. */
export function heldDocument({ fetch, onDocument, onState, maxStaleMs }: HeldDocumentOptions): HeldDocument {
  let document: ConfigurationDocument | undefined;
  let confirmedAt = Number.NEGATIVE_INFINITY;
  let state: DocumentState = 'loading';
  let failures = 0;
  let lastError: unknown = new Error('The first document is not there yet');
  let looking: Promise<void> | undefined;

  const enter = (next: DocumentState, error: unknown) => {
    if (next === state) return;
    state = next;
    onState(next, error);
  };

  async function look(): Promise<void> {
    try {
      const found = await fetch(document?.etag || undefined);
      const before = document;
      // What was confirmed by a platform that says "unchanged" to nothing is no document.
      if (found === undefined && before === undefined) throw new Error('There is no document yet');
      confirmedAt = clock.monotonic();
      failures = 0;
      if (found !== undefined) {
        document = found;
        onDocument(found, before);
      }
      enter('fresh', undefined);
    } catch (error) {
      failures += 1;
      lastError = error;
      if (document !== undefined) enter('stale', error);
    }
  }

  const age = () => clock.monotonic() - confirmedAt;

  return {
    state: () => state,
    age,
    failures: () => failures,
    error: () => (failures === 0 ? undefined : lastError),
    current() {
      if (document === undefined) throw lastError;
      if (age() > maxStaleMs) {
        throw new ConfigurationTooOld(
          `The configuration was confirmed ${Math.round(age() / 1_000)} s ago; at most ${maxStaleMs / 1_000} s are allowed`,
          { cause: lastError },
        );
      }
      return document;
    },
    restore(kept) {
      if (document !== undefined) return;
      document = kept;
      confirmedAt = clock.monotonic();
      onDocument(kept, undefined);
      enter('stale', lastError);
    },
    refresh() {
      looking ??= look().finally(() => {
        looking = undefined;
      });
      return looking;
    },
  };
}
