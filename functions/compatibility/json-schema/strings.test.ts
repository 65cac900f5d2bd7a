import { describe, expect, it } from 'vitest';
import { samplesOf } from './strings.ts';

describe('samples of a regular expression', () => {
  it.each([
    '^[A-Z]{3}-[0-9]+$',
    '^[a-z0-9]+(?:-[a-z0-9]+)*$',
    '^(red|green|blue)$',
    '^\\d{4}-\\d{2}-\\d{2}$',
    '^\\+?[1-9]\\d{1,14}$',
    '^(?<user>[^@\\s]+)@[^@\\s]+\\.[a-z]{2,}$',
    '^#([0-9a-fA-F]{3}){1,2}$',
    '\\bword\\b',
    '^[\\w.\\-]{2,}$',
    '^$',
  ])('%s match it', (pattern) => {
    const samples = samplesOf(pattern);
    expect(samples.some((text) => new RegExp(pattern, 'u').test(text))).toBe(true);
  });

  it.each(['^(?=a)b', '(?<!a)b', '\\p{Lu}', '(a)\\1'])('%s are none, as it is beyond reading', (pattern) => {
    expect(samplesOf(pattern)).toEqual([]);
  });

  it('stay short, whatever is repeated', () => {
    expect(samplesOf('^a{1000,}$')).toEqual([]);
    expect(Math.max(...samplesOf('^(a+)+$').map(({ length }) => length))).toBeLessThan(41);
  });
});
