import { expect, it } from 'vitest';
import { deprecatedSince, elementLifecycle, versionLifecycle, withLifecycle } from './lifecycle.ts';

const now = Date.parse('2026-05-05T12:34:56Z');
const at = '2026-01-01T00:00:00Z';
const sunset = '2026-07-01T00:00:00Z';

it.each([
  ['@1688169599', 1_688_169_599_000],
  ['Fri, 30 Jun 2023 23:59:59 GMT', 1_688_169_599_000],
  ['true', Date.parse('2026-05-05T00:00:00Z')],
  ['?1', Date.parse('2026-05-05T00:00:00Z')],
  ['yes', undefined],
  ['1', undefined],
  ['@', undefined],
  ['', undefined],
])('reads Deprecation: %s', (text, time) => {
  expect(deprecatedSince(text, now)).toBe(time);
});

it('says what a version says, in the form of RFC 9745 and 8594', () => {
  const deprecation = {
    at,
    sunset,
    link: 'https://acme.test/old',
    guide: 'https://acme.test/guide',
    successor: '2.0.0',
  };
  const said = versionLifecycle(deprecation, '../v2/orders');
  expect(withLifecycle({ link: '<a>; rel="next"' }, said ? [said] : [], now)).toEqual({
    deprecation: `@${Date.parse(at) / 1_000}`,
    sunset: 'Wed, 01 Jul 2026 00:00:00 GMT',
    link: '<a>; rel="next", <https://acme.test/old>; rel="deprecation", <https://acme.test/guide>; rel="sunset", <../v2/orders>; rel="successor-version"',
  });
});

it('says the earliest of all, and never that something goes before it was deprecated', () => {
  const element = elementLifecycle({
    endpoint: 'GET /',
    at: '2025-12-01T00:00:00Z',
    refuseNewConsumers: false,
    knownConsumers: [],
    removed: false,
  });
  const version = versionLifecycle({ at, sunset }, undefined);
  const said = [element, ...(version ? [version] : [])];
  expect(withLifecycle({}, said, now)).toEqual({
    deprecation: '@1764547200',
    sunset: 'Wed, 01 Jul 2026 00:00:00 GMT',
  });
  const own = { deprecation: 'true', sunset: 'Fri, 01 May 2026 00:00:00 GMT' };
  expect(withLifecycle(own, said, now)).toMatchObject({
    deprecation: '@1764547200',
    sunset: 'Fri, 01 May 2026 00:00:00 GMT',
  });
  expect(withLifecycle(own, [], now)).toEqual({
    deprecation: '@1777939200',
    sunset: 'Tue, 05 May 2026 00:00:00 GMT',
  });
  expect(withLifecycle({ deprecation: 'soon', sunset: 'never', a: 'b' }, [], now)).toEqual({ a: 'b' });
  const nothing = { a: 'b' };
  expect(withLifecycle(nothing, [], now)).toBe(nothing);
});
