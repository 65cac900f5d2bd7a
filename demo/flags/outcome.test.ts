import { describe, expect, it } from 'vitest';
import type { Visit } from './messages.ts';
import { outcomeOf } from './outcome.ts';
import { limits } from './shop.ts';
import type { Played } from './story.ts';

// A demo as it ought to go, in seconds; each test spoils one thing of it.
const s = 1_000;
const begin = 1_750_000_000_000;
const time = (at: number) => new Date(begin + at * s).toISOString();
const users = 100;

const update = (more: object) => ({
  status: 'completed',
  appliedAt: null,
  endedAt: null,
  failure: null,
  ...more,
});
/** Of what the platform answers only what figures are made of. */
const played = (more: object = {}) =>
  ({
    rollout: { status: 'completed', reason: null, steps: [{}, {}] },
    steps: [
      { percentage: 50, setAt: begin + 2 * s, publishedAt: begin + 2.1 * s },
      { percentage: 100, setAt: begin + 8 * s, publishedAt: begin + 8.1 * s },
    ],
    good: { askedAt: begin + 14 * s, update: update({ appliedAt: time(14.2), endedAt: time(19) }) },
    bad: {
      askedAt: begin + 20 * s,
      update: update({
        status: 'rolled_back',
        appliedAt: time(20.2),
        endedAt: time(22.4),
        failure: { message: 'shop: 503', at: time(22.3) },
      }),
    },
    kill: { askedAt: begin + 25 * s, takenAt: begin + 25.3 * s },
    endedAt: begin + 30 * s,
    ...more,
  }) as unknown as Played;

const limitAt = (at: number) =>
  at < 14.5 ? limits.first : at >= 20.5 && at < 22.8 ? limits.bad : limits.good;
const shareAt = (at: number) => (at < 3 ? 0 : at < 9 ? 50 : at < 26 ? 100 : 0);

/** Everybody comes every half a second. */
function visits(spoil: (visit: Visit, seconds: number) => Partial<Visit> = () => ({})): Visit[] {
  const all: Visit[] = [];
  for (let at = 0; at < 30; at += 0.5)
    for (let user = 0; user < users; user += 1) {
      const limitMs = limitAt(at);
      const visit = {
        at: begin + at * s + user,
        user,
        instance: (user + at * 2) % 3,
        status: limitMs === limits.bad ? 503 : 200,
        isNew: user < shareAt(at),
        limitMs,
        tookMs: 20,
      };
      all.push({ ...visit, ...spoil(visit, at) });
    }
  return all;
}
const problems = (more: object = {}, spoil?: Parameters<typeof visits>[0]) =>
  outcomeOf(played(more), visits(spoil), 3).problems.join('; ');

it('has nothing to say against a demo that went as it ought to', () => {
  const outcome = outcomeOf(played(), visits(), 3);
  expect(outcome.problems).toEqual([]);
  expect(outcome.rollout.steps).toMatchObject([
    { withIt: 50, settled: true, kept: true, inForce: 100, effect: { first: 1_000 } },
    { withIt: 100, settled: true },
  ]);
  expect(outcome.good).toMatchObject({ inForce: 200, kept: true, effect: { first: 500, everywhere: 502 } });
  expect(outcome.bad).toMatchObject({ foundAfter: 2_300, restoredAfter: 2_400, requests: 500, failed: 500 });
  expect(outcome.kill).toMatchObject({ inForce: 300, kept: true, effect: { first: 1_000 } });
});

describe('what is wrong is named', () => {
  it.each([
    ['The rollout ended', { rollout: { status: 'rolled_back', reason: 'x', steps: [{}, {}] } }],
    ['Not every step', { rollout: { status: 'completed', reason: null, steps: [{}, {}, {}] } }],
    [
      'The good value ended failed',
      { good: { askedAt: begin + 14 * s, update: update({ status: 'failed' }) } },
    ],
    ['The bad value ended completed', { bad: { askedAt: begin + 20 * s, update: update({}) } }],
    ['did not find the bad value', { bad: { askedAt: begin + 20 * s, update: update({}) } }],
  ])('%s', (problem, more) => {
    expect(problems(more)).toContain(problem);
  });

  it.each<[string, Parameters<typeof visits>[0]]>([
    ['had the new checkout', ({ user }, at) => (at >= 3 && at < 9 ? { isNew: user < 90 } : {})],
    ['was taken from', ({ user }, at) => (at === 12 && user < 10 ? { isNew: false } : {})],
    ['told 50 users different things', ({ user }, at) => (at === 5 && user >= 50 ? { isNew: true } : {})],
    ['Not everybody', ({ user }, at) => (at >= 9 && user === 99 ? { isNew: false } : {})],
    ['No step of the rollout lasted', (_visit, at) => (at < 14 && at > 2 ? { isNew: null } : {})],
    [
      'The good value did not come',
      ({ instance }, at) => (at < 20 && instance === 2 ? { limitMs: limits.first } : {}),
    ],
    ['Nobody suffered', () => ({ status: 200 })],
    ['not in force in the end', (_visit, at) => (at >= 29 ? { limitMs: limits.bad } : {})],
    ['100 requests failed with a good value', (_visit, at) => (at === 5 ? { status: 503 } : {})],
    [
      '100 requests were not answered',
      (_visit, at) => (at === 5 ? { status: 0, isNew: null, limitMs: null } : {}),
    ],
    [
      'The kill switch did not come',
      ({ instance, user }, at) => (at > 25 && instance === 1 ? { isNew: user < 100 } : {}),
    ],
    ['although it was switched off', ({ user }, at) => (at === 29 && user === 0 ? { isNew: true } : {})],
  ])('%s', (problem, spoil) => {
    expect(problems({}, spoil)).toContain(problem);
  });

  it('what came late is told, and no fault', () => {
    const late = ({ limitMs }: Visit, at: number) =>
      at >= 14.5 && at < 16 && limitMs === limits.good ? { limitMs: limits.first } : {};
    const outcome = outcomeOf(played(), visits(late), 3);
    expect(outcome.good.kept).toBe(false);
    expect(outcome.problems).toEqual([]);
  });
});
