import { describe, expect, it } from 'vitest';
import { effectOf, failuresIn, isShare, shareOf, standing } from './figures.ts';
import type { Visit } from './messages.ts';

const visit = (at: number, user: number, more: Partial<Visit> = {}): Visit => ({
  at,
  user,
  instance: 0,
  status: 200,
  isNew: false,
  limitMs: 1_000,
  tookMs: 20,
  ...more,
});

describe('how a change came to the users', () => {
  const read = ({ limitMs }: Visit) =>
    limitMs === 400 ? ('new' as const) : limitMs === 1_000 ? ('old' as const) : undefined;
  const visits = [
    visit(900, 0, { limitMs: 400 }),
    visit(1_050, 1),
    visit(1_100, 2, { limitMs: 400 }),
    visit(1_120, 3, { limitMs: 400, instance: 1 }),
    visit(1_150, 4, { limitMs: null, status: 0 }),
    visit(1_200, 5),
    visit(1_300, 6, { limitMs: 400 }),
  ];

  it('is counted from the change on, by instance', () => {
    expect(effectOf(visits, { from: 1_000, to: 2_000 }, { read, instances: 2 })).toEqual({
      first: 100,
      everywhere: 120,
      lastWithout: 200,
    });
  });

  it('is not everywhere while an instance did not have it', () => {
    expect(effectOf(visits, { from: 1_000, to: 2_000 }, { read, instances: 3 })).toMatchObject({
      everywhere: null,
    });
    expect(effectOf(visits, { from: 1_000, to: 1_060 }, { read, instances: 1 })).toEqual({
      first: null,
      everywhere: null,
      lastWithout: 50,
    });
  });
});

describe('the share of the users', () => {
  const users = Array.from({ length: 100 }, (_, user) => user);
  /** Everybody comes once at each time; the first so many have it. */
  const comes = (at: number, withIt: number, instance = 0) =>
    users.map((user) => visit(at + user, user, { isNew: user < withIt, instance }));
  const asked = { percentage: 50, instances: 1, roundMs: 1_000 };

  it('is of those who came last before the next change', () => {
    const visits = [
      ...comes(500, 10),
      ...comes(1_500, 10),
      ...comes(2_500, 50),
      ...comes(3_500, 50),
      ...comes(4_500, 99),
    ];
    expect(standing(visits, 3_000).get(49)).toBe(true);
    expect(shareOf(visits, { from: 1_000, to: 4_000 }, asked)).toMatchObject({
      users: 100,
      withIt: 50,
      asAsked: true,
      settled: true,
      taken: 0,
      split: 0,
      effect: { first: 1_510, lastWithout: 549 },
    });
  });

  it('is not settled before everybody came again', () => {
    const visits = [...comes(500, 10), ...comes(1_500, 10), ...comes(2_100, 50)];
    expect(shareOf(visits, { from: 1_000, to: 2_300 }, asked)).toMatchObject({ settled: false });
  });

  it('names those from whom it was taken, and those who are told different things', () => {
    const shrunk = [...comes(500, 60), ...comes(1_500, 50), ...comes(3_500, 50)];
    expect(shareOf(shrunk, { from: 1_000, to: 4_000 }, asked)).toMatchObject({ taken: 10 });
    const torn = [...comes(500, 10), ...comes(1_500, 50), ...comes(2_500, 70, 1), ...comes(3_500, 50)];
    expect(shareOf(torn, { from: 1_000, to: 4_000 }, asked)).toMatchObject({ split: 20 });
  });

  it('may differ by as much as chance makes', () => {
    expect(isShare(10, 100, 10)).toBe(true);
    expect(isShare(24, 100, 10)).toBe(true);
    expect(isShare(26, 100, 10)).toBe(false);
    expect(isShare(99, 100, 100)).toBe(false);
  });
});

it('tells requests that failed from those that nobody answered', () => {
  const { lost, failedAt } = failuresIn([
    visit(1, 1),
    visit(2, 2, { status: 503, limitMs: 5 }),
    visit(3, 3, { status: 503, limitMs: 5 }),
    visit(4, 4, { status: 0, limitMs: null, isNew: null }),
  ]);
  expect(lost).toBe(1);
  expect([...failedAt]).toEqual([[5, 2]]);
});
