import type { ExperimentRecord } from '../experiments/experiment-store.ts';
import { type FlagFacts, usualControl } from '../experiments/flag-facts.ts';
import { mismatchThreshold, splitEvidence, usersBySplit } from '../experiments/sample-ratio-check.ts';
import { addUse, type FlagUse, noUse } from '../experiments/use.ts';
import type { HourUse } from '../experiments/use-store.ts';
import { chiSquareFit } from '../statistics/chi-square.ts';
import { decodeSketch, estimate, relativeError } from '../statistics/hyperloglog.ts';
import { meanOf } from '../statistics/means.ts';
import { compareProportions, newcombe, type Proportion, wilson } from '../statistics/proportions.ts';
import type { FlagAnalytics, SampleRatio } from './schemas.ts';

type Experiment = Pick<ExperimentRecord, 'run' | 'startedAt' | 'control' | 'mismatch'>;

export interface Counted {
  environment: string;
  facts: FlagFacts;
  experiment: Experiment | undefined;
  /** What was counted between `from` and `to`. */
  window: readonly HourUse[];
  /** What was counted since the run began, for the split. */
  run: readonly HourUse[];
  from: string;
  to: string;
}

/** What the numbers of a flag say, variant by variant; see FlagAnalytics. */
export function analyse({ environment, facts, experiment, window, run, from, to }: Counted): FlagAnalytics {
  const use = window.reduce<FlagUse>((sum, one) => addUse(sum, one), noUse);
  const control = experiment === undefined ? null : (experiment.control ?? usualControl(facts));
  const seen = [...use.evaluations, ...use.exposed].map(({ variant }) => variant);
  const variants = [...new Set([...facts.variants, ...seen])];
  return {
    environment,
    flag: facts.key,
    from,
    to,
    experiment:
      experiment === undefined
        ? null
        : {
            run: experiment.run,
            startedAt: experiment.startedAt,
            control,
            sampleRatio: sampleRatioOf(facts, experiment, run),
          },
    variants: variants.map((variant) => ({
      variant,
      evaluations: countOf(use.evaluations, variant),
      users: usersOf(use, variant, experiment),
      conversions: experiment === undefined ? [] : conversionsOf(use, variant, control, experiment.run),
    })),
    hours: window.map(({ hour, evaluations, exposed }) => ({
      hour: `${hour}:00:00.000Z`,
      variants: variants
        .map((variant) => ({
          variant,
          evaluations: countOf(evaluations, variant),
          newUsers: experiment === undefined ? 0 : exposedTo(exposed, variant, experiment.run),
        }))
        .filter(({ evaluations: count, newUsers }) => count > 0 || newUsers > 0),
    })),
  };
}

const countOf = (evaluations: FlagUse['evaluations'], wanted: string): number =>
  evaluations.find(({ variant }) => variant === wanted)?.count ?? 0;

const exposedTo = (exposed: FlagUse['exposed'], wanted: string, run: number): number =>
  exposed.reduce((sum, one) => sum + (one.variant === wanted && one.run === run ? one.users : 0), 0);

function usersOf(use: FlagUse, variant: string, experiment: Experiment | undefined) {
  if (experiment !== undefined) {
    const count = exposedTo(use.exposed, variant, experiment.run);
    return { count, exact: true, low: count, high: count };
  }
  const sketch = use.evaluations.find((one) => one.variant === variant)?.sketch;
  const count = sketch === undefined ? 0 : estimate(decodeSketch(sketch));
  const error = 1.96 * relativeError * count;
  return { count, exact: false, low: Math.round(count - error), high: Math.round(count + error) };
}

function conversionsOf(
  { exposed, conversions }: FlagUse,
  variant: string,
  control: string | null,
  run: number,
): FlagAnalytics['variants'][number]['conversions'] {
  const ofRun = conversions.filter((one) => one.run === run);
  const metrics = [...new Set(ofRun.map(({ metric }) => metric))].sort();
  const found = (metric: string, wanted: string) =>
    ofRun.find((one) => one.metric === metric && one.variant === wanted);
  const proportion = (metric: string, wanted: string): Proportion => ({
    successes: found(metric, wanted)?.users ?? 0,
    trials: exposedTo(exposed, wanted, run),
  });
  return metrics.map((metric) => {
    const own = proportion(metric, variant);
    const { values = 0, sum = 0, squares = 0 } = found(metric, variant) ?? {};
    const { mean, interval: meanInterval } = meanOf({ count: values, sum, squares });
    return {
      metric,
      users: own.successes,
      rate: rateOf(own),
      interval: wilson(own),
      difference:
        control === null || control === variant ? null : differenceOf(own, proportion(metric, control)),
      mean,
      meanInterval,
    };
  });
}

const rateOf = ({ successes, trials }: Proportion): number => (trials === 0 ? 0 : successes / trials);

const differenceOf = (own: Proportion, control: Proportion) => ({
  value: rateOf(own) - rateOf(control),
  interval: newcombe(own, control),
  pValue: compareProportions(own, control).pValue,
});

function sampleRatioOf(facts: FlagFacts, experiment: Experiment, hours: readonly HourUse[]): SampleRatio {
  const splits = usersBySplit(hours, experiment.run);
  const evidence = splitEvidence(splits);
  const [only, ...others] = splits;
  const isWrong = experiment.mismatch !== null || evidence >= mismatchThreshold;
  const verdict = isWrong ? 'mismatch' : splits.length === 0 ? 'not judged' : 'as expected';
  return {
    verdict,
    why: verdict === 'not judged' ? whyNot(facts) : null,
    evidence,
    threshold: mismatchThreshold,
    since: experiment.mismatch?.at ?? null,
    splits: splits.map(({ variants }) => variants),
    pValue:
      only === undefined || others.length > 0
        ? null
        : chiSquareFit(
            only.variants.map(({ users }) => users),
            only.variants.map(({ share }) => share),
          ).pValue,
  };
}

const whyNot = ({ split }: FlagFacts): string =>
  split === null
    ? 'the flag has no single split by chance whose variants nobody gets in another way'
    : 'nobody came by chance yet';
