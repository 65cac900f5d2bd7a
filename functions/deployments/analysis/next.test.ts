import { describe, expect, it } from 'vitest';
import { JudgeCriteria } from '#judge/criteria.ts';
import { judge } from '#judge/judge.ts';
import type { Judgement } from '#judge/judgement.ts';
import { NewDeployment } from '../schemas.ts';
import { stepsOf } from '../strategy.ts';
import { decideNext, type Stand } from './next.ts';

const request = NewDeployment.parse({
  service: 'shop',
  version: '2.0.0',
  strategy: { kind: 'canary', steps: [{ percent: 10, holdSeconds: 100 }] },
  first: { canaries: [{ tenants: ['acme'] }], holdSeconds: 50 },
  analysis: { intervalSeconds: 30, extendSeconds: 45 },
  bakeSeconds: 60,
});
const started = Date.parse('2026-01-01T00:00:00.000Z');
const stand = (more: Partial<Stand> = {}): Stand => ({
  steps: stepsOf(request, true),
  step: 1,
  stepStartedAt: new Date(started).toISOString(),
  extendedSeconds: 0,
  paused: null,
  asked: null,
  request,
  ...more,
});
const empty = judge([], JudgeCriteria.parse({}));
const said = (verdict: Judgement['verdict']): Judgement => ({ ...empty, verdict });
const later = (seconds: number) => started + seconds * 1_000;
const by = { by: 'ann', at: new Date(started).toISOString(), comment: null };

describe('what follows a look', () => {
  it('is the way back when the judge says so, whatever people asked for', () => {
    const asked = { ...by, what: 'promote' as const, step: 1 };
    for (const more of [{}, { paused: by }, { asked }])
      expect(decideNext(stand(more), said('fail'), later(1))).toEqual({ kind: 'fail', because: 'worse' });
  });

  it('is another look as long as the step is held, at most as late as its end', () => {
    expect(decideNext(stand(), said('pass'), later(10))).toMatchObject({ kind: 'hold', waitSeconds: 30 });
    expect(decideNext(stand(), said('pass'), later(95))).toMatchObject({ kind: 'hold', waitSeconds: 5 });
  });

  it('is the next step when it passed, and the end after the last', () => {
    expect(decideNext(stand(), said('pass'), later(100))).toMatchObject({ kind: 'next', step: 2 });
    expect(decideNext(stand({ step: 2 }), said('pass'), later(60))).toMatchObject({ step: null });
  });

  it('is a longer step while the data do not suffice, up to a limit, then what was asked for', () => {
    const longer = decideNext(stand(), said('inconclusive'), later(100));
    expect(longer).toEqual({ kind: 'hold', waitSeconds: 30, extendedSeconds: 30 });
    const last = decideNext(stand({ extendedSeconds: 30 }), said('inconclusive'), later(130));
    expect(last).toEqual({ kind: 'hold', waitSeconds: 15, extendedSeconds: 45 });
    const extended = stand({ extendedSeconds: 45 });
    expect(decideNext(extended, said('inconclusive'), later(145))).toEqual({
      kind: 'fail',
      because: 'inconclusive',
    });
    const analysis = request.analysis && { ...request.analysis, onInconclusive: 'continue' as const };
    const going = { ...extended, request: { ...request, analysis } };
    expect(decideNext(going, said('inconclusive'), later(145))).toEqual({
      kind: 'next',
      step: 2,
      inconclusive: true,
    });
  });

  it('is the next step for those who come first, however little they say', () => {
    expect(decideNext(stand({ step: 0 }), said('inconclusive'), later(50))).toMatchObject({ step: 1 });
  });

  it('stays where it was paused, looks ever rarer, and ends after 30 days', () => {
    const paused = stand({ paused: by });
    expect(decideNext(paused, said('pass'), later(200))).toMatchObject({ kind: 'hold', waitSeconds: 50 });
    expect(decideNext(paused, said('pass'), later(86_400))).toMatchObject({ waitSeconds: 7_200 });
    expect(decideNext(paused, said('pass'), later(31 * 86_400))).toMatchObject({
      because: 'paused_too_long',
    });
  });

  it('skips to the last step when asked to, from any before it', () => {
    const asked = { ...by, what: 'skip-to-full' as const, step: 0 };
    expect(decideNext(stand({ step: 0, asked }), said('inconclusive'), later(1))).toMatchObject({ step: 2 });
    expect(decideNext(stand({ step: 1, asked }), said('pass'), later(1)).kind).toBe('hold');
  });
});
