import { parseArgs } from 'node:util';
import { JudgeCriteria } from '#judge/criteria.ts';
import { judge } from '#judge/judge.ts';
import { mannWhitney } from '#judge/mann-whitney.ts';
import type { Sample, Side } from '#judge/samples.ts';
import { type SimulatedCanary, simulatedCanary } from '#judge/testing/simulated-canary.ts';
import { quantile } from '#platform/latency-histogram.ts';

// How often the judge condemns simulated canaries that are no worse, and how soon those that are; and a Mann-Whitney test
// of the same samples. The same seeds give the same figures everywhere. See docs/benchmarks.md for how to read it.

const { values: flags } = parseArgs({
  options: { canaries: { type: 'string', default: '2000' }, json: { type: 'boolean', default: false } },
});
const canaries = Number(flags.canaries);
if (!Number.isSafeInteger(canaries) || canaries < 1) {
  console.error('--canaries is a whole number above 0.');
  process.exit(2);
}

const usual = JudgeCriteria.parse({});
const strict = JudgeCriteria.parse({
  errorRate: { tolerance: 0 },
  latency: [{ quantile: 0.95, tolerance: 0 }],
});
const samples = 100;
const requests = 600;
const share = 0.1;
/** Looks of the Mann-Whitney test begin here: before, its normal approximation has too little to go by. */
const firstLook = 10;
/** A horizon as short as what the judge needs in the middle. */
const shortHorizon = 14;

const same = { errorRate: { baseline: 0.01, canary: 0.01 }, slower: 'nothing' } as const;
const worseErrors = { baseline: 0.01, canary: 0.03 };
const scenarios = {
  same_steady: { ...same, load: 'steady' },
  same_waves: { ...same, load: 'waves' },
  latency_2x: { ...same, slower: 'everything', load: 'steady' },
  latency_2x_tail: { ...same, slower: 'slowest_tenth', load: 'steady' },
  latency_2x_waves: { ...same, slower: 'everything', load: 'waves' },
  errors_3x: { ...same, errorRate: worseErrors, load: 'steady' },
  errors_3x_waves: { ...same, errorRate: worseErrors, load: 'waves' },
} as const satisfies Record<string, Pick<SimulatedCanary, 'errorRate' | 'slower' | 'load'>>;
type Scenario = keyof typeof scenarios;

/** Of each canary how many samples it took to condemn it; null when it never was. */
type Outcomes = (number | null)[];

/** By the judge. It keeps what it condemned, so one call says when looks after every sample would have seen it first. */
function byJudge(canary: readonly Sample[], criteria: JudgeCriteria): number | null {
  const [first] = judge(canary, criteria)
    .metrics.flatMap(({ condemnedAt }) => condemnedAt ?? [])
    .sort();
  return first === undefined ? null : 1 + canary.findIndex(({ to }) => to === first);
}

const bonferroni = usual.alpha / 2;
const rate = ({ requests: all, errors }: Side) => (all === 0 ? 0 : errors / all);
const p95 = ({ latency }: Side) => quantile(latency, 0.95) ?? 0;

/** By Mann-Whitney tests of each sample's error rate and p95, at the looks given. */
function byRanks(canary: readonly Sample[], looks: readonly number[]): number | null {
  const series = [rate, p95].map((figure) => ({
    canary: canary.map((one) => figure(one.canary)),
    baseline: canary.map((one) => figure(one.baseline)),
  }));
  const found = looks.find((look) =>
    series.some((one) => mannWhitney(one.canary.slice(0, look), one.baseline.slice(0, look)) < bonferroni),
  );
  return found ?? null;
}

const everyLook = Array.from({ length: samples - firstLook + 1 }, (_, at) => firstLook + at);
const judges = {
  judge: (canary: Sample[]) => byJudge(canary, usual),
  judge_without_tolerance: (canary: Sample[]) => byJudge(canary, strict),
  mann_whitney: (canary: Sample[]) => byRanks(canary, [samples]),
  mann_whitney_short: (canary: Sample[]) => byRanks(canary, [shortHorizon]),
  mann_whitney_every_look: (canary: Sample[]) => byRanks(canary, everyLook),
};
type JudgeName = keyof typeof judges;
const names: JudgeName[] = [
  'judge',
  'judge_without_tolerance',
  'mann_whitney',
  'mann_whitney_short',
  'mann_whitney_every_look',
];

/** Requests of the canary until it was condemned: the same share of every sample, but for chance. */
const requestsOf = (looks: number) => Math.round(looks * requests * share);

function run(scenario: Scenario, count: number, firstSeed: number): Record<JudgeName, Outcomes> {
  const outcomes: Record<JudgeName, Outcomes> = {
    judge: [],
    judge_without_tolerance: [],
    mann_whitney: [],
    mann_whitney_short: [],
    mann_whitney_every_look: [],
  };
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const canary = simulatedCanary({ ...scenarios[scenario], seed, samples, requests, share });
    for (const name of names) outcomes[name].push(judges[name](canary));
  }
  return outcomes;
}

const foundIn = (outcomes: Outcomes) => outcomes.filter((one) => one !== null).length / outcomes.length;
function medianRequests(outcomes: Outcomes): number | null {
  const looks = outcomes.map((one) => one ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);
  const middle = looks[Math.floor(looks.length / 2)] ?? Number.POSITIVE_INFINITY;
  return Number.isFinite(middle) ? requestsOf(middle) : null;
}

const half = Math.ceil(canaries / 2);
const results = {
  same_steady: run('same_steady', half, 0),
  same_waves: run('same_waves', canaries - half, 1_000_000),
  latency_2x: run('latency_2x', canaries, 2_000_000),
  latency_2x_tail: run('latency_2x_tail', canaries, 3_000_000),
  latency_2x_waves: run('latency_2x_waves', canaries, 4_000_000),
  errors_3x: run('errors_3x', canaries, 5_000_000),
  errors_3x_waves: run('errors_3x_waves', canaries, 6_000_000),
};

function summary(name: JudgeName) {
  const of = (scenario: Scenario) => results[scenario][name];
  const medians = {
    latency_2x: medianRequests(of('latency_2x')),
    latency_2x_tail: medianRequests(of('latency_2x_tail')),
    latency_2x_waves: medianRequests(of('latency_2x_waves')),
    errors_3x: medianRequests(of('errors_3x')),
    errors_3x_waves: medianRequests(of('errors_3x_waves')),
  };
  const slowest = Math.max(medians.latency_2x ?? Infinity, medians.errors_3x ?? Infinity);
  return {
    false_rollback_rate: foundIn([...of('same_steady'), ...of('same_waves')]),
    power_latency_2x: foundIn(of('latency_2x')),
    power_errors_3x: foundIn(of('errors_3x')),
    /** Of the canary, for the slower one of both to be found. */
    median_requests: Number.isFinite(slowest) ? slowest : null,
    median_requests_by_case: medians,
    power_latency_2x_tail: foundIn(of('latency_2x_tail')),
    power_latency_2x_waves: foundIn(of('latency_2x_waves')),
    power_errors_3x_waves: foundIn(of('errors_3x_waves')),
    false_rollback_rate_steady: foundIn(of('same_steady')),
    false_rollback_rate_waves: foundIn(of('same_waves')),
  };
}

/** Three metrics, 600 samples: the middle of nine. */
function judgeMs(): number {
  const long = simulatedCanary({ ...scenarios.same_waves, seed: 1, samples: 600, requests, share });
  const criteria = JudgeCriteria.parse({ latency: [{ quantile: 0.95 }, { quantile: 0.99 }] });
  const times = Array.from({ length: 9 }, () => {
    const started = performance.now();
    judge(long, criteria);
    return performance.now() - started;
  });
  return Math.round(times.sort((a, b) => a - b)[4] ?? 0);
}

const { judge: ours, ...others } = {
  judge: summary('judge'),
  judge_without_tolerance: summary('judge_without_tolerance'),
  mann_whitney: summary('mann_whitney'),
  mann_whitney_short: summary('mann_whitney_short'),
  mann_whitney_every_look: summary('mann_whitney_every_look'),
};
const percent = (part: number) => `${(part * 100).toFixed(2)} %`;
const rows = Object.entries({ judge: ours, ...others }).map(([name, one]) => ({
  judge: name,
  'false rollbacks': percent(one.false_rollback_rate),
  'in waves': percent(one.false_rollback_rate_waves),
  '2x latency found': percent(one.power_latency_2x),
  'requests ': one.median_requests_by_case.latency_2x,
  '2x tail found': percent(one.power_latency_2x_tail),
  'requests  ': one.median_requests_by_case.latency_2x_tail,
  '3x errors found': percent(one.power_errors_3x),
  'requests   ': one.median_requests_by_case.errors_3x,
}));
console.table(rows);
const result = {
  ...ours,
  ...others,
  canaries,
  samples,
  requests_per_sample: requests,
  canary_share: share,
  alpha: usual.alpha,
  judge_ms_600_samples_3_metrics: judgeMs(),
};
console.log(flags.json ? JSON.stringify(result) : result);
