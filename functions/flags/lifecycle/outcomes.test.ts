import { expect, it } from 'vitest';
import { outcomesOf } from './outcomes.ts';

const now = 1_000;
const of = (targeting: unknown, evaluators: unknown = {}, more: object = {}) =>
  [
    ...outcomesOf(
      {
        state: 'ENABLED',
        variants: { on: true, off: false, new: 1 },
        defaultVariant: 'off',
        targeting,
        ...more,
      },
      evaluators,
      now,
    ),
  ].sort();

const country = { '==': [{ var: 'country' }, 'CA'] };
const bucket = { cat: ['flag', { var: 'targetingKey' }] };
const time = { var: '$flagd.timestamp' };
const anything = ['new', 'off', 'off', 'on'].filter((one, at, all) => all.indexOf(one) === at);

it.each<[string, unknown, (string | null)[]]>([
  ['no targeting', undefined, ['off']],
  ['an empty one', {}, ['off']],
  ['one variant', 'on', ['on']],
  ['nobody knows', { var: 'variant' }, anything],
  ['a condition', { if: [country, 'on', 'off'] }, ['off', 'on']],
  ['a condition without otherwise', { if: [country, 'on'] }, ['off', 'on']],
  ['the same in both branches', { if: [country, 'on', 'on'] }, ['on']],
  ['null is the default', { if: [country, 'on', null] }, ['off', 'on']],
  ['everybody', { if: [{ '==': [1, 1] }, 'on', 'off'] }, ['on']],
  ['nobody', { if: [{ '!': [true] }, 'on', 'off'] }, ['off']],
  ['no coercion is guessed', { if: [{ '==': [1, '1'] }, 'on', 'off'] }, ['off', 'on']],
  ['decided by one of several', { if: [{ or: [country, true] }, 'on', 'off'] }, ['on']],
  ['not decided by one of several', { if: [{ and: [country, true] }, 'on', 'off'] }, ['off', 'on']],
  ['all of a percentage', { fractional: [bucket, ['on', 100_000], ['off', 0]] }, ['on']],
  ['a part', { fractional: [bucket, ['on', 1], ['off', 99_999]] }, ['off', 'on']],
  ['weights left out', { fractional: [['on'], ['new']] }, ['new', 'on']],
  ['a weight that is computed', { fractional: [bucket, ['on', { var: 'w' }], ['off', 0]] }, anything],
  [
    'another branch is a fraction',
    { if: [country, { fractional: [bucket, ['on', 100], ['off', 0]] }, 'on'] },
    ['on'],
  ],
  ['a moment that is over', { if: [{ '>=': [time, 999] }, 'on', 'off'] }, ['on']],
  ['a moment to come', { if: [{ '>=': [time, 1_001] }, 'on', 'off'] }, ['off', 'on']],
  [
    'an end that is over',
    { if: [{ and: [{ '>=': [time, 5] }, { '<': [time, 50] }] }, 'on', 'off'] },
    ['off'],
  ],
  ['written the other way round', { if: [{ '<': [999, time] }, 'on', 'off'] }, ['on']],
  ['a chain of conditions', { if: [false, 'new', country, 'on', true, 'on', 'off'] }, ['on']],
])('knows what can come of %s', (_name, targeting, expected) => {
  expect(of(targeting)).toEqual(expected);
});

it('follows references, and gives up on those that are not there or go round', () => {
  const evaluators = {
    always: { '==': ['a', 'a'] },
    round: { $ref: 'round' },
    whole: { if: [country, 'on', 'on'] },
  };
  expect(of({ if: [{ $ref: 'always' }, 'on', 'off'] }, evaluators)).toEqual(['on']);
  expect(of({ $ref: 'whole' }, evaluators)).toEqual(['on']);
  expect(of({ if: [{ $ref: 'round' }, 'on', 'off'] }, evaluators)).toEqual(['off', 'on']);
  expect(of({ $ref: 'round' }, evaluators)).toEqual(anything);
  expect(of({ $ref: 'constructor' }, evaluators)).toEqual(anything);
});

it('gives the default of the code where a flag is off or names none', () => {
  expect(of('on', {}, { state: 'DISABLED' })).toEqual([null]);
  expect(of(undefined, {}, { defaultVariant: null })).toEqual([null]);
});
