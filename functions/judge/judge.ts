import type { JudgeCriteria } from './criteria.ts';
import { compareErrorRate } from './error-rate.ts';
import type { Compared, Judgement, LimitJudgement, MetricJudgement } from './judgement.ts';
import { latenciesOf } from './latencies.ts';
import { compareLatency } from './latency.ts';
import { judgeLimits, judgeNumberLimit } from './limits.ts';
import { compareNumbers } from './numbers.ts';
import type { Sample } from './samples.ts';
import { type Asked, figure, words } from './words.ts';

interface Comparison extends Asked {
  metric: string;
  unit: MetricJudgement['unit'];
  compare: (threshold: number) => Compared;
}

/** All that is compared; the probability of a false alarm is shared out evenly among it. */
function comparisons(samples: readonly Sample[], criteria: JudgeCriteria, since: string): Comparison[] {
  const step = samples.filter(({ from }) => from >= since);
  const inStep = step.reduce((sum, { canary }) => sum + canary.requests, 0);
  const { errorRate, latency, metrics, minRequests, minPairs } = criteria;
  const latencies = latenciesOf(latency.length === 0 ? [] : samples);
  return [
    ...(errorRate === null
      ? []
      : [
          {
            metric: 'error_rate',
            unit: 'share' as const,
            amount: 'requests' as const,
            worse: 'higher' as const,
            atLeast: minRequests,
            inStep,
            compare: (threshold: number) => compareErrorRate(samples, errorRate.tolerance, threshold),
          },
        ]),
    ...latency.map((one) => ({
      metric: `latency_p${Number((one.quantile * 100).toFixed(1))}`,
      unit: 'ms' as const,
      amount: 'latencies' as const,
      worse: 'higher' as const,
      atLeast: minRequests,
      inStep,
      compare: (threshold: number) => compareLatency(latencies, one, threshold),
    })),
    ...metrics
      .filter(({ compare }) => compare)
      .map((one) => ({
        metric: one.name,
        unit: 'number' as const,
        amount: 'pairs of numbers' as const,
        worse: one.worse,
        atLeast: minPairs,
        inStep: step.filter(({ numbers }) => (numbers?.[one.name]?.canary ?? null) !== null).length,
        compare: (threshold: number) => compareNumbers(samples, one, threshold),
      })),
  ];
}

function judged(comparison: Comparison, samples: readonly Sample[], condemnsAt: number): MetricJudgement {
  const compared = comparison.compare(condemnsAt);
  const { requests, reached, interval } = compared;
  const few = Math.min(requests.baseline, requests.canary, comparison.inStep) < comparison.atLeast;
  const calm = few ? 'inconclusive' : 'no_worse';
  const verdict = reached === null ? calm : 'worse';
  const judgement = {
    metric: comparison.metric,
    verdict,
    unit: comparison.unit,
    baseline: figure(compared.baseline),
    canary: figure(compared.canary),
    difference: figure(compared.difference),
    interval: interval && { low: figure(interval.low), high: figure(interval.high) },
    tolerance: figure(compared.tolerance) ?? 0,
    requests,
    eValue: Math.min(figure(compared.eValue) ?? 0, 1e12),
    condemnsAt: figure(condemnsAt) ?? 0,
    condemnedAt: reached === null ? null : (samples[reached]?.to ?? null),
  } as const;
  return { ...judgement, says: words(judgement, comparison) };
}

/**
 * Judges a canary by all samples since its first request, oldest first. It may be asked after every sample: the
 * probability that a canary without a difference is ever condemned stays at `alpha`. Nothing is drawn by chance, and the
 * same samples get the same judgement. What was condemned stays condemned by any longer row of samples.
 *
 * `since` is when the step to be judged began (ISO 8601, UTC, with milliseconds): what is compared are all samples, but
 * to pass, the canary must have had `minRequests` since then. Without data nothing passes.
 */
export function judge(samples: readonly Sample[], criteria: JudgeCriteria, since = ''): Judgement {
  const compared = comparisons(samples, criteria, since);
  // Bonferroni, because it names the metric; e-values could be averaged too, but an average condemns nobody by name.
  const condemnsAt = compared.length / criteria.alpha;
  const metrics = compared.map((one) => judged(one, samples, condemnsAt));
  const limits: LimitJudgement[] = [
    ...judgeLimits(samples, criteria.limits),
    ...criteria.metrics.map((one) => judgeNumberLimit(samples, one)).filter((one) => one !== null),
  ].map((one) => ({ ...one, found: figure(one.found) }));
  const failed = [
    ...metrics.filter((one) => one.verdict === 'worse').map((one) => `${one.metric}: ${one.says}`),
    ...limits.filter((one) => one.verdict === 'broken').map((one) => `${one.limit}: ${one.says}`),
  ];
  const open = [
    ...metrics.filter((one) => one.verdict === 'inconclusive').map((one) => `${one.metric}: ${one.says}`),
    ...limits.filter((one) => one.verdict === 'inconclusive').map((one) => `${one.limit}: ${one.says}`),
    ...(metrics.length + limits.length === 0 ? ['The criteria name nothing to judge by'] : []),
  ];
  const passed = metrics.map((one) => `${one.metric}: ${one.says}`);
  const calm = open.length > 0 ? 'inconclusive' : 'pass';
  const problems = samples.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  return {
    verdict: failed.length > 0 ? 'fail' : calm,
    until: samples.at(-1)?.to ?? null,
    samples: samples.length,
    metrics,
    limits,
    problems: [...new Set(problems.toReversed())].slice(0, 5).reverse(),
    why: [failed, open, passed].find((list) => list.length > 0) ?? [],
  };
}
