import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canariesFirst, wavesOf } from './waves.ts';

describe('waves', () => {
  it('are a canary, 1 %, 10 % and the rest', () => {
    expect(wavesOf(5_000, 1, [1, 10, 100])).toEqual([
      { name: 'canary', from: 0, to: 1 },
      { name: '1%', from: 1, to: 50 },
      { name: '10%', from: 50, to: 500 },
      { name: '100%', from: 500, to: 5_000 },
    ]);
    expect(wavesOf(1, 1, [1, 10, 100])).toEqual([{ name: 'canary', from: 0, to: 1 }]);
    expect(wavesOf(3, 0, [100])).toEqual([{ name: '100%', from: 0, to: 3 }]);
  });

  it('hold every target once, in order, whatever the shares', () => {
    const shares = fc
      .uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 5 })
      .map((some) => [...some.toSorted((a, b) => a - b), 100]);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.nat(2_000),
        shares,
        (targets, canaries, percent) => {
          const waves = wavesOf(targets, canaries, percent);
          expect(waves[0]?.from).toBe(0);
          expect(waves.at(-1)?.to).toBe(targets);
          for (const [at, { from, to }] of waves.entries()) {
            expect(to).toBeGreaterThan(from);
            if (at > 0) expect(from).toBe(waves[at - 1]?.to);
          }
        },
      ),
    );
  });

  it('put canaries first and keep the order of the others', () => {
    const has = (target: string) => target.startsWith('c');
    expect(canariesFirst(['a', 'c1', 'b', 'c2'], { labels: { tier: 'internal' } }, has)).toEqual({
      targets: ['c1', 'c2', 'a', 'b'],
      canaries: 2,
    });
    expect(() => canariesFirst(['a'], { labels: { tier: 'internal' } }, has)).toThrow(
      'No target is a canary',
    );
    expect(canariesFirst(['a', 'b'], 5, has)).toEqual({ targets: ['a', 'b'], canaries: 2 });
  });
});
