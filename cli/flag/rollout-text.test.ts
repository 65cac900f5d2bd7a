import { describe, expect, it } from 'vitest';
import type { FlagRollout } from '#flags/rollouts/schemas.ts';
import { eventText, progressText, rolloutLines, standingText, stepOf } from './rollout-text.ts';

const at = (seconds: number) => new Date(Date.parse('2026-01-05T10:00:00Z') + seconds * 1_000).toISOString();

const rollout = (more: Partial<FlagRollout> = {}): FlagRollout => ({
  id: 'rol_1',
  environment: 'production',
  flag: 'search',
  status: 'running',
  to: 'on',
  rest: 'off',
  steps: [
    { percentage: 10, holdSeconds: 600 },
    { percentage: 100, holdSeconds: 0 },
  ],
  step: 0,
  percentage: 10,
  publishedAt: at(0),
  holdsUntil: at(600),
  judge: null,
  judgement: null,
  health: [],
  onFail: 'rollback',
  paused: null,
  reason: null,
  versions: { before: 1, newest: 2 },
  why: 'ready',
  createdBy: 'ada',
  createdAt: at(0),
  updatedAt: at(0),
  endedAt: null,
  next: [],
  ...more,
});

describe('a step', () => {
  it.each([
    ['10:30m', 10, 1_800],
    ['0.125:45', 0.125, 45],
    ['50%:2h', 50, 7_200],
    ['100', 100, 0],
    ['1:14d', 1, 1_209_600],
  ])('%s', (text, percentage, holdSeconds) => {
    expect(stepOf(text)).toEqual({ percentage, holdSeconds });
  });

  it.each(['', 'ten', '-5', '10:', '10:1y', '10:1.5h', '10 30m', '__proto__'])('is not %j', (text) => {
    expect(() => stepOf(text)).toThrow('Expected a step such as 10:30m, 50:2h or 100');
  });
});

describe('a rollout in words', () => {
  it('says where it is', () => {
    expect(standingText(rollout({ step: null, publishedAt: null }))).toBe('begins');
    expect(standingText(rollout({ publishedAt: null }))).toBe('step 1 of 2: 10 %, on its way to readers');
    expect(standingText(rollout())).toBe('step 1 of 2: 10 %, in force');
    expect(standingText(rollout({ status: 'rolling_back' }))).toBe('rolling back');
    expect(progressText(rollout(), Date.parse(at(300)))).toMatch(/in force {2}.+, 5 min left$/);
    expect(progressText(rollout(), Date.parse(at(900)))).not.toContain('left');
  });

  it('says why once, who paused it, and what to type next', () => {
    const paused = { by: 'theseus', at: at(0), why: 'too few' };
    const next = [
      { action: 'resume' as const, why: 'Go on', path: '/', command: 'theseus flag rollout resume rol_1' },
    ];
    expect(rolloutLines(rollout({ status: 'paused', paused, reason: 'too few', next }))).toEqual([
      'rol_1  search in production: paused',
      '  on instead of off: 10 % for 10 min, 100 %',
      '  too few',
      '  npx theseus flag rollout resume rol_1  Go on',
    ]);
    const asked = rollout({ status: 'paused', paused: { ...paused, by: 'ada', why: 'lunch' } });
    expect(rolloutLines(asked)).toContain('  paused by ada: lunch');
  });

  it('says of what happened why, or which step', () => {
    const event = { sequence: 1, at: at(0), type: 'rollout.x', actor: 'ada' };
    expect(eventText({ ...event, data: { why: 'lunch', step: 0 } })).toBe('lunch');
    expect(eventText({ ...event, data: { step: 1, percentage: 50 } })).toBe('step 2: 50 %');
    expect(eventText({ ...event, data: {} })).toBe('');
  });
});
