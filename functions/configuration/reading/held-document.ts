import { clock } from '../../platform/clock.ts';
import { jitteredBackoff } from '../../platform/random.ts';
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
  /** From then on nothing is asked, and nothing changes. */
  closed: AbortSignal;
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
  /** The look that is under way, or one that begins where it is older than `ms`: ever more rarely while looks fail. */
  refreshIfOlder: (ms: number) => Promise<void> | undefined;
}

/** After failures in a row, a read begins the next look within this, ms. */
const longestPauseMs = 5_000;
const firstPauseMs = 100;

/** The last good document of one reader, and how good it is. */
export function heldDocument({
  fetch,
  onDocument,
  onState,
  maxStaleMs,
  closed,
}: HeldDocumentOptions): HeldDocument {
  let document: ConfigurationDocument | undefined;
  let confirmedAt = Number.NEGATIVE_INFINITY;
  let state: DocumentState = 'loading';
  let failures = 0;
  let againAt = Number.NEGATIVE_INFINITY;
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
      if (closed.aborted) return;
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
      if (closed.aborted) return;
      againAt = clock.monotonic() + firstPauseMs + jitteredBackoff(failures, firstPauseMs, longestPauseMs);
      failures += 1;
      lastError = error;
      if (document !== undefined) enter('stale', error);
    }
  }

  const age = () => clock.monotonic() - confirmedAt;

  async function refresh(): Promise<void> {
    if (closed.aborted) return;
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  }

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
    refresh,
    refreshIfOlder(ms) {
      if (looking !== undefined) return looking;
      return age() > ms && clock.monotonic() >= againAt ? refresh() : undefined;
    },
  };
}
