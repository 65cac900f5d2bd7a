import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AliasRoute,
  heldDescription,
  holderOf,
  percentOf,
  routeInput,
  routeOf,
  sameRoute,
  splitRoute,
  versionsIn,
  withoutGreen,
} from './alias-route.ts';

const version = fc.integer({ min: 1, max: 4 }).map(String);
const percent = fc.integer({ min: 0, max: 100 });
const route: fc.Arbitrary<AliasRoute> = fc
  .record({
    main: version,
    second: fc.option(fc.record({ version, share: percent.map((one) => (one + 1) / 101) })),
  })
  .filter(({ main, second }) => second?.version !== main);

describe('the route of an alias', () => {
  it('reads back the percentage that was asked for, through what Lambda stores', () => {
    fc.assert(
      fc.property(percent, (asked) => {
        const { FunctionVersion, RoutingConfig } = routeInput(splitRoute('1', '2', asked));
        const stored = routeOf({ FunctionVersion, RoutingConfig });
        expect(percentOf(stored, '2')).toBe(asked);
        expect(percentOf(stored, '1')).toBe(100 - asked);
        expect(sameRoute(stored, splitRoute('1', '2', asked))).toBe(true);
      }),
    );
  });

  it('takes green out whoever stands beside it, and leaves what others did', () => {
    fc.assert(
      fc.property(route, (found) => {
        const back = withoutGreen(found, '1', '2');
        expect(versionsIn(back)).not.toContain('2');
        for (const other of ['3', '4']) expect(percentOf(back, other)).toBe(percentOf(found, other));
        expect(back.second?.version).not.toBe(back.main);
        expect(withoutGreen(back, '1', '2')).toEqual(back);
      }),
    );
  });

  it('takes a version without a share for none', () => {
    expect(routeOf({ FunctionVersion: '1', RoutingConfig: { AdditionalVersionWeights: { 2: 0 } } })).toEqual({
      main: '1',
      second: null,
    });
  });
});

describe('the holder in a description', () => {
  it('is read back, replaced and taken away without touching the rest', () => {
    const holder = { deployment: 'dep_0a-b', order: 12 };
    const held = heldDescription('Of the shop', holder);
    expect(held).toBe('Of the shop [theseus dep_0a-b 12]');
    expect(holderOf(held)).toEqual(holder);
    expect(heldDescription(held, { ...holder, order: 13 })).toBe('Of the shop [theseus dep_0a-b 13]');
    expect(heldDescription(held, null)).toBe('Of the shop');
    expect(heldDescription(undefined, holder)).toBe('[theseus dep_0a-b 12]');
    expect(holderOf('by hand')).toBeNull();
    expect(heldDescription('x'.repeat(256), holder)).toHaveLength(256);
  });
});
