import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { readPage } from '../store.ts';
import { type BatchName, type BatchPlan, findBatch, keepBatch } from './batches.ts';
import { carryOut } from './carry-out.ts';
import {
  type AcceptedBatch,
  type ExposureBatch,
  hourOf,
  isInTime,
  isMetric,
  type TrackBatch,
} from './events.ts';
import { ensureExperiment, findExperiment } from './experiment-store.ts';
import type { FlagFacts } from './flag-facts.ts';
import { exposurePrefix, useKeys } from './keys.ts';
import { forEachOf } from './parallel.ts';
import { personHash } from './people.ts';
import { writeSplit } from './split.ts';
import { sketchOfPeople } from './use.ts';

const width = 16;

/** Why events do not count, and how many. */
class Ignored {
  readonly #reasons = new Map<string, number>();

  add(reason: string): false {
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
    return false;
  }

  list(): AcceptedBatch['ignored'] {
    return [...this.#reasons].map(([reason, events]) => ({ reason, events }));
  }
}

const tooOld = 'older than a week, or more than five minutes ahead';
const noFlag = 'the environment has no such flag';
const noVariant = 'the flag has no such variant';
const noMetric = 'what is counted has a name of at most 64 letters, digits, dots, dashes or colons';
const notExposed = 'the user saw no experiment before';

/** Flags of an environment by key. */
export type Flags = ReadonlyMap<string, FlagFacts>;

/**
 * Takes a batch of exposures: what it will change is decided and kept, then it is counted. Cut off between, or when the
 * table is slow, a sweeper counts it; the batch sent again counts once. Throws PayloadTooLarge.
 */
export async function acceptExposures(
  environment: string,
  batch: ExposureBatch,
  flags: Flags,
): Promise<AcceptedBatch> {
  const name = { environment, kind: 'exposures', id: batch.id } as const;
  const repeated = await repeatOf(name);
  if (repeated !== undefined) return repeated;
  const ignored = new Ignored();
  const now = clock.now();
  const counts = (one: { flag: string; variant: string; at: string }): boolean => {
    const flag = flags.get(one.flag);
    if (!isInTime(one.at, now)) return ignored.add(tooOld);
    if (flag === undefined) return ignored.add(noFlag);
    return flag.variants.includes(one.variant) || ignored.add(noVariant);
  };
  const events = batch.events.filter(counts);
  const evaluations = batch.evaluations?.filter(counts);
  const hash = await personHash(environment);
  const people = new Map(events.map(({ targetingKey }) => [targetingKey, hash(targetingKey)]));
  const personOf = (targetingKey: string) => people.get(targetingKey) ?? '';

  const use = new Map<
    string,
    { flag: string; hour: string; variant: string; count: number; people: Set<string> }
  >();
  const usedIn = ({ flag, variant, at }: { flag: string; variant: string; at: string }) => {
    const hour = hourOf(at);
    const key = JSON.stringify([flag, variant, hour]);
    const found = use.get(key) ?? { flag, hour, variant, count: 0, people: new Set() };
    use.set(key, found);
    return found;
  };
  for (const event of events) {
    const found = usedIn(event);
    found.people.add(personOf(event.targetingKey));
    if (evaluations === undefined) found.count += 1;
  }
  for (const one of evaluations ?? []) usedIn(one).count += one.count;

  const plan: BatchPlan = {
    use: [...use.values()].map(({ flag, hour, variant, count, people: who }) => ({
      flag,
      hour,
      evaluations: [{ variant, count, sketch: sketchOfPeople([...who]) }],
    })),
    exposures: await exposuresOf(environment, events, flags, personOf),
    conversions: [],
  };
  return keep(name, events.length + (evaluations?.length ?? 0), plan, ignored);
}

/** The first thing that each person saw of each experiment in this batch. */
async function exposuresOf(
  environment: string,
  events: ExposureBatch['events'],
  flags: Flags,
  personOf: (targetingKey: string) => string,
): Promise<BatchPlan['exposures']> {
  const runs = new Map<string, number>();
  const wanted = [...new Set(events.map(({ flag }) => flag))].filter((flag) => flags.get(flag)?.experiment);
  await forEachOf(wanted, width, async (flag) => {
    runs.set(flag, (await ensureExperiment(environment, flag)).run);
  });
  const found = new Map<string, BatchPlan['exposures'][number]>();
  for (const { flag, variant, targetingKey, at } of events.toSorted(
    (a, b) => Date.parse(a.at) - Date.parse(b.at),
  )) {
    const run = runs.get(flag);
    const facts = flags.get(flag);
    if (run === undefined || facts === undefined) continue;
    const person = personOf(targetingKey);
    const key = JSON.stringify([flag, person]);
    if (found.has(key)) continue;
    const split = splitText(facts, variant);
    found.set(key, { flag, run, variant, split, sticky: facts.sticky, person, at });
  }
  return [...found.values()];
}

/** The split that chance decided by when somebody came into this variant; null when it was not by chance. */
export const splitText = ({ split }: FlagFacts, variant: string): string | null =>
  split?.some((one) => one.variant === variant) ? writeSplit(split) : null;

const Exposure = z.object({ flag: z.string(), run: z.int(), variant: z.string(), at: z.string() });

/** Sums of squares stay far below what a number can hold. */
const largestValue = 1e12;
/** A person is looked up in so many experiments at most. */
const mostExperiments = 100;

/**
 * Takes a batch of what users did: it counts for every experiment that they were in before, in the run that is on, once
 * for each metric. Throws PayloadTooLarge.
 */
export async function acceptTracks(
  environment: string,
  batch: TrackBatch,
  flags: Flags,
): Promise<AcceptedBatch> {
  const name = { environment, kind: 'tracks', id: batch.id } as const;
  const repeated = await repeatOf(name);
  if (repeated !== undefined) return repeated;
  const ignored = new Ignored();
  const now = clock.now();
  const events = batch.events
    .filter(({ at, name: metric }) => {
      if (!isMetric(metric)) return ignored.add(noMetric);
      return isInTime(at, now) || ignored.add(tooOld);
    })
    .toSorted((one, other) => Date.parse(one.at) - Date.parse(other.at));
  const hash = await personHash(environment);
  const running = [...flags.values()].filter(({ experiment }) => experiment).map(({ key }) => key);
  const runs = new Map<string, number>();
  await forEachOf(running, width, async (flag) => {
    const found = await findExperiment(environment, flag);
    if (found !== undefined) runs.set(flag, found.run);
  });
  const seen = new Map<string, Seen[]>();
  const people = [...new Set(events.map(({ targetingKey }) => targetingKey))];
  await forEachOf(people, width, async (targetingKey) => {
    seen.set(targetingKey, await seenBy(environment, hash(targetingKey), runs));
  });
  const conversions = new Map<string, BatchPlan['conversions'][number]>();
  let accepted = 0;
  for (const { name: metric, targetingKey, value: given, at } of events) {
    const value = typeof given === 'number' && Math.abs(given) <= largestValue ? given : null;
    const before = (seen.get(targetingKey) ?? []).filter(
      (one) => Date.parse(one.exposedAt) <= Date.parse(at),
    );
    if (before.length === 0) ignored.add(notExposed);
    else accepted += 1;
    const person = hash(targetingKey);
    for (const one of before) {
      const key = JSON.stringify([one.flag, person, metric]);
      if (!conversions.has(key)) conversions.set(key, { ...one, metric, person, value, at });
    }
  }
  return keep(name, accepted, { use: [], exposures: [], conversions: [...conversions.values()] }, ignored);
}

type Seen = Pick<BatchPlan['conversions'][number], 'flag' | 'run' | 'variant' | 'exposedAt'>;

/** Experiments that a person is in, in the runs that are on. */
async function seenBy(
  environment: string,
  person: string,
  runs: ReadonlyMap<string, number>,
): Promise<Seen[]> {
  if (runs.size === 0) return [];
  const { pk } = useKeys.exposure(environment, person, 0, '');
  const { items } = await readPage(Exposure, {
    pk,
    prefix: exposurePrefix,
    limit: mostExperiments,
    newestFirst: true,
  });
  return items.flatMap(({ flag, run, variant, at }) =>
    runs.get(flag) === run ? [{ flag, run, variant, exposedAt: at }] : [],
  );
}

/** The answer to a batch that was here before, which is counted now if it was not. */
async function repeatOf(name: BatchName): Promise<AcceptedBatch | undefined> {
  const found = await findBatch(name);
  if (found === undefined) return undefined;
  await carryOut(name);
  return { accepted: found.accepted, ignored: [], repeated: true };
}

async function keep(
  name: BatchName,
  accepted: number,
  plan: BatchPlan,
  ignored: Ignored,
): Promise<AcceptedBatch> {
  const isNew = await keepBatch(name, accepted, plan);
  await carryOut(name);
  return { accepted, ignored: ignored.list(), repeated: !isNew };
}
