import { mergeHistograms, quantile as quantileOf, totalOf } from '#platform/latency-histogram.ts';
import type { CustomMetric, Limits } from './criteria.ts';
import type { LimitJudgement } from './judgement.ts';
import type { Sample } from './samples.ts';

interface Limit {
  limit: string;
  allowed: string;
  /** The figure a sample ends with; null when there is too little to say. */
  foundAt: (at: number) => number | null;
  breaks: (found: number) => boolean;
  /** In words. */
  unit: (found: number) => string;
  missing: string;
}

function judgeLimit(samples: readonly Sample[], limit: Limit): LimitJudgement {
  const { foundAt, breaks, unit, allowed, missing } = limit;
  let latest: number | null = null;
  for (const [at, sample] of samples.entries()) {
    const found = foundAt(at);
    if (found === null) continue;
    latest = found;
    if (!breaks(found)) continue;
    const says = `${unit(found)} at ${sample.to}, allowed is ${allowed}`;
    return { limit: limit.limit, verdict: 'broken', allowed, found, brokenAt: sample.to, says };
  }
  const verdict = latest === null ? 'inconclusive' : 'kept';
  const says = latest === null ? missing : `${unit(latest)}, allowed is ${allowed}`;
  return { limit: limit.limit, verdict, allowed, found: latest, brokenAt: null, says };
}

/** For each sample the first of those that together have `enough` of something, it being the last; null when all lack it. */
function windows(amounts: readonly number[], enough: number): (number | null)[] {
  let from = 0;
  let sum = 0;
  return amounts.map((amount) => {
    sum += amount;
    while (sum - (amounts[from] ?? 0) >= enough) {
      sum -= amounts[from] ?? 0;
      from += 1;
    }
    return sum >= enough ? from : null;
  });
}

const percent = (share: number) => `${Number((share * 100).toPrecision(3))} %`;

/**
 * Thresholds that the canary may not pass, whatever the baseline does, and without statistics: looked at after every
 * sample, over the latest samples that together have `minRequests` of the canary.
 */
export function judgeLimits(samples: readonly Sample[], limits: Limits): LimitJudgement[] {
  const few = (what: string) => `Fewer than ${limits.minRequests} ${what} of the canary yet`;
  const judged: LimitJudgement[] = [];
  if (limits.errorRate !== undefined) {
    const most = limits.errorRate;
    const from = windows(
      samples.map((one) => one.canary.requests),
      limits.minRequests,
    );
    const foundAt = (at: number) => {
      const since = from[at];
      if (since === null || since === undefined) return null;
      const window = samples.slice(since, at + 1);
      const sum = (of: 'requests' | 'errors') => window.reduce((total, one) => total + one.canary[of], 0);
      return sum('errors') / sum('requests');
    };
    judged.push(
      judgeLimit(samples, {
        limit: 'error_rate',
        allowed: percent(most),
        foundAt,
        breaks: (found) => found > most,
        unit: (found) => `${percent(found)} of the canary’s requests failed`,
        missing: few('requests'),
      }),
    );
  }
  if (limits.latency.length === 0) return judged;
  const from = windows(
    samples.map((one) => totalOf(one.canary.latency)),
    limits.minRequests,
  );
  for (const { quantile, ms } of limits.latency) {
    const foundAt = (at: number) => {
      const since = from[at];
      if (since === null || since === undefined) return null;
      const window = samples.slice(since, at + 1).map((one) => one.canary.latency);
      return quantileOf(window.reduce(mergeHistograms), quantile);
    };
    const name = `p${Number((quantile * 100).toFixed(1))}`;
    judged.push(
      judgeLimit(samples, {
        limit: `latency_${name}`,
        allowed: `${ms} ms`,
        foundAt,
        breaks: (found) => found > ms,
        unit: (found) => `The canary’s ${name} was ${Number(found.toPrecision(3))} ms`,
        missing: few('latencies'),
      }),
    );
  }
  return judged;
}

/** A custom metric's limit: broken by `times` numbers of the canary in a row; samples without one are passed over. */
export function judgeNumberLimit(samples: readonly Sample[], metric: CustomMetric): LimitJudgement | null {
  if (metric.limit === null) return null;
  const { max, min, times } = metric.limit;
  const passes = (found: number) => (max !== undefined && found > max) || (min !== undefined && found < min);
  const numbers = samples.map((one) => one.numbers?.[metric.name]?.canary ?? null);
  const allowed = [
    ...(min === undefined ? [] : [`at least ${min}`]),
    ...(max === undefined ? [] : [`at most ${max}`]),
  ].join(' and ');
  let inRow = 0;
  const rows = numbers.map((found) => {
    if (found !== null) inRow = passes(found) ? inRow + 1 : 0;
    return inRow;
  });
  for (const [at, row] of rows.entries()) {
    const found = numbers[at] ?? null;
    const sample = samples[at];
    if (row < times || found === null || sample === undefined) continue;
    return {
      limit: metric.name,
      verdict: 'broken',
      allowed,
      found,
      brokenAt: sample.to,
      says: `${found} at ${sample.to}, ${times === 1 ? '' : `${times} times in a row, `}allowed is ${allowed}`,
    };
  }
  const latest = numbers.findLast((found) => found !== null) ?? null;
  return {
    limit: metric.name,
    verdict: latest === null ? 'inconclusive' : 'kept',
    allowed,
    found: latest,
    brokenAt: null,
    says: latest === null ? 'The source had no number of the canary' : `${latest}, allowed is ${allowed}`,
  };
}
