import { clock } from '#platform/clock.ts';
import { table } from '../store.ts';
import { breakerStore } from './breaker-store.ts';
import { BreakerBusy, BreakerNotFound } from './errors.ts';
import type { BreakerRecord } from './record.ts';
import { windowStart } from './tally.ts';
import { isolated, reset } from './transitions.ts';
import { breakerView, type CountedBreaker } from './views.ts';

// What people do to breakers.

/** How often a change is tried that callers were faster than. */
const tries = 5;
const waitMs = 5_000;
const store = breakerStore(table, waitMs);

/** Throws BreakerNotFound. */
async function readBreaker(name: string): Promise<BreakerRecord> {
  const record = await store.read(name);
  if (record !== undefined) return record;
  throw new BreakerNotFound(`No caller asked the circuit breaker ${name} yet`, {
    evidence: { name },
    action: 'See `theseus gateway breakers` for those there are; the first call makes one.',
  });
}

async function changeBreaker(
  name: string,
  change: (record: BreakerRecord) => BreakerRecord,
): Promise<BreakerRecord> {
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const next = change(await readBreaker(name));
    if (await store.replace(next)) return next;
  }
  throw new BreakerBusy(`The circuit breaker ${name} changed ${tries} times while it was to be changed`, {
    evidence: { name },
    action: 'Do it again.',
  });
}

/** Holds a breaker open until somebody resets it. Throws BreakerNotFound, BreakerBusy. */
export const isolateBreaker = (name: string, by: string, reason: string): Promise<BreakerRecord> =>
  changeBreaker(name, (record) => isolated(record, clock.now(), by, reason));

/** Closes a breaker, whatever it is, and forgets what was counted. Throws BreakerNotFound, BreakerBusy. */
export const resetBreaker = (name: string): Promise<BreakerRecord> =>
  changeBreaker(name, (record) => reset(record, clock.now()));

/** A breaker and what its callers counted. Throws BreakerNotFound. */
export async function describeBreaker(name: string): Promise<CountedBreaker> {
  const record = await readBreaker(name);
  const { policy, generation } = record;
  return {
    ...breakerView(record),
    window: await store.sum(name, generation, windowStart(policy, clock.now())),
  };
}
