import { z } from 'zod';
import type { JudgeCriteria } from '#judge/criteria.ts';
import { judge } from '#judge/judge.ts';
import type { Judgement } from '#judge/judgement.ts';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { alarmNames, checkAlarms } from '../alarms.ts';
import { readSamples, takeSamples } from '../analysis/collect.ts';
import { criteriaFor } from '../analysis/criteria.ts';
import { type Decided, decideNext } from '../analysis/next.ts';
import type { Change } from '../deployment-store.ts';
import { AnalysisFailed, AnalysisInconclusive, WaitedTooLong } from '../errors.ts';
import { changeWanted, readWanted } from '../executions/acting.ts';
import type { DeploymentRecord, Looked } from '../records.ts';
import { TaskOfDeployment } from '../schemas.ts';

interface Found {
  sampledTo: string | null;
  criteria: JudgeCriteria | null;
  judgement: Judgement | null;
}

const notJudged = (record: DeploymentRecord): Found => ({
  sampledTo: record.sampledTo,
  criteria: null,
  judgement: null,
});

/** Takes the sample since the last look and judges all of them. */
async function judgeNow(record: DeploymentRecord): Promise<Found> {
  const { request, steps, step, stepStartedAt, green } = record;
  if (request.analysis === null) return notJudged(record);
  const sampledTo = await takeSamples(record);
  const samples = await readSamples(record.id);
  const criteria = criteriaFor(request.analysis.criteria, steps[step ?? 0], steps, samples);
  const { limits } = criteria;
  // The first version of a service has nobody to be compared with, and nothing to go back to.
  const limited = limits.errorRate !== undefined || limits.latency.length > 0;
  if (green?.blue === null && !limited) return { sampledTo, criteria: null, judgement: null };
  return { sampledTo, criteria, judgement: judge(samples, criteria, stepStartedAt ?? '') };
}

/** What the record says after a look, and what it tells. */
function changeAfter(record: DeploymentRecord, look: number, found: Found, decided: Decided): Change {
  const { sampledTo, criteria, judgement } = found;
  const step = record.step ?? 0;
  const set = {
    sampledTo,
    criteria,
    judgement,
    judgedSince: judgement === null ? record.judgedSince : record.stepStartedAt,
    samples: record.samples + (sampledTo === record.sampledTo ? 0 : 1),
  };
  const why = { why: (judgement?.why ?? []).slice(0, 5) };
  if (decided.kind === 'fail') {
    return { set, events: [{ type: 'analysis.failed', actor: 'theseus', data: { step, ...why } }] };
  }
  if (decided.kind === 'hold') {
    const { waitSeconds, extendedSeconds } = decided;
    const longer = extendedSeconds > record.extendedSeconds;
    return {
      set: { ...set, extendedSeconds, looked: { look, next: 'hold', step, waitSeconds } },
      events: longer
        ? [{ type: 'step.extended', actor: 'theseus', data: { step, extendedSeconds, ...why } }]
        : [],
    };
  }
  const keep = Math.max(1, record.request.keepBlueSeconds);
  const looked: Looked =
    decided.step === null
      ? { look, next: 'keep', step, waitSeconds: keep }
      : { look, next: 'shift', step: decided.step, waitSeconds: 1 };
  return {
    set: {
      ...set,
      looked,
      notes: decided.inconclusive
        ? [...record.notes, `Step ${step + 1} went on without a judgement: ${why.why[0] ?? 'no data'}`]
        : record.notes,
    },
    events: [
      {
        type: decided.inconclusive ? 'step.inconclusive' : 'step.passed',
        actor: 'theseus',
        data: { step, ...(decided.inconclusive ? why : {}) },
      },
    ],
  };
}

function failureOf(
  { id, step, steps, request }: DeploymentRecord,
  { judgement }: Found,
  because: Extract<Decided, { kind: 'fail' }>['because'],
): Error {
  const percent = steps[step ?? 0]?.percent ?? 0;
  const why = judgement?.why ?? [];
  const evidence = { step, percent, why: why.slice(0, 10), until: judgement?.until ?? null };
  const where = `Version ${request.version} at ${percent} %`;
  if (because === 'worse') {
    return new AnalysisFailed(`${where} is worse: ${why.join('; ') || 'the judge says so'}`, {
      evidence,
      action: `Look at the figures: theseus deployment analysis ${id}. The old version has all traffic again.`,
    });
  }
  if (because === 'inconclusive') {
    return new AnalysisInconclusive(`${where} cannot be judged: ${why.join('; ') || 'there are no data'}`, {
      evidence,
      action: 'Send more traffic, hold steps longer, ask for less, or set onInconclusive: continue.',
    });
  }
  return new WaitedTooLong(`${where} was paused for 30 days`, {
    evidence,
    action: 'Deploy it again, and resume or abort it in time.',
  });
}

/** One look at a step: takes figures, judges, and says what follows. Throws AnalysisFailed, AnalysisInconclusive. */
export const handler = task({
  name: 'analyse',
  input: TaskOfDeployment.extend({ look: z.int().min(0) }),
  output: z.strictObject({
    next: z.enum(['hold', 'shift', 'keep']),
    step: z.int(),
    waitSeconds: z.int().min(1),
  }),
  async handler({ look, ...acting }, { metrics }) {
    const before = await readWanted(acting);
    const { green, request, firingBefore } = before;
    const compared = { version: request.version, target: green?.green ?? request.version };
    await checkAlarms(alarmNames(request.alarms, compared), firingBefore);
    const repeated = before.looked?.look === look;
    const found = repeated ? notJudged(before) : await judgeNow(before);
    let failed: Extract<Decided, { kind: 'fail' }> | undefined;
    const record = await changeWanted(acting, (current) => {
      failed = undefined;
      if (current.looked?.look === look) return undefined;
      const decided = decideNext(current, found.judgement, clock.now());
      if (decided.kind === 'fail') failed = decided;
      return changeAfter(current, look, found, decided);
    });
    if (failed !== undefined) {
      metrics.count('AnalysisFailed');
      throw failureOf(record, found, failed.because);
    }
    const { next, step, waitSeconds } = record.looked ?? { next: 'hold' as const, step: 0, waitSeconds: 1 };
    return { next, step, waitSeconds };
  },
});
