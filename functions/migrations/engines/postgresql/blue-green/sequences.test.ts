import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numberAhead } from './sequences.ts';

const bounds = { start: '1', least: '1', greatest: '9223372036854775807', step: '1' };

describe('the number a sequence of the other side goes on after', () => {
  it('is 100,000 ahead, from its start where none was drawn yet', () => {
    expect(numberAhead({ ...bounds, last: '41' }, null)).toBe('100041');
    expect(numberAhead({ ...bounds, last: null }, null)).toBe('100001');
    expect(numberAhead({ ...bounds, last: '-1', step: '-1', least: '-32768' }, null)).toBe('-8192');
  });

  it('is left as it is when it is far enough already, so that running twice is running once', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 2n ** 31n - 1n), fc.constantFrom('1', '7', '100'), (last, step) => {
        const sequence = { ...bounds, greatest: '2147483647', step, last: last.toString() };
        const ahead = numberAhead(sequence, null) ?? '';
        expect(numberAhead(sequence, ahead)).toBeNull();
      }),
    );
  });

  it('stays within what the sequence can count to, and leaves numbers to draw on both sides', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 32_000n), (last) => {
        const ahead = BigInt(numberAhead({ ...bounds, greatest: '32767', last: `${last}` }, null) ?? '');
        expect(ahead).toBeGreaterThan(last);
        expect(ahead).toBeLessThan(32_767n);
      }),
    );
  });
});
