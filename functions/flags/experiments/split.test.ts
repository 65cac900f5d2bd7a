import { expect, it } from 'vitest';
import { factsOf, usualControl } from './flag-facts.ts';
import { readSplit, splitOf, writeSplit } from './split.ts';

const bucket = { cat: ['flag', { var: 'targetingKey' }] };
const half = { fractional: [bucket, ['b', 50], ['a', 50]] };
const fair = [
  { variant: 'a', share: 0.5 },
  { variant: 'b', share: 0.5 },
];
const country = { '==': [{ var: 'country' }, 'CA'] };

it.each<[string, unknown, unknown]>([
  ['a split of all', half, fair],
  ['a split of some, others stand beside', { if: [country, half, 'off'] }, fair],
  ['the same split in two branches', { if: [country, half, false, half, 'off'] }, fair],
  [
    'without a bucket',
    {
      fractional: [
        ['a', 1],
        ['b', 1],
        ['c', 0],
      ],
    },
    fair,
  ],
  ['one of its variants is given without chance, too', { if: [country, half, 'a'] }, null],
  [
    'as weights of authored flags are compiled',
    { if: [{ '!==': [{ var: 'targetingKey' }, null] }, half, 'a'] },
    fair,
  ],
  ['whole tenants', { fractional: [{ cat: ['flag', { var: 'tenant' }] }, ['a', 1], ['b', 1]] }, null],
  ['the default is one of them', { if: [country, half] }, null],
  ['two splits', { if: [country, half, { fractional: [bucket, ['a', 1], ['b', 3]] }] }, null],
  ['everybody', { fractional: [bucket, ['a', 100], ['b', 0]] }, null],
  ['computed weights', { fractional: [bucket, ['a', { var: 'w' }], ['b', 1]] }, null],
  ['something else', { var: 'x' }, null],
  ['nothing', undefined, null],
])('knows %s', (_name, targeting, expected) => {
  expect(splitOf({ targeting, defaultVariant: 'a' })).toEqual(expected);
});

it('writes splits the same way whatever their order', () => {
  expect(writeSplit(fair.toReversed())).toBe(writeSplit(fair));
  expect(readSplit(writeSplit(fair))).toEqual(fair);
  expect(readSplit('{}')).toBeNull();
});

it('compares with control, off, the default or the first', () => {
  const controlOf = (variants: string[], defaultVariant: string | null) =>
    usualControl(
      factsOf('f', { variants: Object.fromEntries(variants.map((one) => [one, 1])), defaultVariant }),
    );
  expect(controlOf(['a', 'off', 'control'], 'a')).toBe('control');
  expect(controlOf(['a', 'off'], 'a')).toBe('off');
  expect(controlOf(['a', 'b'], 'b')).toBe('b');
  expect(controlOf(['a', 'b'], null)).toBe('a');
});
