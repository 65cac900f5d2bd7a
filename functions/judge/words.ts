import type { MetricJudgement } from './judgement.ts';

/** What of each side is counted. */
export type Amount = 'requests' | 'latencies' | 'pairs of numbers';

/** Six digits say all that can be known, and hide what processors round differently. */
export const figure = (value: number | null): number | null =>
  value === null || !Number.isFinite(value) ? null : Number(value.toPrecision(6));

const short = (value: number) => String(Number(value.toPrecision(3)));
const percent = (share: number) => `${short(share * 100)} %`;

function shown(value: number, unit: MetricJudgement['unit']): string {
  if (unit === 'share') return percent(value);
  return unit === 'ms' ? `${short(value)} ms` : short(value);
}

/** A difference, with its sign. */
function change(value: number, unit: MetricJudgement['unit']): string {
  const sign = value > 0 ? '+' : '';
  return unit === 'share' ? `${sign}${short(value * 100)} points` : `${sign}${percent(value)}`;
}

function range({ interval, unit }: Omit<MetricJudgement, 'says'>): string {
  const low = interval?.low ?? null;
  const high = interval?.high ?? null;
  if (low === null && high === null) return 'any difference is still possible';
  if (low === null) return `not excluded is up to ${change(high ?? 0, unit)}`;
  if (high === null) return `at least ${change(low, unit)}`;
  return `between ${change(low, unit)} and ${change(high, unit)} is possible`;
}

/** What a judgement does not say itself. */
export interface Asked {
  amount: Amount;
  /** How many of each side must have been compared. */
  atLeast: number;
  /** How many of the canary there are in the step that is judged. */
  inStep: number;
  worse: 'higher' | 'lower';
}

/** A judgement in one sentence, with what would condemn it or is missing. */
export function words(
  judgement: Omit<MetricJudgement, 'says'>,
  { amount, atLeast, inStep, worse }: Asked,
): string {
  const { verdict, unit, baseline, canary, difference, requests, eValue, condemnsAt, tolerance } = judgement;
  if (baseline === null || canary === null) return `There are no ${amount} of both versions at the same time`;
  const counted =
    unit === 'number'
      ? `${requests.canary} ${amount}`
      : `${requests.canary} ${amount} against ${requests.baseline}`;
  const figures = `${shown(canary, unit)} against ${shown(baseline, unit)}${difference === null ? '' : ` (${change(difference, unit)})`} in ${counted}`;
  const bar = `more than ${change(worse === 'higher' ? tolerance : -tolerance, unit)} at an e-value of ${short(condemnsAt)}`;
  if (verdict === 'worse')
    return `${figures}; ${range(judgement)}; worse by ${bar}, reached at ${judgement.condemnedAt}`;
  const evidence = `evidence of worse ${short(eValue)}, condemned for ${bar}`;
  if (verdict === 'no_worse') return `${figures}; ${range(judgement)}; ${evidence}`;
  const missing =
    Math.min(requests.baseline, requests.canary) < atLeast
      ? `${atLeast} of each version are needed`
      : `${inStep} of the canary in this step, ${atLeast} are needed`;
  return `${figures}; ${missing}; ${evidence}`;
}
