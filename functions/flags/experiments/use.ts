import { z } from 'zod';
import { decodeSketch, encodeSketch, mergeSketches, sketchOf } from '../statistics/hyperloglog.ts';

const Count = z.number().min(0);

/** What was counted of a flag: amounts that add up, in lists since names of variants may be any. */
export const FlagUse = z.object({
  /** Evaluations by variant, and who they were for, approximately. */
  evaluations: z.array(z.object({ variant: z.string(), count: Count, sketch: z.string() })),
  /** Users by the variant that they saw first in a run of an experiment, and the split that was in force. */
  exposed: z.array(
    z.object({ run: z.int(), variant: z.string(), split: z.string().nullable(), users: Count }),
  ),
  /** Of these users, who did what is counted; sums are of the numbers that came with it. */
  conversions: z.array(
    z.object({
      run: z.int(),
      variant: z.string(),
      metric: z.string(),
      users: Count,
      values: Count,
      sum: z.number(),
      squares: Count,
    }),
  ),
});
export type FlagUse = z.infer<typeof FlagUse>;

export const noUse: FlagUse = { evaluations: [], exposed: [], conversions: [] };

/** The lists as one, with those of the same key added up. */
function joined<T>(
  one: readonly T[],
  other: readonly T[],
  keyOf: (item: T) => unknown[],
  add: (a: T, b: T) => T,
): T[] {
  const found = new Map<string, T>();
  for (const item of [...one, ...other]) {
    const key = JSON.stringify(keyOf(item));
    const before = found.get(key);
    found.set(key, before === undefined ? item : add(before, item));
  }
  return [...found.values()];
}

const mergedSketches = (one: string, other: string): string =>
  one === other ? one : encodeSketch(mergeSketches(decodeSketch(one), decodeSketch(other)));

/** All that was counted in both. */
export const addUse = (one: FlagUse, other: FlagUse): FlagUse => ({
  evaluations: joined(
    one.evaluations,
    other.evaluations,
    ({ variant }) => [variant],
    (a, b) => ({ ...a, count: a.count + b.count, sketch: mergedSketches(a.sketch, b.sketch) }),
  ),
  exposed: joined(
    one.exposed,
    other.exposed,
    ({ run, variant, split }) => [run, variant, split],
    (a, b) => ({ ...a, users: a.users + b.users }),
  ),
  conversions: joined(
    one.conversions,
    other.conversions,
    ({ run, variant, metric }) => [run, variant, metric],
    (a, b) => ({
      ...a,
      users: a.users + b.users,
      values: a.values + b.values,
      sum: a.sum + b.sum,
      squares: a.squares + b.squares,
    }),
  ),
});

/** The sketch of users by their hashes (base64url, 8 bytes or more each). */
export const sketchOfPeople = (people: readonly string[]): string =>
  encodeSketch(sketchOf(people.map((person) => Buffer.from(person, 'base64url'))));
