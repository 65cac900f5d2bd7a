import { clock } from '#platform/clock.ts';
import { hourOf } from '../experiments/events.ts';
import { addUse, type FlagUse, noUse } from '../experiments/use.ts';
import { readUse } from '../experiments/use-store.ts';
import type { RolloutRecord, RolloutSample, Side } from './records.ts';

/** Clocks of those who report may be behind. */
const behindMs = 2 * 3_600_000;

function sideOf(
  use: FlagUse,
  run: number,
  variant: string,
  judge: NonNullable<RolloutRecord['judge']>,
): Side {
  const users = use.exposed
    .filter((one) => one.run === run && one.variant === variant)
    .reduce((sum, one) => sum + one.users, 0);
  const did = (metric: string) =>
    use.conversions
      .filter((one) => one.run === run && one.variant === variant && one.metric === metric)
      .reduce((sum, one) => sum + one.users, 0);
  return {
    users,
    errors: judge.errors.reduce((sum, metric) => sum + did(metric), 0),
    conversions: judge.conversions.map(did),
  };
}

/** Who saw which variant in the step that was set last, and what they did then; undefined where nobody is counted. */
export async function sampleStep(record: RolloutRecord): Promise<RolloutSample | undefined> {
  const { environment, flag, current, judge, to, rest } = record;
  if (judge === null || current === null || current.run === null) return undefined;
  const now = clock.now();
  const hours = await readUse(
    environment,
    flag,
    hourOf(Date.parse(current.setAt) - behindMs),
    hourOf(now + behindMs),
  );
  const use = hours.reduce<FlagUse>((sum, one) => addUse(sum, one), noUse);
  return {
    from: current.setAt,
    to: new Date(now).toISOString(),
    baseline: sideOf(use, current.run, rest, judge),
    canary: sideOf(use, current.run, to, judge),
  };
}

/** The samples of a rollout with what is known of the newest step by now. */
export const withSample = (
  samples: readonly RolloutSample[],
  newest: RolloutSample | undefined,
): RolloutSample[] =>
  newest === undefined ? [...samples] : [...samples.filter(({ from }) => from !== newest.from), newest];
