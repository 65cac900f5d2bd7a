import { describe, expect, it } from 'vitest';
import { Generate } from '../schemas.ts';
import { generateSecret } from './generate.ts';

describe('a generated secret', () => {
  it('has as many characters as asked for, of its alphabet alone', () => {
    const forms = { alphanumeric: /^[A-Za-z0-9]{64}$/, hex: /^[0-9a-f]{64}$/, base64url: /^[\w-]{64}$/ };
    for (const [alphabet, form] of Object.entries(forms))
      expect(generateSecret(Generate.parse({ characters: 64, alphabet }))).toMatch(form);
    expect(generateSecret(Generate.parse({ alphabet: 'printable' }))).toMatch(/^[!-~]{32}$/);
    expect(Generate.safeParse({ characters: 8 }).success).toBe(false);
  });

  it('uses every letter about equally often', () => {
    const seen = new Map<string, number>();
    for (let at = 0; at < 100; at += 1)
      for (const letter of generateSecret({ characters: 1_000, alphabet: 'alphanumeric' }))
        seen.set(letter, (seen.get(letter) ?? 0) + 1);
    // 100,000 draws of 62: 1,613 each, with a standard deviation of 40; ten of those are beyond chance.
    expect(seen.size).toBe(62);
    for (const count of seen.values()) expect(Math.abs(count - 1_613)).toBeLessThan(400);
  });
});
