import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changeFor, possibleActions } from './decisions.ts';
import { changeAfter, seenBy } from './looking.ts';
import { type Found, isWanted, type Next, nextOf } from './next.ts';
import type { RolloutRecord } from './records.ts';
import { RolloutJudge, type RolloutJudgement } from './schemas.ts';
import type { Standing } from './standing.ts';
import { goesOnWaiting } from './tokens.ts';

const start = Date.parse('2026-01-05T10:00:00.000Z');
const at = (seconds: number) => new Date(start + seconds * 1_000).toISOString();

const current: RolloutRecord['current'] = {
  index: 0,
  setAt: at(0),
  revision: 7,
  publishedAt: at(0),
  heldSince: at(0),
  run: 2,
};
const by = { by: 'ada', at: at(0), why: 'asked' };

const record = (more: Partial<RolloutRecord> = {}): RolloutRecord => ({
  schemaVersion: 1,
  id: 'rol_1',
  revision: 4,
  environment: 'production',
  flag: 'checkout',
  to: 'on',
  rest: 'off',
  steps: [
    { percentage: 10, holdSeconds: 600 },
    { percentage: 50, holdSeconds: 600 },
  ],
  judge: null,
  urls: [],
  lookSeconds: 60,
  onFail: 'rollback',
  why: 'ready',
  status: 'running',
  before: 3,
  version: 4,
  current,
  samples: [],
  judgement: null,
  health: [],
  ill: 0,
  promote: null,
  paused: null,
  ends: null,
  reason: null,
  execution: { name: 'rol_1-1', arn: null, attempt: 1 },
  createdBy: 'ada',
  createdAt: at(0),
  endedAt: null,
  updatedAt: at(0),
  outbox: [],
  nextSequence: 0,
  ...more,
});

const standing = (more: Partial<Standing> = {}): Standing => ({
  flag: { version: 4, request: null, by: 'ada' },
  killed: null,
  deployed: 7,
  refused: null,
  ...more,
});

const judge = RolloutJudge.parse({ errors: ['failed'], waitSeconds: 300 });
const judgement = (verdict: RolloutJudgement['verdict']): RolloutJudgement => ({
  verdict,
  at: at(0),
  users: { baseline: 0, canary: 0 },
  metrics: [],
  why: ['errors: figures'],
});
const last = { ...current, index: 1 };
const refused = { revision: 7, why: 'an alarm' };

interface Case {
  record?: Partial<RolloutRecord>;
  standing?: Partial<Standing>;
  found?: Partial<Found>;
  /** Seconds since the step was in force. */
  after?: number;
}

describe('what is to be done of a rollout', () => {
  const cases: [string, Case, Next | { do: Next['do'] }][] = [
    ['it begins', { record: { current: null } }, { do: 'set', step: 0 }],
    ['a reader may not have it', { standing: { deployed: 6 } }, { do: 'await' }],
    ['its time runs', { after: 10 }, { do: 'hold', until: start + 600_000 }],
    ['its time is over', { after: 600 }, { do: 'set', step: 1 }],
    [
      'the last one’s too',
      { record: { current: last }, after: 600 },
      { do: 'end', as: 'completed', why: null },
    ],
    ['looks are between', { record: { judge }, after: 10 }, { do: 'hold', until: start + 70_000 }],
    [
      'it passed',
      { record: { judge }, found: { judgement: judgement('pass') }, after: 600 },
      { do: 'set', step: 1 },
    ],
    [
      'nothing is known yet',
      { record: { judge }, found: { judgement: judgement('inconclusive') }, after: 600 },
      { do: 'hold', until: start + 660_000 },
    ],
    [
      'nothing is known for long',
      { record: { judge }, found: { judgement: judgement('inconclusive') }, after: 900 },
      { do: 'pause', why: 'Too little is known to go on: errors: figures' },
    ],
    [
      'it failed before its time was over',
      { record: { judge }, found: { judgement: judgement('fail') }, after: 10 },
      { do: 'back', why: 'errors: figures' },
    ],
    [
      'it failed, and is not to go back',
      { record: { judge, onFail: 'pause' }, found: { judgement: judgement('fail') } },
      { do: 'pause', why: 'errors: figures' },
    ],
    ['something is ill', { found: { ill: 'shop 500' } }, { do: 'back', why: 'shop 500' }],
    [
      'AppConfig took it back',
      { standing: { deployed: 6, refused } },
      { do: 'back', why: 'It did not come into force: an alarm' },
    ],
    [
      'an older one was taken back',
      { standing: { deployed: 6, refused: { ...refused, revision: 6 } } },
      { do: 'await' },
    ],
    ['it is paused', { record: { status: 'paused', paused: by }, after: 9_999 }, { do: 'rest' }],
    ['it is paused before it began', { record: { current: null, paused: by } }, { do: 'rest' }],
    [
      'somebody wants the next step',
      { record: { promote: by }, standing: { deployed: 6 } },
      { do: 'set', step: 1 },
    ],
    [
      'and there is none',
      { record: { promote: by, current: last } },
      { do: 'end', as: 'completed', why: null },
    ],
    [
      'somebody else changed the flag',
      { standing: { flag: { version: 5, request: 'rol_12-step-1', by: 'bob' } } },
      { do: 'end', as: 'superseded', why: 'bob changed checkout: version 5' },
    ],
    [
      'the record does not know its own change yet',
      { standing: { flag: { version: 5, request: 'rol_1-step-1', by: 'ada' } }, after: 600 },
      { do: 'set', step: 1 },
    ],
    [
      'the flag was deleted',
      { standing: { flag: null } },
      { do: 'end', as: 'superseded', why: 'checkout was deleted' },
    ],
    [
      'the flag was killed while it was paused',
      { record: { paused: by }, standing: { killed: 'it burns' } },
      { do: 'end', as: 'killed', why: 'A kill switch holds checkout off: it burns' },
    ],
    [
      'it goes back, whatever else there is',
      { record: { status: 'rolling_back', reason: 'no' }, standing: { killed: 'it burns' } },
      { do: 'back', why: 'no' },
    ],
    [
      'it was decided how it ends',
      { record: { status: 'rolling_back', ends: 'rolled_back' }, standing: { flag: null } },
      { do: 'end', as: 'rolled_back', why: null },
    ],
  ];
  it.each(cases)('%s', (_name, { record: more, standing: how, found, after = 0 }, expected) => {
    const next = nextOf(
      record(more),
      standing(how),
      { judgement: null, ill: null, ...found },
      start + after * 1_000,
    );
    expect(next).toEqual(expected);
  });

  it.each([1, 2, 5, 20])('looks often at first, and %i steps of months fit into a history', (count) => {
    const longest = 1_209_600;
    const long = record({
      judge: { ...judge, waitSeconds: longest },
      lookSeconds: 1,
      steps: Array.from({ length: count }, (_, at) => ({ percentage: at + 1, holdSeconds: longest })),
    });
    const waits: number[] = [];
    for (let now = start; ; ) {
      const next = nextOf(long, standing(), { judgement: null, ill: null }, now);
      if (next.do !== 'hold') break;
      waits.push(next.until - now);
      now = next.until;
    }
    expect(waits.slice(0, 2)).toEqual([1_000, 1_000]);
    // A look and a wait are 13 events, and AWS keeps 25,000.
    expect(waits.length * count).toBeLessThan(750);
  });
});

describe('what people decide', () => {
  const isSet = (one: RolloutRecord): boolean => {
    const next = nextOf(one, standing(), { judgement: null, ill: null }, start);
    return next.do !== 'set' || isWanted(one, next.step);
  };

  it('never asks for a step that its task would not set, in whatever order they decide', () => {
    const choices = fc.array(fc.nat(3), { maxLength: 8 });
    fc.assert(
      fc.property(choices, fc.boolean(), (picked, begun) => {
        let one = record(begun ? {} : { current: null });
        for (const pick of picked) {
          const possible = possibleActions(one);
          const { action } = possible[pick % possible.length] ?? {};
          if (action === undefined) return;
          one = { ...one, ...changeFor(one, action, { why: 'asked', by: 'ada' }).set };
          expect(isSet(one), JSON.stringify([action, one.status, one.promote])).toBe(true);
        }
      }),
    );
  });
});

describe('a state that waits', () => {
  it('goes on waiting as long as nothing else is to be done', () => {
    const waits = (waitsFor: 'published' | 'hold' | 'resume', more: Case) =>
      goesOnWaiting(
        { waitsFor },
        record(more.record),
        standing(more.standing),
        start + (more.after ?? 0) * 1_000,
      );
    expect(waits('published', { standing: { deployed: 6 } })).toBe(true);
    expect(waits('published', {})).toBe(false);
    expect(waits('published', { standing: { deployed: 6, killed: '' } })).toBe(false);
    expect(waits('hold', { after: 599 })).toBe(true);
    expect(waits('hold', { record: { promote: by } })).toBe(false);
    expect(waits('hold', { record: { status: 'paused', paused: by } })).toBe(false);
    expect(waits('resume', { record: { status: 'paused', paused: by } })).toBe(true);
    expect(waits('resume', { record: { status: 'rolling_back' } })).toBe(false);
  });
});

describe('a look', () => {
  const nothing = { sample: undefined, health: undefined };

  it('begins the time of a step when all readers have it, and writes nothing where nothing is new', () => {
    const fresh = record({ current: { ...current, publishedAt: null, heldSince: null } });
    const { set } = seenBy(fresh, standing(), nothing, at(9));
    expect(set.current).toMatchObject({ publishedAt: at(9), heldSince: at(9) });
    const hold: Next = { do: 'hold', until: start };
    expect(changeAfter(fresh, set, hold, at(9))?.events).toMatchObject([{ type: 'rollout.published' }]);
    expect(changeAfter(record(), {}, hold, at(9))).toBeUndefined();
  });

  it('takes what is ill twice in a row for a failure, and once for chance', () => {
    const ill = { sample: undefined, health: [{ url: 'https://shop', well: false, detail: '500' }] };
    expect(seenBy(record(), standing(), ill, at(9))).toMatchObject({ set: { ill: 1 }, ill: null });
    const second = seenBy(record({ ill: 1 }), standing(), ill, at(9));
    expect(second.ill).toBe('Not well, 2 looks in a row: https://shop 500');
    const well = { sample: undefined, health: [{ url: 'https://shop', well: true, detail: '200' }] };
    expect(seenBy(record({ ill: 1 }), standing(), well, at(9))).toMatchObject({ set: { ill: 0 }, ill: null });
  });
});
