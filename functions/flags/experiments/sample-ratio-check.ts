import { clock } from '#platform/clock.ts';
import { evidenceOfSplits } from '../statistics/sample-ratio.ts';
import { hourOf } from './events.ts';
import { changeExperiment, type ExperimentRecord } from './experiment-store.ts';
import { readSplit } from './split.ts';
import { type HourUse, readUse } from './use-store.ts';

/**
 * Evidence from which on a split is wrong: with a correct one, one experiment in a thousand ever comes here, however often
 * it is looked at.
 */
export const mismatchThreshold = 1_000;

/** The users of a run, by the split that was in force when they came; splits in the order of their first users. */
export interface SplitUsers {
  split: string;
  variants: { variant: string; share: number; users: number }[];
}

/** Users of a run who came in by chance, hour by hour in order. Whom chance did not decide about stands beside. */
export function usersBySplit(hours: readonly HourUse[], run: number): SplitUsers[] {
  const found = new Map<string, Map<string, number>>();
  for (const { exposed } of hours) {
    for (const one of exposed) {
      if (one.run !== run || one.split === null) continue;
      const users = found.get(one.split) ?? new Map<string, number>();
      users.set(one.variant, (users.get(one.variant) ?? 0) + one.users);
      found.set(one.split, users);
    }
  }
  return [...found].map(([split, users]) => ({
    split,
    variants: (readSplit(split) ?? []).map(({ variant, share }) => ({
      variant,
      share,
      users: users.get(variant) ?? 0,
    })),
  }));
}

/** Evidence that the users of a run are not split as they should be; see evidenceOfSplits. */
export const splitEvidence = (splits: readonly SplitUsers[]): number =>
  evidenceOfSplits(splits.map(({ variants }) => variants));

/**
 * Looks whether the users of an experiment are split as they should be, and raises its alarm, once a run, when they are
 * not. Users that come while it looks make another look due. Returns whether it raised the alarm.
 */
export async function checkSampleRatio({ environment, flag }: ExperimentRecord): Promise<boolean> {
  const record = await changeExperiment(environment, flag, ({ dueSince }) =>
    dueSince === null ? undefined : { set: { dueSince: null, lookingSince: dueSince } },
  );
  if (record.lookingSince === null) return false;
  const { run, startedAt, lookingSince } = record;
  // Clocks of those who report may be behind.
  const from = hourOf(Date.parse(startedAt) - 86_400_000 * 7);
  const hours = await readUse(environment, flag, from, hourOf(clock.now() + 3_600_000));
  const evidence = splitEvidence(usersBySplit(hours, run));
  let raised = false;
  await changeExperiment(environment, flag, (now) => {
    const looked = now.lookingSince === lookingSince ? { lookingSince: null } : {};
    raised = evidence >= mismatchThreshold && now.run === run && now.mismatch === null;
    if (!raised) return { set: looked };
    return {
      set: { ...looked, mismatch: { at: clock.iso(), evidence } },
      events: [{ type: 'flag.sample_ratio_mismatch', actor: 'theseus', data: { run, evidence } }],
    };
  });
  return raised;
}
