import { FlagdCore } from '@openfeature/flagd-core';
import { describe, expect, it } from 'vitest';
import { compile } from './compile.ts';
import { parseDocument } from './document.ts';
import type { JsonObject } from './json.ts';

// The table of docs/flag-evaluation.md: what ours answers, what the code says that flagd-core generates, and what its
// interpreter says. `default` is that targeting gave nothing.
const QUIET = { error() {}, warn() {}, info() {}, debug() {} };
const is = (condition: JsonObject): JsonObject => ({ if: [condition, 'yes', 'no'] });
const equal = (a: JsonObject, b: string): JsonObject => is({ '===': [a, b] });
const bucket = { fractional: [{ var: 'targetingKey' }, ['yes', 1], ['no', 1]] };

const DIFFERENCES: [string, JsonObject, object, string, string, string][] = [
  ['cat of nothing among others', equal({ cat: ['user-', { var: 'x' }] }, 'user-'), {}, 'yes', 'no', 'yes'],
  ['cat of nothing alone', equal({ cat: [{ var: 'x' }] }, ''), {}, 'yes', 'no', 'error'],
  ['a default for null', equal({ var: ['x', 'd'] }, 'd'), { x: null }, 'no', 'yes', 'no'],
  ['a name below 0', is({ '===': [{ var: 'a.b' }, 0] }), { a: 0 }, 'no', 'no', 'yes'],
  ['text compared with a number', is({ '<': ['abc', { var: 'x' }] }), { x: 5 }, 'error', 'no', 'error'],
  ['not a list', is({ '!': [{ var: 'list' }] }), { list: [0] }, 'no', 'no', 'yes'],
  ['all of nothing', is({ all: [{ var: 'list' }, true] }), {}, 'no', 'yes', 'no'],
  [
    'some of a text',
    is({ some: [{ var: 'x' }, { '===': [{ var: '' }, 'b'] }] }),
    { x: 'abc' },
    'error',
    'error',
    'yes',
  ],
  [
    'starts_with in a list',
    is({ some: [{ var: 'list' }, { starts_with: [{ var: '' }, 'a'] }] }),
    { list: ['ab'] },
    'yes',
    'error',
    'error',
  ],
  [
    'a list that people are told apart by',
    { fractional: [{ var: 'list' }, ['no', 1]] },
    { list: ['yes', 9], targetingKey: 'a' },
    'default',
    'yes',
    'yes',
  ],
  ['a division by "0"', is({ '<': [{ '/': [-1, { var: 'x' }] }, 0] }), { x: '0' }, 'error', 'error', 'yes'],
  [
    'an object without prototype',
    is({ '!!': [{ var: 'x' }] }),
    { x: Object.create(null) },
    'no',
    'error',
    'error',
  ],
  [
    'what is inherited',
    is({ '!!': [{ var: 'x.admin' }] }),
    { x: Object.create({ admin: 1 }) },
    'no',
    'yes',
    'yes',
  ],
  ['text beyond ASCII', bucket, { targetingKey: '日本' }, 'no', 'yes', 'yes'],
];

describe('where ours differs from flagd-core', () => {
  it.each(DIFFERENCES)('%s', (_, targeting, context, ours, generated, interpreted) => {
    const variants = { yes: true, no: false };
    const document = parseDocument({ flags: { flag: { state: 'ENABLED', variants, targeting } } });
    const said = (code: unknown, variant: unknown) => (code ? 'error' : (variant ?? 'default'));
    const answer = compile({ flags: document }).evaluate('flag', { ...context });
    const theirs = [false, true].map((disableDynamicCodeGeneration) => {
      const core = new FlagdCore(undefined, QUIET, { disableDynamicCodeGeneration });
      core.setConfigurations(JSON.stringify(document));
      // Contexts hold more kinds of values than its type knows.
      const found = core.getFlag('flag')?.evaluate({ ...context } as never);
      return said(found?.errorCode, found?.variant);
    });
    expect([said(answer.errorCode, answer.variant), ...theirs]).toEqual([ours, generated, interpreted]);
  });

  it('rules are named in any order', () => {
    const $evaluators = { a: { '!': [{ var: 'x' }] }, b: { '!': [{ $ref: 'a' }] } };
    const flag = { state: 'ENABLED', variants: { true: 1, false: 0 }, targeting: { $ref: 'b' } };
    const document = parseDocument({ flags: { flag }, $evaluators });
    expect(compile({ flags: document }).evaluate('flag', { x: 1 })).toMatchObject({ variant: 'true' });
    const core = new FlagdCore(undefined, QUIET);
    core.setConfigurations(JSON.stringify(document));
    expect(core.getFlag('flag')?.evaluate({ x: 1 })).toMatchObject({ errorCode: 'PARSE_ERROR' });
  });
});
