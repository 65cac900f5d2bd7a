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

/** Numbers that are the same in every run (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

it('condemns no variant without a difference, although every look is at a sample that grew and errors come late', () => {
  const random = chance(20);
  const condemned = (shareOfErrors: { off: number; on: number }): number => {
    let rollouts = 0;
    for (let rollout = 0; rollout < 100; rollout += 1) {
      const counts = { off: { users: 0, errors: 0 }, on: { users: 0, errors: 0 } };
      const late: (keyof typeof counts)[][] = [];
      for (let look = 0; look < 30; look += 1) {
        for (let user = 0; user < 40; user += 1) {
          const variant = random() < 0.2 ? 'on' : 'off';
          counts[variant].users += 1;
          if (random() >= shareOfErrors[variant]) continue;
          const at = look + Math.floor(random() * 6);
          late[at] = [...(late[at] ?? []), variant];
        }
        for (const variant of late[look] ?? []) counts[variant].errors += 1;
        const { off, on } = counts;
        const sample = step(0, [off.users, off.errors], [on.users, on.errors]);
        if (judged([sample], { errors: ['failed'], tolerance: 0 }).verdict !== 'fail') continue;
        rollouts += 1;
        break;
      }
    }
    return rollouts;
  };
  expect(condemned({ off: 0.05, on: 0.05 })).toBe(0);
  // The same looks see a difference that is there.
  expect(condemned({ off: 0.05, on: 0.3 })).toBeGreaterThan(95);
});
