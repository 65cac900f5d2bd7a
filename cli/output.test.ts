import { describe, expect, it } from 'vitest';
import { asTyped, bar, bytes, count, counted, cutTo, duration, table } from './output.ts';

describe('a line in place', () => {
  it('takes one row of the terminal, colours aside', () => {
    const line = '\u001b[32m✓\u001b[39m plan  \u001b[1mbackfill\u001b[22m';
    expect(cutTo(line, 80)).toBe(line);
    expect(cutTo(line, 16)).toBe(line);
    expect(cutTo(line, 10)).toBe('\u001b[32m✓\u001b[39m plan  \u001b[1mb\u001b[22m…');
    expect(cutTo(line, undefined)).toBe(line);
  });
});

describe('figures for people', () => {
  it('count things, one of them too', () => {
    expect([0, 1, 1_234].map((value) => counted(value, 'flag'))).toEqual([
      '0 flags',
      '1 flag',
      '1,234 flags',
    ]);
  });

  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [12_340, '12.3 s'],
    [60_000, '1 min'],
    [245_000, '4 min 5 s'],
    [3_599_900, '1 h'],
    [12_000_000, '3 h 20 min'],
    [604_800_000, '7 d'],
    [601_200_000, '6 d 23 h'],
  ])('%i ms reads %s', (ms, text) => expect(duration(ms)).toBe(text));

  it('groups digits and scales bytes', () => {
    expect(count(1_234_567.4)).toBe('1,234,567');
    expect(bytes(999)).toBe('999 B');
    expect(bytes(1_250_000)).toBe('1.3 MB');
  });

  it('never claims 100 % before the end', () => {
    expect(bar(0.999)).toContain(' 99 %');
    expect(bar(1)).toContain('100 %');
    expect(bar(7)).toContain('100 %');
    expect(bar(-1)).toContain('  0 %');
  });

  it('aligns columns by what is seen, not by colour codes', () => {
    const [first, second] = table([
      ['\u001b[31mab\u001b[39m', 'x'],
      ['abcd', 'y'],
    ]);
    expect(first).toBe('\u001b[31mab\u001b[39m    x');
    expect(second).toBe('abcd  y');
  });
});

it('writes the platform’s commands as they are typed in a clone, once', () => {
  const said = 'Wait for it (theseus migration watch mig_1), or npx theseus dev; theseus itself stays.';
  const typed = 'Wait for it (npx theseus migration watch mig_1), or npx theseus dev; theseus itself stays.';
  expect(asTyped(said)).toBe(typed);
  expect(asTyped(typed)).toBe(typed);
});
