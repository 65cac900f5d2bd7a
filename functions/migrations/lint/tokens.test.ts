import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tokensOf } from './tokens.ts';

const comments = (sql: string) =>
  [...tokensOf(sql)].filter(({ kind }) => kind === 'line' || kind === 'block').map(({ text }) => text);

describe('tokensOf', () => {
  it.each([
    ['-- one\nSELECT 1 -- two', ['one', 'two']],
    ['/* a /* b */ c */ -- d', ['a /* b */ c', 'd']],
    [`SELECT '-- no', 'it''s -- no', "-- ""no", E'\\'-- no', $$ -- no $$, $x$ $$ -- no $x$ -- yes`, ['yes']],
    [`SELECT a$b$c -- yes $b$`, ['yes $b$']],
    ["SELECT E'\\", []],
    ["SELECT 'open -- no", []],
    ['/* open', ['op']],
    ['SELECT 1--x\r\n', ['x']],
  ])('finds the comments of %j', (sql, expected) => {
    expect(comments(sql)).toEqual(expected);
  });

  it('never throws, goes forward, and stays inside the text', () => {
    const pieces = fc.constantFrom(
      "'",
      '"',
      '$$',
      '$a$',
      '--',
      '/*',
      '*/',
      '\n',
      '\\',
      'E',
      'é',
      '💥',
      'a',
      ' ',
      ';',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
        const sql = parts.join('');
        let last = 0;
        for (const { start, end } of tokensOf(sql)) {
          expect(start).toBeGreaterThanOrEqual(last);
          expect(end).toBeGreaterThan(start);
          last = end;
        }
        expect(last).toBeLessThanOrEqual(sql.length);
      }),
    );
  });

  it('takes time in proportion to the text', () => {
    for (const text of [`E'${'a'.repeat(400_000)}\\`, `${"''".repeat(200_000)}'`, '/*'.repeat(200_000)])
      expect([...tokensOf(text)].length).toBeLessThan(3);
  });
});
