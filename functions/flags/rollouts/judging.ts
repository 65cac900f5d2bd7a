import type { JudgeCriteria } from '#judge/criteria.ts';
import { judge } from '#judge/judge.ts';
import type { Judgement } from '#judge/judgement.ts';
import type { Sample } from '#judge/samples.ts';
import type { RolloutSample, Side } from './records.ts';
import type { RolloutJudge, RolloutJudgement } from './schemas.ts';

/** One thing that users are compared by: how many of them something bad happened to. */
interface Part {
  metric: string;
  bad: (side: Side) => number;
  most: number | undefined;
}

const partsOf = ({ errors, conversions, maxErrors }: RolloutJudge): Part[] => [
  // Who had two kinds of errors is in both counts: never more than all.
  ...(errors.length === 0
    ? []
    : [{ metric: 'errors', bad: (side: Side) => Math.min(side.users, side.errors), most: maxErrors }]),
  ...conversions.map((name, at) => ({
    metric: `without ${name}`,
    bad: (side: Side) => Math.max(0, side.users - (side.conversions[at] ?? 0)),
    most: undefined,
  })),
];

const sampleOf = ({ from, to, baseline, canary }: RolloutSample, { bad }: Part): Sample => ({
  from,
  to,
  baseline: { requests: baseline.users, errors: bad(baseline), latency: {} },
  canary: { requests: canary.users, errors: bad(canary), latency: {} },
});

const percent = (share: number | null) =>
  share === null ? '–' : `${Number((share * 100).toPrecision(3))} %`;

function said(metric: string, { metrics, limits }: Judgement, minUsers: number): string[] {
  const compared = metrics.map(({ verdict, baseline, canary, requests }) => {
    const figures = `${metric}: ${percent(canary)} of ${requests.canary} users against ${percent(baseline)} of ${requests.baseline}`;
    if (verdict === 'worse') return `${figures}, worse than by chance`;
    return verdict === 'no_worse' ? figures : `${figures}; ${minUsers} of each are needed in the step`;
  });
  const broken = limits
    .filter(({ verdict }) => verdict === 'broken')
    .map(({ found, allowed }) => `${metric}: ${percent(found)} of the users, allowed is ${allowed}`);
  return [...broken, ...compared];
}

/**
 * Judges the new variant by the users of all steps so far, oldest first; `since` is when the step began that is to pass.
 * What is compared shares the probability of a false alarm. The same samples get the same judgement.
 */
export function judgeRollout(
  samples: readonly RolloutSample[],
  asked: RolloutJudge,
  since: string,
  at: string,
): RolloutJudgement {
  const parts = partsOf(asked);
  const judged = parts.map((part) => {
    const criteria: JudgeCriteria = {
      alpha: asked.alpha / parts.length,
      errorRate: { tolerance: asked.tolerance },
      latency: [],
      limits: { errorRate: part.most, latency: [], minRequests: asked.minUsers },
      minRequests: asked.minUsers,
      minPairs: 1,
      metrics: [],
    };
    const judgement = judge(
      samples.map((sample) => sampleOf(sample, part)),
      criteria,
      since,
    );
    return { metric: part.metric, judgement };
  });
  const having = (verdict: Judgement['verdict']) =>
    judged.filter(({ judgement }) => judgement.verdict === verdict);
  const [failed, open] = [having('fail'), having('inconclusive')];
  const deciding = [failed, open, judged].find((list) => list.length > 0) ?? [];
  const users = (side: 'baseline' | 'canary') => samples.reduce((sum, one) => sum + one[side].users, 0);
  return {
    verdict: failed.length > 0 ? 'fail' : open.length > 0 ? 'inconclusive' : 'pass',
    at,
    users: { baseline: users('baseline'), canary: users('canary') },
    metrics: judged.flatMap(({ metric, judgement }) =>
      judgement.metrics.map(({ verdict, baseline, canary, eValue, condemnsAt }) => ({
        metric,
        verdict,
        baseline,
        canary,
        eValue,
        condemnsAt,
      })),
    ),
    why: deciding.flatMap(({ metric, judgement }) => said(metric, judgement, asked.minUsers)).slice(0, 12),
  };
}
