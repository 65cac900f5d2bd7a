import { describe, expect, it } from 'vitest';
import { satisfying, Version, VersionRange, within } from './ranges.ts';

describe('versions and ranges', () => {
  it.each(['1.4.2', '0.0.1', '2.0.0-rc.1', '1.0.0+build.5'])('%s is a version', (text) => {
    expect(Version.safeParse(text).success).toBe(true);
  });

  it.each(['v1.4.2', '1.4', ' 1.4.2', '1.4.2.1', 'latest', ''])('%j is none', (text) => {
    expect(Version.safeParse(text).error?.issues[0]?.message).toBe(
      `Expected a version such as 1.4.2, found ${JSON.stringify(text)}`,
    );
  });

  it.each(['^1.4.0', '~2', '>=2 <4', '1.x || 3', '*', '1.2.3 - 2'])('%s is a range', (text) => {
    expect(VersionRange.safeParse(text).success).toBe(true);
  });

  it.each(['', ' ', 'latest', '^^1', '>=a', 'git+ssh://x'])('%j is none', (text) => {
    expect(VersionRange.safeParse(text).error?.issues[0]?.message).toContain('Expected a range of versions');
  });

  it('lists what lies in a range, the lowest first, without prereleases that it does not name', () => {
    const versions = ['1.10.0', '1.2.0', '2.0.0', '1.3.0-rc.1', '1.9.0'];
    expect(satisfying(versions, '^1.2.0')).toEqual(['1.2.0', '1.9.0', '1.10.0']);
  });

  it('says whether one range lies in another', () => {
    expect(within('^1.4.0', '^1.2.0')).toBe(true);
    expect(within('^1.2.0', '^1.4.0')).toBe(false);
  });
});
