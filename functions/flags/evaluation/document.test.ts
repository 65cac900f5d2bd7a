import { describe, expect, it } from 'vitest';
import { parseDocument } from './document.ts';
import { LIMITS } from './limits.ts';
import { type FlagProblem, InvalidFlagDocument } from './problems.ts';

const FLAG = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };

function problemsOf(document: unknown): FlagProblem[] {
  try {
    parseDocument(document);
  } catch (error) {
    if (error instanceof InvalidFlagDocument) return error.problems;
    throw error;
  }
  return [];
}

const targeted = (targeting: unknown, more: object = {}) => ({
  flags: { a: { ...FLAG, targeting } },
  ...more,
});
const first = (targeting: unknown, more?: object) => problemsOf(targeted(targeting, more))[0];

function nested(levels: number): unknown {
  let value: unknown = 'on';
  for (let level = 0; level < levels; level++) value = { '!': [value] };
  return value;
}

describe('a document of flags', () => {
  it('is taken as flagd defines it', () => {
    const document = {
      $schema: 'https://flagd.dev/schema/v0/flags.json',
      flags: {
        'new checkout/é': {
          ...FLAG,
          targeting: {
            if: [
              { $ref: 'beta' },
              { fractional: [['on', 10], ['off', { var: 'share' }], ['on']] },
              { if: [{ '<': [1, { var: ['age', 3] }, 9] }, 'on'] },
            ],
          }, // prettier-ignore
          metadata: { owner: 'shop', since: 3, safe: true },
        },
        text: { state: 'DISABLED', variants: { é: 'x' }, defaultVariant: null, targeting: {} },
        object: { state: 'ENABLED', variants: { a: { deep: [1] }, b: {} } },
      },
      $evaluators: {
        beta: { in: ['@example.com', { var: 'email' }] },
        all: { or: [{ $ref: 'beta' }, true] },
      },
      metadata: { version: '7' },
    };
    expect(parseDocument(document)).toEqual(document);
  });

  it.each([
    ['no document', 7, '', 'object'],
    ['no flags', {}, '/flags', 'record'],
    [
      'an unknown field',
      { flags: { a: { ...FLAG, targetting: {} } } },
      '/flags/a/targetting',
      'only state, variants',
    ],
    ['a wrong state', { flags: { a: { ...FLAG, state: 'ON' } } }, '/flags/a/state', '"ENABLED"|"DISABLED"'],
    [
      'no variants',
      { flags: { a: { state: 'ENABLED', variants: {} } } },
      '/flags/a/variants',
      '1 to 1000 variants',
    ],
    [
      'mixed variants',
      { flags: { a: { ...FLAG, variants: { on: true, off: 'no' } } } },
      '/flags/a/variants/off',
      'boolean',
    ],
    [
      'an unknown default',
      { flags: { a: { ...FLAG, defaultVariant: 'no' } } },
      '/flags/a/defaultVariant',
      '"on", "off"',
    ],
    ['an empty key', { flags: { '': FLAG } }, '/flags/', '1 to 256 bytes'],
    ['a long key', { flags: { ['é'.repeat(129)]: FLAG } }, `/flags/${'é'.repeat(129)}`, '1 to 256 bytes'],
    ['a function', { flags: { a: { ...FLAG, variants: { on: () => 1 } } } }, '/flags/a/variants/on', 'JSON'],
    [
      'a key with a slash',
      { flags: { 'a/b~c': { ...FLAG, state: 1 } } },
      '/flags/a~1b~0c/state',
      '"ENABLED"',
    ],
  ])('with %s is refused', (_, document, path, expected) => {
    const [problem] = problemsOf(document);
    expect(problem).toMatchObject({ path, pointer: path, expected: expect.stringContaining(expected) });
  });

  it.each([
    ['an unknown operator', { log: ['x'] }, '', 'one of the operators var,'],
    ['two operators', { if: [1, 'on'], or: [1] }, '', 'one operator'],
    ['too few arguments', { '==': [1] }, '/==', 'a list of 2'],
    ['no list', { in: 'x' }, '/in', 'a list of 2'],
    ['a variant that there is not', { if: [{ var: 'x' }, 'gone', 'off'] }, '/if/1', '"on", "off"'],
    ['a boolean that is no variant', { if: [{ var: 'x' }, 'on', true] }, '/if/2', '"on", "off"'],
    [
      'a share for no variant',
      {
        fractional: [
          ['on', 1],
          ['gone', 1],
        ],
      },
      '/fractional/1/0',
      '"on", "off"',
    ],
    ['a weight below 0', { fractional: [['on', -1]] }, '/fractional/0/1', 'a whole number from 0'],
    ['half a weight', { fractional: [['on', 0.5]] }, '/fractional/0/1', 'a whole number from 0'],
    [
      'weights of 0',
      {
        fractional: [
          ['on', 0],
          ['off', 0],
        ],
      },
      '/fractional',
      'a weight above 0',
    ],
    [
      'too much weight',
      {
        fractional: [
          ['on', 2 ** 31 - 1],
          ['off', 1],
        ],
      },
      '/fractional',
      'at most 2147483647',
    ],
    ['no bucket', { fractional: [{ var: 'x' }] }, '/fractional', 'at least one bucket'],
    ['an unknown property of flagd', { var: '$flagd.now' }, '/var', '$flagd.timestamp'],
    [
      'an unknown comparison of versions',
      { sem_ver: [{ var: 'v' }, '~>', '1.0.0'] },
      '/sem_ver/1',
      'one of = !=',
    ],
    ['an unknown rule', { $ref: 'none' }, '/$ref', '$evaluators'],
  ])('with targeting with %s is refused', (_, targeting, path, expected) => {
    expect(first(targeting)).toMatchObject({
      path: `/flags/a/targeting${path}`,
      expected: expect.stringContaining(expected),
    });
  });

  it('names all that is wrong, and no more than a hundred things', () => {
    const flags = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`f${index}`, { ...FLAG, defaultVariant: 'x' }]),
    );
    expect(problemsOf({ flags })).toHaveLength(100);
    expect(problemsOf({ flags: { a: { ...FLAG, state: 1, defaultVariant: 2 }, b: 3 } })).toHaveLength(3);
  });

  it('is refused when it is nested too deep, however deep that is', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(first(deep)).toMatchObject({ expected: 'at most 128 levels of objects and lists' });
    expect(first(nested(50))).toBeUndefined();
    expect(first(nested(70))?.expected).toContain('128 levels');
    const loop: { flags: object } = { flags: {} };
    loop.flags = loop;
    expect(problemsOf(loop)).toHaveLength(1);
  });

  it('is refused when it is larger than its limits', () => {
    const long = { or: Array.from({ length: LIMITS.targetingNodes }, () => 'on') };
    expect(first(long)?.expected).toContain('10000 parts');
    const many = Object.fromEntries(
      Array.from({ length: LIMITS.flags + 1 }, (_, index) => [`f${index}`, FLAG]),
    );
    expect(problemsOf({ flags: many })[0]?.expected).toBe('at most 10000 flags');
    expect(
      problemsOf({ flags: { a: { ...FLAG, variants: { on: 'x'.repeat(9e6) } } } })[0]?.expected,
    ).toContain('characters');
  });

  it('holds rules that contain each other only as often as they may stand', () => {
    const rules: Record<string, unknown> = { r0: { var: 'x' } };
    for (let level = 1; level < 20; level++)
      rules[`r${level}`] = { and: [{ $ref: `r${level - 1}` }, { $ref: `r${level - 1}` }] };
    expect(first({ $ref: 'r19' }, { $evaluators: rules })?.expected).toContain('10000 parts');
    const chain: Record<string, unknown> = { c0: { var: 'x' } };
    for (let level = 1; level < 500; level++) chain[`c${level}`] = { '!': [{ $ref: `c${level - 1}` }] };
    expect(first({ $ref: 'c499' }, { $evaluators: chain })?.expected).toContain('128 operators');
    const loop = { a: { '!': [{ $ref: 'b' }] }, b: { '!': [{ $ref: 'a' }] } };
    expect(first({ $ref: 'a' }, { $evaluators: loop })?.found).toContain('a → b → a');
  });

  it.each(['__proto__', 'constructor', 'prototype'])('has no key %s anywhere', (name) => {
    const flag = JSON.stringify(FLAG);
    for (const text of [
      `{"flags":{"${name}":${flag}}}`,
      `{"flags":{"a":{"state":"ENABLED","variants":{"${name}":true}}}}`,
      `{"flags":{"a":${flag}},"metadata":{"${name}":1}}`,
      `{"flags":{"a":{"state":"ENABLED","variants":{"x":{"y":{"${name}":{"admin":true}}}}}}}`,
    ]) {
      expect(problemsOf(JSON.parse(text))[0]?.expected).toContain('objects do not have of their own');
    }
  });
});
