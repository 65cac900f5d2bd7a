import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cutToBytes,
  didYouMean,
  fitsIdentifier,
  fittingName,
  hashedName,
  quoteIdentifier,
  quoteLiteral,
} from './identifiers.ts';
import { child, items, parseSql, stringOf } from './tree.ts';

const text = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 20 })
  .filter((value) => !value.includes('\0') && value.isWellFormed());

describe('quoting', () => {
  it('keeps any name a single name', async () => {
    await fc.assert(
      fc.asyncProperty(text, async (name) => {
        // The grammar cuts names at 63 bytes; longer ones never come so far.
        fc.pre(fitsIdentifier(name));
        const [only, second] = await parseSql(`SELECT ${quoteIdentifier(name)}`);
        const target = child(
          child(items(child(only?.statement, 'SelectStmt'), 'targetList')[0], 'ResTarget'),
          'val',
        );
        expect(second).toBeUndefined();
        expect(items(child(target, 'ColumnRef'), 'fields').map(stringOf)).toEqual([name]);
      }),
    );
  });

  it('keeps any text a single literal', async () => {
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        const [only, second] = await parseSql(`SELECT ${quoteLiteral(value)}`);
        const target = child(
          child(items(child(only?.statement, 'SelectStmt'), 'targetList')[0], 'ResTarget'),
          'val',
        );
        expect(second).toBeUndefined();
        expect(child(child(target, 'A_Const'), 'sval')?.sval).toBe(value);
      }),
    );
  });

  it('refuses what PostgreSQL cannot hold', () => {
    expect(() => quoteIdentifier('')).toThrow(RangeError);
    expect(() => quoteIdentifier('a\0b')).toThrow(RangeError);
    expect(() => quoteLiteral('\0')).toThrow(RangeError);
  });
});

describe('names of ours', () => {
  it('stay below 63 bytes, whatever they are made of, and end readable', () => {
    fc.assert(
      fc.property(text, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 }), (first, last) => {
        const name = hashedName(first, last);
        expect(Buffer.byteLength(name)).toBeLessThan(63);
        expect(name).toMatch(/^_theseus_[0-9a-f]{8}_/);
        expect(name.isWellFormed()).toBe(true);
      }),
    );
    expect(hashedName('m', 'orders', 'amount')).toMatch(/^_theseus_[0-9a-f]{8}_amount$/);
  });

  it('differ for parts that read the same when joined', () => {
    expect(hashedName('a', 'b_c', 'x')).not.toBe(hashedName('a_b', 'c', 'x'));
  });

  it('are cut between characters', () => {
    expect(cutToBytes('aøø', 2)).toBe('a');
    expect(fittingName('x'.repeat(63))).toBe('x'.repeat(63));
    expect(fittingName('x'.repeat(64))).toMatch(/^x{54}_[0-9a-f]{8}$/);
  });
});

describe('didYouMean', () => {
  it('names the nearest and nothing far away', () => {
    expect(didYouMean('custmers', ['orders', 'customers'])).toBe('; did you mean "customers"?');
    expect(didYouMean('xyz', ['orders', 'customers'])).toBe('');
  });
});
