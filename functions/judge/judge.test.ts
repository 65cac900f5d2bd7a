import { describe, expect, it } from 'vitest';
import { JudgeCriteria } from './criteria.ts';
import { judge } from './judge.ts';
import { Judgement } from './judgement.ts';
import { nothing, Sample } from './samples.ts';
import { type SimulatedCanary, simulatedCanary } from './testing/simulated-canary.ts';

const usual = JudgeCriteria.parse({});
const simulated = (more: Partial<SimulatedCanary> = {}) =>
  simulatedCanary({
    seed: 7,
    samples: 60,
    requests: 600,
    share: 0.1,
    errorRate: { baseline: 0.01, canary: 0.01 },
    slower: 'nothing',
    load: 'steady',
    ...more,
  });
const verdicts = (judgement: Judgement) =>
  Object.fromEntries(judgement.metrics.map(({ metric, verdict }) => [metric, verdict]));
const worseErrors = { errorRate: { baseline: 0.01, canary: 0.03 } };

describe('a canary without a difference', () => {
  it('is condemned less often than alpha, looked at after every sample, without any tolerance', () => {
    const strict = JudgeCriteria.parse({
      errorRate: { tolerance: 0 },
      latency: [{ quantile: 0.95, tolerance: 0 }],
    });
    const condemned = Array.from({ length: 300 }, (_, seed) =>
      judge(
        simulated({ seed, samples: 30, requests: 100, load: seed % 2 === 0 ? 'steady' : 'waves' }),
        strict,
      ),
    ).filter(({ verdict }) => verdict === 'fail');
    expect(condemned.length).toBeLessThanOrEqual(3);
  });

  it('passes, with what was not excluded, also while load makes both versions slow and fail', () => {
    for (const load of ['steady', 'waves'] as const) {
      const judgement = judge(simulated({ load }), usual);
      expect(judgement.verdict).toBe('pass');
      for (const { interval, difference } of judgement.metrics) {
        expect(interval?.low).toBeLessThan(difference ?? 0);
        expect(interval?.high).toBeGreaterThan(difference ?? 0);
      }
    }
  });

  it('passes when its share of the traffic grows while load does', () => {
    const calm = simulated({ samples: 30, share: 0.95 });
    const busy = simulated({ samples: 30, share: 0.05, errorRate: { baseline: 0.06, canary: 0.06 } });
    expect(judge([...busy, ...calm], usual).verdict).toBe('pass');
    expect(judge([...calm, ...busy], usual).verdict).toBe('pass');
  });
});

describe('a worse canary', () => {
  it.each([
    ['doubled latency', { slower: 'everything' }, 'latency_p95'],
    ['a doubled slowest tenth', { slower: 'slowest_tenth' }, 'latency_p95'],
    ['three times the errors', worseErrors, 'error_rate'],
    ['errors where there were none', { errorRate: { baseline: 0, canary: 0.01 } }, 'error_rate'],
    ['a share of 5 %', { share: 0.05, slower: 'everything' }, 'latency_p95'],
    ['a share of 95 %', { share: 0.95, slower: 'everything' }, 'latency_p95'],
    ['load that comes and goes', { load: 'waves', slower: 'everything' }, 'latency_p95'],
  ] as const)('with %s is condemned', (_, more, metric) => {
    const judgement = judge(simulated(more), usual);
    expect(judgement.verdict).toBe('fail');
    expect(judgement.why).toEqual([expect.stringContaining(metric)]);
    const found = judgement.metrics.find((one) => one.metric === metric);
    expect(found?.interval?.low).toBeGreaterThan(found?.tolerance ?? 1);
    expect(Judgement.parse(JSON.parse(JSON.stringify(judgement)))).toEqual(judgement);
  });

  it('whose latency was always the same is condemned, and what is always the same is not', () => {
    const side = (requests: number, bucket: string) => ({
      requests,
      errors: 0,
      latency: { [bucket]: requests },
    });
    const samples = (canary: string) =>
      simulated({ samples: 20 }).map((one) => ({
        ...one,
        baseline: side(300, '20'),
        canary: side(300, canary),
      }));
    expect(judge(samples('28'), usual).verdict).toBe('fail');
    expect(judge(samples('20'), usual).verdict).toBe('pass');
    expect(judge(samples('12'), usual).verdict).toBe('pass');
  });

  it('is found after a long time without a difference', () => {
    const well = simulated({ samples: 100 });
    const late = simulated({ samples: 60, seed: 8, slower: 'everything' });
    expect(judge([...well, ...late], usual).verdict).toBe('fail');
  });

  it('is found in the moments in which load makes both slower than they ever were', () => {
    const slowed = (side: Sample['canary']) => ({
      ...side,
      latency: Object.fromEntries(
        Object.entries(side.latency).map(([bucket, count]) => [
          String(Math.min(160, Number(bucket) + 48)),
          count,
        ]),
      ),
    });
    const calm = simulated({ samples: 300, share: 0.5 });
    const busy = simulated({ samples: 8, share: 0.5, slower: 'everything' }).map((one) => ({
      ...one,
      baseline: slowed(one.baseline),
      canary: slowed(one.canary),
    }));
    expect(verdicts(judge([...calm, ...busy], usual))).toMatchObject({ latency_p95: 'worse' });
  });

  it('is condemned by the look that first sees it, and by every one after it', () => {
    for (const more of [worseErrors, { slower: 'everything' }] as const) {
      const samples = simulated(more);
      const whole = judge(samples, usual);
      const at = samples.findIndex(({ to }) => whole.metrics.some(({ condemnedAt }) => condemnedAt === to));
      expect(at).toBeGreaterThan(0);
      const fails = samples.map((_, last) => judge(samples.slice(0, last + 1), usual).verdict === 'fail');
      expect(fails).toEqual(samples.map((_, last) => last >= at));
    }
  });

  it('gets the same judgement from recorded samples, and leaves them as they were', () => {
    const samples = simulated(worseErrors);
    const recorded = JSON.stringify(samples);
    const judgement = judge(samples, usual);
    expect(JSON.stringify(samples)).toBe(recorded);
    expect(judge(Sample.array().parse(JSON.parse(recorded)), usual)).toEqual(judgement);
  });
});

describe('too little', () => {
  it('is no success', () => {
    expect(judge([], usual)).toMatchObject({ verdict: 'inconclusive', until: null, problems: [] });
    expect(judge(simulated({ samples: 5 }), usual).verdict).toBe('inconclusive');
    const silent = simulated().map((one) => ({
      ...one,
      baseline: nothing,
      canary: nothing,
      problem: 'timeout',
    }));
    expect(judge(silent, usual)).toMatchObject({ verdict: 'inconclusive', problems: ['timeout'] });
    for (const missing of ['baseline', 'canary']) {
      const lonely = simulated(worseErrors).map((one) => ({ ...one, [missing]: nothing }));
      expect(judge(lonely, usual)).toMatchObject({
        verdict: 'inconclusive',
        metrics: [
          { baseline: null, interval: null },
          { baseline: null, interval: null },
        ],
      });
    }
    const nobody = JudgeCriteria.parse({ errorRate: null, latency: [] });
    expect(judge(simulated(), nobody)).toMatchObject({
      verdict: 'inconclusive',
      why: ['The criteria name nothing to judge by'],
    });
  });

  it('in the step that is judged is no success, however much there was before', () => {
    const samples = simulated();
    expect(judge(samples, usual, samples[2]?.from).verdict).toBe('pass');
    const judgement = judge(samples, usual, samples[55]?.from);
    expect(judgement.verdict).toBe('inconclusive');
    expect(judgement.why[0]).toContain('of the canary in this step, 500 are needed');
  });

  it('of latencies alone is no success of latency', () => {
    const samples = simulated().map((one) => ({ ...one, canary: { ...one.canary, latency: {} } }));
    const judgement = judge(samples, usual);
    expect(judgement.verdict).toBe('inconclusive');
    expect(verdicts(judgement)).toEqual({ error_rate: 'no_worse', latency_p95: 'inconclusive' });
  });
});

describe('limits', () => {
  const only = (limits: object) => JudgeCriteria.parse({ errorRate: null, latency: [], limits });

  it('hold without a baseline, over the latest requests', () => {
    const samples = simulated({ samples: 30, errorRate: { baseline: 0.2, canary: 0.01 } });
    const bad = simulated({ samples: 5, errorRate: { baseline: 0.2, canary: 0.2 } });
    const limits = { errorRate: 0.1, minRequests: 100, latency: [{ quantile: 0.5, ms: 60 }] };
    expect(judge(samples, only(limits)).verdict).toBe('pass');
    const broken = judge([...samples, ...bad, ...samples], only(limits));
    expect(broken).toMatchObject({
      verdict: 'fail',
      limits: [{ limit: 'error_rate', verdict: 'broken' }, { verdict: 'kept' }],
    });
    expect(broken.why[0]).toContain('allowed is 10 %');
    expect(judge(simulated({ slower: 'everything' }), only(limits))).toMatchObject({
      verdict: 'fail',
      limits: [{ verdict: 'kept' }, { limit: 'latency_p50', verdict: 'broken', allowed: '60 ms' }],
    });
  });

  it('say nothing about fewer requests than they need', () => {
    const few = simulated({ samples: 1, errorRate: { baseline: 1, canary: 1 } });
    expect(judge(few, only({ errorRate: 0.1, minRequests: 100 })).verdict).toBe('inconclusive');
  });
});

describe('numbers of the user', () => {
  const criteria = (more: object) =>
    JudgeCriteria.parse({ errorRate: null, latency: [], metrics: [{ name: 'orders', ...more }] });
  const samples = (pairs: [baseline: number | null, canary: number | null][]): Sample[] =>
    simulated({ samples: pairs.length, requests: 0 }).map((one, at) => ({
      ...one,
      numbers: { orders: { baseline: pairs[at]?.[0] ?? null, canary: pairs[at]?.[1] ?? null } },
    }));
  const rising = (by: number, count = 30) =>
    samples(Array.from({ length: count }, (_, at) => [100 + at, (100 + at) * by]));

  it('are compared pair by pair, whichever way is worse', () => {
    expect(judge(rising(1.3), criteria({}))).toMatchObject({
      verdict: 'fail',
      metrics: [{ difference: 0.3, interval: { low: expect.closeTo(0.3), high: expect.closeTo(0.3) } }],
    });
    expect(judge(rising(1.05), criteria({})).verdict).toBe('pass');
    expect(judge(rising(0.7), criteria({})).verdict).toBe('pass');
    expect(judge(rising(0.7), criteria({ worse: 'lower' }))).toMatchObject({
      verdict: 'fail',
      metrics: [{ difference: -0.3, canary: 80.15 }],
    });
    expect(judge(rising(1.3), criteria({ worse: 'lower' })).verdict).toBe('pass');
  });

  it('are compared where the baseline has zero, and where both have the same', () => {
    expect(judge(samples(Array(30).fill([0, 5])), criteria({})).verdict).toBe('fail');
    expect(judge(samples(Array(30).fill([0, 0])), criteria({})).verdict).toBe('pass');
  });

  it('leave possible what half of the pairs show, on either side', () => {
    const pairs = Array.from({ length: 66 }, (_, at): [number, number] => [100, 95 + (at % 11)]);
    const [judgement] = judge(samples(pairs), criteria({ tolerance: 0.2 })).metrics;
    expect(judgement).toMatchObject({ verdict: 'no_worse', difference: 0 });
    expect(judgement?.interval?.low).toBeLessThan(0);
    expect(judgement?.interval?.low).toBeGreaterThanOrEqual(-0.05);
    expect(judgement?.interval?.high).toBeGreaterThan(0);
    expect(judgement?.interval?.high).toBeLessThanOrEqual(0.05);
  });

  it('are inconclusive where one is missing', () => {
    expect(judge(samples(Array(30).fill([null, 5])), criteria({})).verdict).toBe('inconclusive');
    expect(judge(rising(1, 4), criteria({})).verdict).toBe('inconclusive');
  });

  it('may have a limit alone, which some in a row break', () => {
    const limit = criteria({ compare: false, limit: { max: 10, times: 3 } });
    const row = (values: (number | null)[]) => samples(values.map((value) => [null, value]));
    expect(judge(row([11, 11, 9, 11]), limit).verdict).toBe('pass');
    expect(judge(row([11, null, 11, 11]), limit)).toMatchObject({ verdict: 'fail', limits: [{ found: 11 }] });
    expect(judge(row([null]), limit).verdict).toBe('inconclusive');
  });
});

describe('criteria', () => {
  it.each([
    [{ alpha: 0 }, 'alpha'],
    [{ alpha: 0.5 }, 'alpha'],
    [{ latency: [{ quantile: 0.95 }, { quantile: 0.95, tolerance: 1 }] }, 'latency'],
    [{ latency: [{ quantile: 1 }] }, 'latency'],
    [{ metrics: [{ name: 'a' }, { name: 'a' }] }, 'metrics'],
    [{ metrics: [{ name: 'a', compare: false }] }, 'metrics'],
    [{ metrics: [{ name: 'a', limit: {} }] }, 'metrics'],
    [{ limits: { errorRate: 2 } }, 'limits'],
    [{ thresholds: {} }, undefined],
  ])('refuse %j', (found, field) => {
    const parsed = JudgeCriteria.safeParse(found);
    expect(parsed.error?.issues[0]?.path[0]).toBe(field);
    expect(parsed.success).toBe(false);
  });
});
