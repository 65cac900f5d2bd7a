import { describe, expect, it } from 'vitest';
import { judgeRollout } from './judging.ts';
import type { RolloutSample } from './records.ts';
import { withSample } from './sampling.ts';
import { RolloutJudge } from './schemas.ts';

const at = (minute: number) => `2026-01-05T10:${String(minute).padStart(2, '0')}:00.000Z`;
type Counts = [users: number, errors: number, ...conversions: number[]];
const side = ([users, errors, ...conversions]: Counts) => ({ users, errors, conversions });
const step = (from: number, baseline: Counts, canary: Counts): RolloutSample => ({
  from: at(from),
  to: at(from + 10),
  baseline: side(baseline),
  canary: side(canary),
});
const asked = (more: object) => RolloutJudge.parse({ minUsers: 100, ...more });
const judged = (samples: RolloutSample[], more: object) =>
  judgeRollout(samples, asked(more), samples.at(-1)?.from ?? '', at(59));

describe('the judge of a rollout', () => {
  it('passes what fares no worse, fails what does, and says which', () => {
    const calm = judged([step(0, [900, 18], [100, 2])], { errors: ['failed'] });
    expect(calm).toMatchObject({ verdict: 'pass', users: { baseline: 900, canary: 100 } });
    const bad = judged([step(0, [900, 18], [100, 30])], { errors: ['failed'] });
    expect(bad.verdict).toBe('fail');
    expect(bad.why).toEqual(['errors: 30 % of 100 users against 2 % of 900, worse than by chance']);
  });

  it('is not sure before enough users came in the step that is to pass, whoever came before', () => {
    const steps = [step(0, [900, 18], [100, 2]), step(20, [30, 1], [20, 0])];
    const { verdict, why } = judged(steps, { errors: ['failed'] });
    expect(verdict).toBe('inconclusive');
    expect(why[0]).toContain('100 of each are needed in the step');
    expect(judged([], { errors: ['failed'] }).verdict).toBe('inconclusive');
  });

  it('counts what users do not do any more', () => {
    const fewer = judged([step(0, [500, 0, 250], [500, 0, 150])], { conversions: ['paid'] });
    expect(fewer).toMatchObject({ verdict: 'fail', metrics: [{ metric: 'without paid', verdict: 'worse' }] });
    const more = judged([step(0, [500, 0, 150], [500, 0, 250])], { conversions: ['paid'] });
    expect(more.verdict).toBe('pass');
  });

  it('holds the new variant to a limit, whatever the others have', () => {
    const both = [step(0, [500, 100], [500, 100])];
    expect(judged(both, { errors: ['failed'] }).verdict).toBe('pass');
    const limited = judged(both, { errors: ['failed'], maxErrors: 0.1 });
    expect(limited.verdict).toBe('fail');
    expect(limited.why[0]).toContain('errors: 20 % of the users, allowed is');
  });

  it('takes users with several kinds of errors for no more than all', () => {
    expect(judged([step(0, [200, 300], [200, 400])], { errors: ['a', 'b'] }).verdict).toBe('pass');
  });

  it('shares the probability of a false alarm among what is compared', () => {
    const { metrics } = judged([step(0, [500, 0, 9, 9], [500, 0, 9, 9])], {
      errors: ['failed'],
      conversions: ['paid', 'stayed'],
      alpha: 0.03,
    });
    expect(metrics.map(({ condemnsAt }) => condemnsAt)).toEqual([100, 100, 100]);
  });
});

it('a step has one sample, the newest of it', () => {
  const [first, second] = [step(0, [1, 0], [1, 0]), step(20, [2, 0], [2, 0])];
  const again = step(20, [5, 0], [4, 0]);
  expect(withSample([first, second], again)).toEqual([first, again]);
  expect(withSample([first], second)).toEqual([first, second]);
  expect(withSample([first], undefined)).toEqual([first]);
});
