import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { factsOf } from '../experiments/flag-facts.ts';
import { sketchOfPeople } from '../experiments/use.ts';
import type { HourUse } from '../experiments/use-store.ts';
import { analyse } from './analyse.ts';
import { FlagAnalytics } from './schemas.ts';

const facts = factsOf('checkout', {
  variants: { on: true, off: false },
  defaultVariant: 'off',
  targeting: { fractional: [{ cat: ['checkout', { var: 'targetingKey' }] }, ['on', 50], ['off', 50]] },
  metadata: { kind: 'experiment' },
});
const split = '[["off",0.5],["on",0.5]]';
const person = (n: number) => createHash('sha256').update(String(n)).digest('base64url');
const sketch = sketchOfPeople(Array.from({ length: 300 }, (_, n) => person(n)));
const hour: HourUse = {
  hour: '2026-03-01T10',
  evaluations: [{ variant: 'on', count: 900, sketch }],
  exposed: [
    { run: 1, variant: 'on', split, users: 70 },
    { run: 1, variant: 'off', split, users: 80 },
    { run: 2, variant: 'off', split, users: 5 },
  ],
  conversions: [
    { run: 1, variant: 'on', metric: 'paid', users: 56, values: 2, sum: 30, squares: 500 },
    { run: 1, variant: 'off', metric: 'paid', users: 48, values: 0, sum: 0, squares: 0 },
    { run: 2, variant: 'off', metric: 'paid', users: 1, values: 1, sum: 9, squares: 81 },
  ],
};
const experiment = { run: 1, startedAt: '2026-03-01T09:00:00.000Z', control: null, mismatch: null };
const counted = {
  environment: 'production',
  facts,
  experiment,
  window: [hour],
  run: [hour],
  from: '2026-03-01T00:00:00.000Z',
  to: '2026-03-02T00:00:00.000Z',
};

it('compares variants with the control, of one run', () => {
  const found = FlagAnalytics.parse(analyse(counted));
  const [on, off] = found.variants;
  expect(on).toMatchObject({ variant: 'on', evaluations: 900, users: { count: 70, exact: true } });
  expect(off).toMatchObject({ variant: 'off', evaluations: 0, users: { count: 80, exact: true } });
  const [paid] = on?.conversions ?? [];
  expect(paid).toMatchObject({ metric: 'paid', users: 56, rate: 0.8, mean: 15 });
  // Newcombe's example.
  expect(paid?.difference?.value).toBeCloseTo(0.2, 10);
  expect(paid?.difference?.interval.low).toBeCloseTo(0.0524, 4);
  expect(paid?.difference?.interval.high).toBeCloseTo(0.3339, 4);
  expect(off?.conversions).toMatchObject([{ metric: 'paid', users: 48, difference: null, mean: null }]);
  expect(found.hours).toEqual([
    {
      hour: '2026-03-01T10:00:00.000Z',
      variants: [
        { variant: 'on', evaluations: 900, newUsers: 70 },
        { variant: 'off', evaluations: 0, newUsers: 80 },
      ],
    },
  ]);
});

it('judges the split of the whole run, and says why where it cannot', () => {
  const ratio = (more: object) => analyse({ ...counted, ...more }).experiment?.sampleRatio;
  expect(ratio({})).toMatchObject({
    verdict: 'as expected',
    why: null,
    splits: [[{ users: 80 }, { users: 70 }]],
  });
  const wrong = { ...hour, exposed: [{ run: 1, variant: 'on', split, users: 99 }] };
  expect(ratio({ run: [wrong] })).toMatchObject({ verdict: 'mismatch' });
  const mismatch = { at: '2026-03-01T11:00:00.000Z', evidence: 5_000 };
  expect(ratio({ experiment: { ...experiment, mismatch } })).toMatchObject({
    verdict: 'mismatch',
    since: mismatch.at,
  });
  expect(ratio({ run: [] })).toMatchObject({
    verdict: 'not judged',
    why: 'nobody came by chance yet',
    pValue: null,
  });
  expect(ratio({ run: [], facts: { ...facts, split: null } })?.why).toContain('no single split');
});

it('estimates the users of what is no experiment', () => {
  const found = analyse({ ...counted, experiment: undefined });
  expect(found.experiment).toBeNull();
  const users = found.variants[0]?.users;
  expect(users?.exact).toBe(false);
  expect(users?.low).toBeLessThanOrEqual(300);
  expect(users?.high).toBeGreaterThanOrEqual(300);
  expect(found.variants[0]?.conversions).toEqual([]);
});
