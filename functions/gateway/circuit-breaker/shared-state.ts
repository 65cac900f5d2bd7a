import { clock } from '#platform/clock.ts';
import { random } from '#platform/random.ts';
import type { BreakerStore } from './breaker-store.ts';
import type { BreakerPolicy } from './policy.ts';
import type { BreakerRecord } from './record.ts';
import { isThrottled } from './table-guard.ts';
import { registered } from './transitions.ts';

/** How long a record that was read is taken for the present, ms; a quarter more or less by chance. */
const freshMs = 2_000;
/** Whoever was idle or frozen for longer waits for a read, ms. */
const trustedMs = 3_000;
/** A record just read need not be read again before it is changed, ms. */
const justReadMs = 100;

export interface SharedStateOptions {
  name: string;
  policy: BreakerPolicy;
  store: BreakerStore;
  /** Called after each read, also of a table that did not answer; must not reject. */
  afterRead: () => Promise<void>;
  unreachable: () => void;
}

/**
 * What this process knows of a breaker's record. Closed and a little old it is used as it is and read again alongside;
 * anything else waits. While the table does not answer the last known record holds, and an unknown one is closed.
 */
export function sharedState({ name, policy, store, afterRead, unreachable }: SharedStateOptions) {
  let cached: { record: BreakerRecord; at: number; fresh: number } | undefined;
  let reading: Promise<void> | undefined;
  /** Changes made here: what was read while one was made is of before. */
  let changes = 0;
  const underWay = new Set<Promise<void>>();

  const hold = (record: BreakerRecord) => {
    cached = { record, at: clock.now(), fresh: freshMs * (0.75 + random() / 2) };
  };
  /** The wall clock counts the time a process was frozen; where it went backwards, nothing is known. */
  const age = () => {
    const ms = cached === undefined ? -1 : clock.now() - cached.at;
    return ms < 0 ? Number.POSITIVE_INFINITY : ms;
  };
  const current = (): BreakerRecord => cached?.record ?? registered(name, policy, clock.now());

  async function register(): Promise<BreakerRecord> {
    const fresh = registered(name, policy, clock.now());
    if (await store.create(fresh)) return fresh;
    return (await store.read(name)) ?? fresh;
  }

  async function load(): Promise<void> {
    const before = changes;
    let found = current();
    try {
      found = (await store.read(name)) ?? (await register());
    } catch {
      unreachable();
    }
    if (changes === before) hold(found);
  }

  /** Keeps in mind what must end before the process may be frozen. */
  function keep(work: Promise<void>): Promise<void> {
    underWay.add(work);
    return work.finally(() => underWay.delete(work));
  }

  function refresh(): Promise<void> {
    if (reading === undefined) {
      const loaded = load().finally(() => {
        reading = undefined;
      });
      // What comes after the read may read again itself.
      reading = keep(loaded.then(afterRead));
    }
    return reading;
  }

  return {
    current,
    keep,
    /** Ends when nothing is under way that another request waits for in vain if the process is frozen. */
    async settled(): Promise<void> {
      if (underWay.size > 0) await Promise.all(underWay);
    },
    /** The record by which a call is judged. Never rejects. */
    async known(): Promise<BreakerRecord> {
      if (cached !== undefined && age() < cached.fresh) return cached.record;
      const read = refresh();
      if (cached?.record.state !== 'closed' || age() > trustedMs) await read;
      return current();
    },
    /** The record as it is in the table now. */
    async confirmed(): Promise<BreakerRecord> {
      if (age() > justReadMs) await refresh();
      return current();
    },
    /**
     * Replaces the record that `next` follows; false when it was changed by another. Where the table does not answer it
     * counts in this process, until a read says otherwise.
     */
    async change(next: BreakerRecord): Promise<boolean> {
      let done = true;
      try {
        done = await store.replace(next);
      } catch (error) {
        unreachable();
        if (isThrottled(error)) return false;
      }
      if (done) {
        changes += 1;
        hold(next);
        return true;
      }
      // A read that began before may not have seen who was faster.
      await reading;
      await refresh();
      return false;
    },
  };
}
