import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  busyGroups,
  canaryPriority,
  percentOf,
  sameGroups,
  splitGroups,
  withoutGreen,
} from './forwarding.ts';

const weight = fc.integer({ min: 0, max: 400 });
const groups = fc.record({ blue: weight, green: weight, other: weight }).map(({ blue, green, other }) => [
  { arn: 'blue', weight: blue },
  { arn: 'green', weight: green },
  { arn: 'other', weight: other },
]);

describe('weights of target groups', () => {
  it('are read back as the percentage that was written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), (percent) => {
        const split = splitGroups([{ arn: 'blue', weight: 1 }], 'blue', 'green', percent);
        expect(percentOf(split, 'green')).toBe(percent);
        expect(percentOf(split, 'blue')).toBe(100 - percent);
      }),
    );
  });

  it('go back to blue whoever else has some, whose own stay', () => {
    fc.assert(
      fc.property(groups, (found) => {
        const back = withoutGreen(found, 'blue', 'green');
        expect(busyGroups(back)).not.toContain('green');
        expect(back.find(({ arn }) => arn === 'other')).toEqual(found[2]);
        expect(back.every((one) => one.weight >= 0 && one.weight <= 999)).toBe(true);
        expect(busyGroups(back)).not.toEqual([]);
        expect(sameGroups(withoutGreen(back, 'blue', 'green'), back)).toBe(true);
      }),
    );
  });
});

describe('the place of a canary’s rule', () => {
  it.each([
    ['above its rule', 10, [10, 20], [], 9],
    ['above its sisters', 10, [8, 9, 10], [8, 9], 7],
    ['nowhere, where another rule stands above', 10, [9, 10], [], undefined],
    ['nowhere above the first priority', 1, [1], [], undefined],
    ['below all for a default', 'default', [3, 40], [], 41],
    ['first where there are no rules', 'default', [], [], 1],
    ['nowhere below the last priority', 'default', [50_000], [], undefined],
  ] as const)('is %s', (_what, own, taken, sisters, expected) => {
    expect(canaryPriority(own, taken, sisters)).toBe(expected);
  });
});
