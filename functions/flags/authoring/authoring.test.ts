import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../evaluation/compile.ts';
import { parseDocument } from '../evaluation/document.ts';
import type { Context } from '../evaluation/evaluation.ts';
import { killSwitchDocument } from '../kill-switches/document.ts';
import { compileDocument, dependantsOf, prerequisiteProblems } from './compile-document.ts';
import type { KeyedFlag } from './compile-flag.ts';
import { AuthoredKey, Flag, FlagKey } from './flag.ts';

const keyed = (key: string, flag: object): KeyedFlag => ({ key, version: 1, flag: Flag.parse(flag) });
const keyedAll = (flags: Record<string, object>) =>
  Object.entries(flags).map(([key, flag]) => keyed(key, flag));

const documentOf = (flags: Record<string, object>) => {
  const all = keyedAll(flags);
  expect(prerequisiteProblems(all)).toEqual([]);
  return parseDocument(compileDocument({ flags: all, evaluators: {}, metadata: {} }));
};
const setOf = (flags: Record<string, object>) => compile({ flags: documentOf(flags) });
const variant = (set: ReturnType<typeof setOf>, key: string, context: Context, now?: number) => {
  const found = set.evaluate(key, context, now);
  expect(found.errorCode).toBeUndefined();
  return found.variant;
};
const users = Array.from({ length: 2_000 }, (_, at) => `user-${at}`);
const shareOf = (flag: object, name = 'on') => {
  const set = setOf({ f: flag });
  return users.filter((targetingKey) => variant(set, 'f', { targetingKey }) === name);
};
const percentage = (value: number, more: object = {}) => ({
  form: { type: 'percentage', percentage: value, ...more },
});
const problemsOf = (flag: unknown) => {
  const found = Flag.safeParse(flag);
  return found.success ? [] : found.error.issues.map(({ path, message }) => `/${path.join('/')} ${message}`);
};

describe('a flag', () => {
  it('is the same for everybody', () => {
    const set = setOf({
      yes: { form: { type: 'boolean', on: true } },
      no: { form: { type: 'boolean', on: false } },
    });
    expect(set.evaluate('yes', {})).toMatchObject({
      value: true,
      reason: 'STATIC',
      metadata: { kind: 'release' },
    });
    expect(set.evaluate('no', {})).toMatchObject({ value: false, variant: 'off' });
  });

  it('is for some users, for some tenants', () => {
    const set = setOf({
      users: { form: { type: 'users', users: ['ada'] } },
      tenants: { form: { type: 'tenants', tenants: ['acme'] } },
    });
    expect(variant(set, 'users', { targetingKey: 'ada' })).toBe('on');
    expect(variant(set, 'users', { targetingKey: 'bob' })).toBe('off');
    expect(variant(set, 'users', {})).toBe('off');
    expect(variant(set, 'tenants', { tenant: 'acme' })).toBe('on');
    expect(variant(set, 'tenants', { tenant: 'other' })).toBe('off');
  });

  it('is off for everybody who cannot be told apart, whatever the percentage', () => {
    for (let at = 0; at < 20; at += 1)
      expect(variant(setOf({ [`f${at}`]: percentage(50) }), `f${at}`, {})).toBe('off');
    expect(variant(setOf({ f: percentage(100) }), 'f', {})).toBe('on');
  });

  it('gives a percentage to about as many, and those who have it keep it when it grows', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 0, max: 1_000 }), (one, other) => {
        const [low, high] = [Math.min(one, other) / 10, Math.max(one, other) / 10];
        const [few, many] = [shareOf(percentage(low)), new Set(shareOf(percentage(high)))];
        // Three and a half standard errors of 2,000 draws; ids and seed do not change.
        expect(Math.abs(few.length / users.length - low / 100)).toBeLessThan(0.04);
        expect(few.filter((user) => !many.has(user))).toEqual([]);
      }),
      { numRuns: 6, seed: 1 },
    );
  });

  it('tells people apart by another attribute', () => {
    const set = setOf({ f: { ...percentage(50), bucketBy: 'company.id' } });
    const of = (id: number, targetingKey: string) => variant(set, 'f', { company: { id }, targetingKey });
    for (let id = 0; id < 50; id += 1) expect(of(id, 'a')).toBe(of(id, 'b'));
    expect(new Set(Array.from({ length: 50 }, (_, id) => of(id, 'a'))).size).toBe(2);
  });

  it('weighs variants', () => {
    const flag = {
      variants: { a: 'A', b: 'B', c: 'C' },
      off: 'a',
      form: { type: 'weights', weights: { a: 20, b: 30.5, c: 49.5 } },
    };
    expect(Math.abs(shareOf(flag, 'b').length / users.length - 0.305)).toBeLessThan(0.04);
    expect(Math.abs(shareOf(flag, 'c').length / users.length - 0.495)).toBeLessThan(0.04);
  });

  it('follows the first rule that is about somebody, each with its own percentage', () => {
    const serve = (value: number) => ({ percentage: value, variant: 'on' });
    const set = setOf({
      f: {
        form: {
          type: 'rules',
          rules: [
            {
              name: 'testers',
              when: { attribute: 'email', operator: 'ends_with', value: '@acme.com' },
              serve: { variant: 'on' },
            },
            {
              name: 'new clients of good customers',
              when: {
                all: [
                  { attribute: 'plan', operator: 'in', values: ['pro', 'team'] },
                  { attribute: 'app', operator: 'version', value: '>=2.1.0' },
                  { not: { attribute: 'age', operator: 'less', value: 18 } },
                ],
              },
              serve: serve(50),
            },
          ],
          otherwise: serve(0),
        },
      },
    });
    expect(variant(set, 'f', { email: 'ada@acme.com' })).toBe('on');
    expect(variant(set, 'f', { targetingKey: 'x', email: 'ada@other.com' })).toBe('off');
    const some = users.filter(
      (targetingKey) => variant(set, 'f', { targetingKey, plan: 'pro', app: '2.4.0', age: 30 }) === 'on',
    );
    expect(Math.abs(some.length / users.length - 0.5)).toBeLessThan(0.04);
    expect(
      users.some(
        (targetingKey) => variant(set, 'f', { targetingKey, plan: 'pro', app: '1.9.9', age: 30 }) === 'on',
      ),
    ).toBe(false);
    expect(
      users.some(
        (targetingKey) => variant(set, 'f', { targetingKey, plan: 'pro', app: '2.4.0', age: 9 }) === 'on',
      ),
    ).toBe(false);
  });

  it('takes what is not there for not there, and never for zero', () => {
    const rule = (when: object) => ({
      form: {
        type: 'rules',
        rules: [{ name: 'r', when, serve: { variant: 'on' } }],
        otherwise: { variant: 'off' },
      },
    });
    const about = { attribute: 'n' };
    const set = setOf({
      less: rule({ ...about, operator: 'less', value: 5 }),
      more: rule({ ...about, operator: 'greater_or_equal', value: -1 }),
      there: rule({ ...about, operator: 'exists' }),
      gone: rule({ ...about, operator: 'not_exists' }),
      not: rule({ ...about, operator: 'not_equals', value: 5 }),
      other: rule({ ...about, operator: 'not_in', values: [5] }),
      raw: rule({ jsonlogic: { '===': [{ var: 'n' }, 5] } }),
      any: rule({
        any: [
          { ...about, operator: 'equals', value: 5 },
          { ...about, operator: 'contains', value: 'x' },
        ],
      }),
    });
    const on = (context: Context) => set.keys().filter((key) => variant(set, key, context) === 'on');
    expect(on({})).toEqual(['gone', 'not', 'other']);
    expect(on({ n: 0 })).toEqual(['less', 'more', 'there', 'not', 'other']);
    expect(on({ n: 5 })).toEqual(['more', 'there', 'raw', 'any']);
    expect(on({ n: 'axe' })).toEqual(['there', 'not', 'other', 'any']);
  });

  it('follows its schedule by the time of the evaluation', () => {
    const set = setOf({
      f: {
        form: { type: 'boolean', on: false },
        schedule: [
          { from: '2026-12-24T00:00:00Z', until: '2026-12-27T00:00:00Z', serve: { variant: 'on' } },
          { from: '2027-06-01T02:00:00+02:00', serve: { percentage: 100, variant: 'on' } },
        ],
      },
    });
    const at = (time: string) => variant(set, 'f', { targetingKey: 'a' }, Date.parse(time) / 1_000);
    expect(at('2026-12-23T23:59:59Z')).toBe('off');
    expect(at('2026-12-24T00:00:00Z')).toBe('on');
    expect(at('2026-12-27T00:00:00Z')).toBe('off');
    expect(at('2027-06-01T00:00:00Z')).toBe('on');
  });

  it('gives its off variant when it is switched off, and nothing where it has none', () => {
    const form = { type: 'definition', defaultVariant: 'yes', targeting: { if: [true, 'yes', 'no'] } };
    const set = setOf({
      off: { ...percentage(100), enabled: false },
      raw: { variants: { yes: 1, no: 2 }, off: 'no', form, enabled: false },
      none: { variants: { yes: 1, no: 2 }, off: null, form, enabled: false },
      on: { variants: { yes: 1, no: 2 }, off: null, form },
    });
    expect(variant(set, 'off', { targetingKey: 'a' })).toBe('off');
    expect(variant(set, 'raw', {})).toBe('no');
    expect(set.evaluate('none', {})).toMatchObject({ reason: 'DISABLED' });
    expect(variant(set, 'on', {})).toBe('yes');
  });
});

describe('prerequisites', () => {
  it('evaluate as the other flag does, through several levels and with time', () => {
    const flags = {
      base: { ...percentage(50), schedule: [{ from: '2030-01-01T00:00:00Z', serve: { variant: 'on' } }] },
      raw: {
        variants: { on: true, off: false },
        form: {
          type: 'definition',
          defaultVariant: 'off',
          targeting: {
            if: [
              { in: ['7', { var: 'targetingKey' }] },
              null,
              {
                fractional: [
                  ['on', 50],
                  ['off', 50],
                ],
              },
            ],
          },
        },
        prerequisites: [{ flag: 'base', variant: 'on' }],
      },
      top: {
        form: { type: 'boolean', on: true },
        prerequisites: [
          { flag: 'base', variant: 'on' },
          { flag: 'raw', variant: 'off' },
        ],
      },
    };
    const set = setOf(flags);
    const now = Date.parse('2026-01-01') / 1_000;
    const given = new Set<string>();
    for (const targetingKey of users.slice(0, 500)) {
      const [base, raw, top] = ['base', 'raw', 'top'].map((key) => variant(set, key, { targetingKey }, now));
      given.add(`${base} ${raw}`);
      expect(top).toBe(base === 'on' && raw === 'off' ? 'on' : 'off');
      if (base === 'off') expect(raw).toBe('off');
    }
    expect([...given].toSorted()).toEqual(['off off', 'on off', 'on on']);
    expect(variant(set, 'base', {}, Date.parse('2031-01-01') / 1_000)).toBe('on');
  });

  it('that are not there, cannot be met or go in circles are named', () => {
    const on = (needs: [string, string][]) => ({
      form: { type: 'boolean', on: true },
      prerequisites: needs.map(([flag, name]) => ({ flag, variant: name })),
    });
    const flags = keyedAll({
      a: on([['b', 'on']]),
      b: on([['c', 'on']]),
      c: on([['a', 'on']]),
      d: on([
        ['no', 'on'],
        ['a', 'maybe'],
      ]),
    });
    expect(prerequisiteProblems(flags)).toEqual([
      { flag: 'd', pointer: '/prerequisites/0/flag', detail: 'There is no flag no in this environment' },
      {
        flag: 'd',
        pointer: '/prerequisites/1/variant',
        detail: 'a has no variant maybe: expected one of on, off',
      },
      {
        flag: 'c',
        pointer: '/prerequisites/0/flag',
        detail: 'Flags need each other in a circle: a → b → c → a',
      },
    ]);
    expect(prerequisiteProblems([keyed('self', on([['self', 'on']]))])[0]?.detail).toContain(
      'circle: self → self',
    );
    expect(dependantsOf('c', flags)).toEqual([{ flag: 'b', variant: 'on' }]);
    const chain = Object.fromEntries(
      Array.from({ length: 12 }, (_, at): [string, object] => [
        `f${at}`,
        on(at === 0 ? [] : [[`f${at - 1}`, 'on']]),
      ]),
    );
    expect(prerequisiteProblems(keyedAll(chain)).map(({ detail }) => detail)).toContainEqual(
      expect.stringContaining('Expected at most 10 levels'),
    );
    expect(prerequisiteProblems(keyedAll(Object.fromEntries(Object.entries(chain).slice(0, 11))))).toEqual(
      [],
    );
  });
});

describe('a kill switch', () => {
  const kill = { why: 'it burns', by: 'ada', at: '2026-01-01T00:00:00Z' };

  it('wins over everything, and takes along who needs the flag', () => {
    const flags = {
      base: percentage(100),
      needs: { form: { type: 'boolean', on: true }, prerequisites: [{ flag: 'base', variant: 'on' }] },
      further: { form: { type: 'boolean', on: true }, prerequisites: [{ flag: 'needs', variant: 'on' }] },
      instead: { form: { type: 'boolean', on: true }, prerequisites: [{ flag: 'base', variant: 'off' }] },
      other: { form: { type: 'boolean', on: true } },
    };
    const killSwitches = parseDocument(killSwitchDocument(keyedAll(flags), { base: kill }, {}));
    const set = compile({ flags: documentOf(flags), killSwitches });
    const given = set.keys().map((key) => [key, variant(set, key, { targetingKey: 'a' })]);
    expect(given).toEqual([
      ['base', 'off'],
      ['needs', 'off'],
      ['further', 'off'],
      ['instead', 'off'],
      ['other', 'on'],
    ]);
    expect(set.evaluate('base', {}).metadata).toMatchObject({ killed: true, why: 'it burns' });
    expect(set.evaluate('further', {}).metadata).toMatchObject({ killed: true, because: 'needs' });
    // What is off because the flag was on does not come on by a kill switch: its document knows no conditions.
    expect(Object.keys(killSwitches.flags)).toEqual(['base', 'needs', 'further']);
  });

  it('keeps what a flag had that is gone, and forgets what never was', () => {
    const former = { gone: { state: 'ENABLED', variants: { no: 1 }, defaultVariant: 'no' } };
    const document = killSwitchDocument([], { gone: kill, never: kill }, former);
    expect(document.flags).toEqual(former);
  });
});

describe('bad flags', () => {
  it.each([
    [percentage(101), '/form/percentage Expected a percentage from 0 to 100'],
    [percentage(0.0001), '/form/percentage Expected a percentage with at most 3 decimals'],
    [
      { form: { type: 'weights', weights: { on: 60, off: 50 } } },
      '/form/weights Expected percentages that add up to 100, found 110',
    ],
    [percentage(5, { variant: 'maybe' }), '/form/variant There is no variant maybe: expected one of on, off'],
    [{ ...percentage(5), off: 'no' }, '/off There is no variant no: expected one of on, off'],
    [
      { ...percentage(5), variants: { on: 1, off: 'a' } },
      '/variants Expected values of one type, found number and string',
    ],
    [
      { ...percentage(5), sticky: true },
      '/sticky Only experiments are sticky: expected kind experiment, or sticky false',
    ],
    [
      JSON.parse('{"form":{"type":"boolean","on":true},"variants":{"__proto__":1,"on":true,"off":false}}'),
      '/variants/__proto__ __proto__ is a name of every object: expected another name',
    ],
    [
      { ...percentage(5), variants: { constructor: true, off: false } },
      '/variants/constructor constructor is a name of every object: expected another name',
    ],
    [
      {
        ...percentage(5),
        schedule: [{ from: '2026-01-02T00:00:00Z', until: '2026-01-01T00:00:00Z', serve: { variant: 'on' } }],
      },
      '/schedule/0/until Expected a time after `from`',
    ],
  ])('%j', (flag, problem) => {
    expect(problemsOf(flag)).toContainEqual(problem);
  });

  it('are refused when they are nested a hundred thousand levels deep, or have a hundred thousand parts', () => {
    let deep: unknown = true;
    for (let at = 0; at < 100_000; at += 1) deep = { not: deep };
    const rules = (when: unknown) => ({
      form: {
        type: 'rules',
        rules: [{ name: 'r', when, serve: { variant: 'on' } }],
        otherwise: { variant: 'off' },
      },
    });
    expect(problemsOf(rules(deep))).toEqual([expect.stringContaining('at most 60 levels')]);
    expect(problemsOf({ form: { type: 'users', users: Array(100_000).fill('u') } })).toEqual([
      expect.stringContaining('at most 20000 parts'),
    ]);
  });

  it('have keys of letters and digits; documents that are taken over may have others', () => {
    expect(AuthoredKey.safeParse('日本').success).toBe(false);
    expect(FlagKey.safeParse('日本').success).toBe(true);
    for (const key of ['__proto__', 'constructor', 'toString', '', 'x'.repeat(300)]) {
      expect(AuthoredKey.safeParse(key).success).toBe(false);
      expect(FlagKey.safeParse(key).success).toBe(false);
    }
  });
});
