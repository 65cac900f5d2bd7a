import { describe, expect, it } from 'vitest';
import { compile } from './compile.ts';
import { type FlagDefinition, parseDocument } from './document.ts';

const ROLLOUT: FlagDefinition = {
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: 'off',
  targeting: {
    if: [
      { and: [{ in: [{ var: 'country' }, ['US', 'CA']] }, { '==': [{ var: 'plan' }, 'pro'] }] },
      {
        fractional: [{ cat: [{ var: '$flagd.flagKey' }, { var: 'targetingKey' }] }, ['on', 25], ['off', 75]],
      },
      'off',
    ],
  },
  metadata: { owner: 'checkout' },
};

const set = (flags: Record<string, FlagDefinition>, killSwitches?: Record<string, FlagDefinition>) =>
  compile({
    flags: parseDocument({ flags, metadata: { environment: 'production' } }),
    ...(killSwitches ? { killSwitches: parseDocument({ flags: killSwitches }) } : {}),
  });

describe('a set of flags', () => {
  it('gives a share of those who meet the conditions the variant, the same people each time', () => {
    const flags = set({ rollout: ROLLOUT });
    const pro = Array.from({ length: 2_000 }, (_, index) => ({
      targetingKey: `user-${index}`,
      country: 'US',
      plan: 'pro',
    }));
    const on = pro.filter((context) => flags.evaluate('rollout', context).variant === 'on');
    expect(on.length / pro.length).toBeGreaterThan(0.22);
    expect(on.length / pro.length).toBeLessThan(0.28);
    expect(pro.filter((context) => flags.evaluate('rollout', context).variant === 'on')).toEqual(on);
    const free = { targetingKey: on[0]?.targetingKey ?? '', country: 'US', plan: 'free' };
    const metadata = { environment: 'production', owner: 'checkout' };
    expect(flags.evaluate('rollout', free)).toEqual({
      value: false,
      variant: 'off',
      reason: 'TARGETING_MATCH',
      metadata,
    });
  });

  it('answers by default without targeting, where targeting gives nothing, and where it is switched off', () => {
    const flags = set({
      plain: { ...ROLLOUT, targeting: {} },
      silent: { ...ROLLOUT, targeting: { if: [{ var: 'beta' }, 'on', null] } },
      off: { ...ROLLOUT, state: 'DISABLED' },
      open: { ...ROLLOUT, defaultVariant: null, targeting: { var: 'nothing' } },
    });
    expect(flags.evaluate('plain', {})).toMatchObject({ value: false, reason: 'STATIC' });
    expect(flags.evaluate('silent', {})).toMatchObject({ value: false, reason: 'DEFAULT' });
    expect(flags.evaluate('silent', { beta: true })).toMatchObject({
      value: true,
      reason: 'TARGETING_MATCH',
    });
    expect(flags.evaluate('off', {})).toEqual({ reason: 'DISABLED', metadata: expect.anything() });
    expect(flags.evaluate('open', {})).toEqual({ reason: 'DEFAULT', metadata: expect.anything() });
    expect(flags.evaluateAll({}).map(({ key }) => key)).toEqual(['plain', 'silent', 'off', 'open']);
    expect(flags.keys()).toEqual(['plain', 'silent', 'off', 'open']);
    expect(flags.metadata).toEqual({ environment: 'production' });
  });

  it('says what is wrong instead of throwing', () => {
    const flags = set({
      strange: { ...ROLLOUT, targeting: { var: 'wish' } },
      late: { ...ROLLOUT, targeting: { if: [{ '<': [{ var: '$flagd.timestamp' }, 10] }, 'on', 'off'] } },
    });
    expect(flags.evaluate('none', {})).toMatchObject({ errorCode: 'FLAG_NOT_FOUND' });
    expect(flags.evaluate('toString', {})).toMatchObject({ errorCode: 'FLAG_NOT_FOUND' });
    expect(flags.evaluate('strange', { wish: 'more' })).toMatchObject({ errorCode: 'GENERAL' });
    expect(flags.evaluate('late', {})).toMatchObject({ errorCode: 'GENERAL' });
    expect(flags.evaluate('late', {}, 9)).toMatchObject({ variant: 'on' });
    // Callers without types send anything.
    expect(flags.evaluate('strange', null as never)).toMatchObject({ errorCode: 'INVALID_CONTEXT' });
  });

  it('serves what compiles where a document was never parsed', () => {
    const broken: FlagDefinition = { ...ROLLOUT, targeting: { unheard: [1] } };
    const flags = compile({ flags: { flags: { broken, rollout: ROLLOUT } } });
    expect(flags.evaluate('broken', {})).toMatchObject({ errorCode: 'PARSE_ERROR' });
    expect(flags.evaluate('rollout', {})).toMatchObject({ variant: 'off' });
  });

  it('lets kill switches win, whole', () => {
    const killed: FlagDefinition = {
      state: 'ENABLED',
      variants: { off: false },
      defaultVariant: 'off',
      metadata: { killed: true },
    };
    const flags = set({ rollout: ROLLOUT, other: ROLLOUT }, { rollout: killed });
    expect(flags.evaluate('rollout', {})).toEqual({
      value: false,
      variant: 'off',
      reason: 'STATIC',
      metadata: { killed: true },
    });
    expect(flags.evaluate('other', {})).toMatchObject({ reason: 'TARGETING_MATCH' });
    expect(flags.keys()).toEqual(['rollout', 'other']);
  });

  it('reads nothing that a context inherits', () => {
    const flags = set({
      own: { ...ROLLOUT, targeting: { if: [{ var: 'admin' }, 'on', { var: 'constructor' }] } },
    });
    expect(flags.evaluate('own', Object.create({ admin: true }))).toMatchObject({
      variant: 'off',
      reason: 'DEFAULT',
    });
    expect(flags.evaluate('own', { admin: true })).toMatchObject({ variant: 'on' });
  });

  it('hands out nothing that a caller could change for others', () => {
    const flags = set({
      object: { state: 'ENABLED', variants: { on: { sizes: [1] } }, defaultVariant: 'on' },
    });
    const { value, metadata } = flags.evaluate('object', {});
    expect(Object.isFrozen(value) && Object.isFrozen(metadata)).toBe(true);
    expect(() => Object.assign(Object(value).sizes, [2])).toThrow(TypeError);
  });

  it.each([
    ['a list in a list', { some: [{ var: 'list' }, { some: [{ var: 'list' }, { var: 'x' }] }] }, 'on'],
    [
      'long texts',
      {
        cat: [{ reduce: [{ var: 'list' }, { cat: [{ var: 'accumulator' }, { var: 'accumulator' }] }, 'ab'] }],
      },
      'error',
    ],
    [
      'long lists',
      { reduce: [{ var: 'list' }, { merge: [{ var: 'accumulator' }, { var: 'accumulator' }] }, [1]] },
      'error',
    ],
    ['much to look for', { some: [{ var: 'wide' }, { in: ['x', { var: 'items' }] }] }, 'error'],
    [
      'more elements than are gone through',
      { all: [{ var: 'long' }, { '>=': [{ '+': [{ var: '' }, 1, 2, 3] }, 0] }] },
      'error',
    ],
  ])('comes to an end with %s', (_, targeting, expected) => {
    const flags = set({ slow: { ...ROLLOUT, targeting: { if: [targeting, 'on', 'on'] } } });
    const list = Array.from({ length: 40 }, (_, index) => ({ list: [{ x: index }] }));
    const long = Array.from({ length: 200_000 }, (_, index) => index);
    const wide = Array.from({ length: 400 }, () => ({ items: long }));
    const { variant, errorCode } = flags.evaluate('slow', { list, long, wide });
    expect(errorCode ? 'error' : variant).toBe(expected);
  });

  it('counts what is computed beforehand, too', () => {
    const thousand = { map: [Array.from({ length: 1_000 }, (_, index) => index), { '+': [{ var: '' }, 1] }] };
    const many = { and: Array.from({ length: 9 }, () => ({ some: [thousand, { '<': [{ var: '' }, 0] }] })) };
    const targeting = { if: [{ or: Array.from({ length: 9 }, () => many) }, 'on', 'off'] };
    expect(() => set({ a: { ...ROLLOUT, targeting } })).toThrow('parts');
    const few = { if: [{ some: [thousand, { '<': [{ var: '' }, 0] }] }, 'on', 'off'] };
    expect(set({ a: { ...ROLLOUT, targeting: few } }).evaluate('a', {})).toMatchObject({ variant: 'off' });
  });
});
