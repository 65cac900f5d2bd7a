import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { absent, type Place } from '#platform/records.ts';
import { keys, readAll, readItem, readPage, writeItem } from '../store.ts';
import { type FleetRecord, TargetRecord } from './records.ts';
import { addSums, Sum, sumOf } from './sums.ts';

// A hundred targets in a row are a stretch. Once all of them are settled, what they came to is kept with the stretch:
// who wants to know how a fleet stands reads that, and the targets of the few stretches that are worked on. A sum is
// never counted up; it is made from the targets anew, so making it twice is making it once, and no item is hot.

const stretchSize = 100;

const Stretch = z.object({
  stretch: z.int(),
  version: z.int(),
  /** Null while a target of it is not settled, or about to be changed. */
  sum: Sum.nullable(),
});
export type Stretch = z.infer<typeof Stretch>;

const settled = new Set<TargetRecord['status']>(['done', 'failed', 'excluded', 'undone', 'undo_failed']);

const includedIn = ({ waves }: Pick<FleetRecord, 'waves'>): number => waves.at(-1)?.to ?? 0;

const stretchesOf = (indexes: readonly number[]): number[] => [
  ...new Set(indexes.map((index) => Math.floor(index / stretchSize))),
];

/** To be called before settled targets are changed: from here on they are read themselves. */
export async function openStretches(fleetId: string, indexes: readonly number[]): Promise<void> {
  await changeStretches(fleetId, indexes, async () => null);
}

/** To be called after targets were changed: keeps what a stretch came to if that is settled, and forgets it if not. */
export async function sumUpStretches(
  fleet: Pick<FleetRecord, 'id' | 'waves'>,
  indexes: readonly number[],
): Promise<void> {
  await changeStretches(fleet.id, indexes, async (stretch) => {
    const from = stretch * stretchSize;
    const to = Math.min(from + stretchSize, includedIn(fleet));
    const targets = await readTargetsBetween(fleet.id, from, to);
    const whole = targets.length === to - from && targets.every(({ status }) => settled.has(status));
    return whole ? sumOf(targets) : null;
  });
}

const mostTries = 12;

async function changeStretches(
  fleetId: string,
  indexes: readonly number[],
  sumNow: (stretch: number) => Promise<Sum | null>,
): Promise<void> {
  for (const stretch of stretchesOf(indexes)) {
    for (let attempt = 0; attempt < mostTries; attempt += 1) {
      const stands = await readItem(Stretch, keys.fleetStretch(fleetId, stretch));
      // What is read from here on is as new as the version: whoever changes a target later sums up later.
      const sum = await sumNow(stretch);
      if (sum === null && (stands === undefined || stands.sum === null)) break;
      const version = (stands?.version ?? 0) + 1;
      const written = await writeItem(
        keys.fleetStretch(fleetId, stretch),
        { stretch, version, sum },
        stands === undefined
          ? absent
          : {
              expression: '#version = :version',
              names: { '#version': 'version' },
              values: { ':version': stands.version },
            },
      );
      if (written) break;
      await clock.sleep(jitteredBackoff(attempt, 20, 500));
    }
  }
}

const perPage = 1_000;

/** Targets `from` (inclusive) to `to` of the list that something happened to, in its order. */
export async function readTargetsBetween(fleetId: string, from: number, to: number): Promise<TargetRecord[]> {
  const found: TargetRecord[] = [];
  let place: Place | undefined = from === 0 ? undefined : { ...keys.fleetTarget(fleetId, from - 1) };
  while (found.length < to - from) {
    const limit = Math.min(perPage, to - from - found.length);
    const page = await readPage(TargetRecord, {
      pk: keys.fleet(fleetId).pk,
      prefix: 'TARGET#',
      limit,
      from: place,
    });
    const inside = page.items.filter(({ index }) => index < to);
    found.push(...inside);
    place = page.next;
    if (place === undefined || inside.length < page.items.length) break;
  }
  return found;
}

/** A part of the list, in one piece: summed up, or to be looked at. */
export interface Part {
  from: number;
  to: number;
  sum: Sum | null;
}

/** The list up to `to` in its order; what is not summed up comes in pieces of at most a thousand targets. */
export async function partsOf(fleet: Pick<FleetRecord, 'id' | 'waves'>, to?: number): Promise<Part[]> {
  const end = to ?? includedIn(fleet);
  const known = await readAll(Stretch, keys.fleet(fleet.id).pk, 'STRETCH#');
  const sums = new Map(known.map(({ stretch, sum }) => [stretch, sum]));
  const parts: Part[] = [];
  for (let from = 0; from < end; from += stretchSize) {
    const sum = sums.get(from / stretchSize) ?? null;
    const until = Math.min(from + stretchSize, end);
    const last = parts.at(-1);
    if (sum === null && last?.sum === null && until - last.from <= perPage) last.to = until;
    else parts.push({ from, to: until, sum });
  }
  return parts;
}

/** What the fleet came to so far. */
export async function sumOfFleet(fleet: Pick<FleetRecord, 'id' | 'waves'>): Promise<Sum> {
  let sum = sumOf([]);
  for (const part of await partsOf(fleet)) {
    sum = addSums(sum, part.sum ?? sumOf(await readTargetsBetween(fleet.id, part.from, part.to)));
  }
  return sum;
}

/** Targets whose undo failed: they are as they were, and may be taken back again. At most 20,000. */
export async function notTakenBack(fleet: Pick<FleetRecord, 'id' | 'waves'>): Promise<TargetRecord[]> {
  const left: TargetRecord[] = [];
  for (const { from, to, sum } of await partsOf(fleet)) {
    if (sum !== null && sum.failures.length === 0) continue;
    const targets = await readTargetsBetween(fleet.id, from, to);
    left.push(...targets.filter(({ status }) => status === 'undo_failed'));
  }
  return left;
}
