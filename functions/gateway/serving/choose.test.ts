import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VersionUnknown } from '../errors.ts';
import { Route, RouteSettings } from '../schemas.ts';
import { type Asked, choose } from './choose.ts';

const target = { kind: 'http', urls: ['http://127.0.0.1:1'] } as const;
const routeOf = (weights: Record<string, number>, more: object = {}): Route =>
  Route.parse({
    ...RouteSettings.parse({
      targets: Object.entries(weights).map(([version, percent]) => ({ version, percent, target })),
      ...more,
    }),
    service: 'shop',
    revision: 1,
    heldBy: null,
    updatedAt: '2026-01-01T00:00:00.000Z',
    updatedBy: 'ada',
  });
const asked = (more: Partial<Asked> = {}): Asked => ({
  headers: {},
  tenant: undefined,
  address: '192.0.2.1',
  path: '/',
  ...more,
});
/** Mulberry32: the same numbers in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
const chance = { random: seeded(7), newKey: () => 'visitor_1' };
const byUser = { sticky: { by: 'header', name: 'X-User' } };
const versionFor = (route: Route, user: string) =>
  choose(route, asked({ headers: { 'x-user': user } }), chance).chosen.version;
const users = Array.from({ length: 4_000 }, (_, at) => `user-${at}`);

describe('the weights', () => {
  it.each([
    ['drawn', {}],
    ['of a key', byUser],
  ])('hold within chance, %s', (_name, more) => {
    const route = routeOf({ '1.0.0': 70, '1.1.0': 25, '2.0.0': 5 }, more);
    const seen: Record<string, number> = {};
    for (const user of users) {
      const version = versionFor(route, user);
      seen[version] = (seen[version] ?? 0) + 1 / users.length;
    }
    // Four standard deviations of 4,000 draws are less than 3 %.
    expect(Math.abs((seen['1.0.0'] ?? 0) - 0.7)).toBeLessThan(0.03);
    expect(Math.abs((seen['1.1.0'] ?? 0) - 0.25)).toBeLessThan(0.03);
    expect(Math.abs((seen['2.0.0'] ?? 0) - 0.05)).toBeLessThan(0.015);
  });

  it('never send anything to a version with 0 percent', () => {
    const route = routeOf({ '1.0.0': 100, '1.1.0': 0 }, byUser);
    expect(new Set(users.slice(0, 500).map((user) => versionFor(route, user)))).toEqual(new Set(['1.0.0']));
  });
});

describe('a key', () => {
  it('stays with a version that grows, whatever the order of the list', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 99 }),
        fc.integer({ min: 1, max: 99 }),
        fc.string({ minLength: 1 }),
        (one, other, user) => {
          const [little, much] = one < other ? [one, other] : [other, one];
          const before = versionFor(routeOf({ '1.0.0': 100 - little, '1.1.0': little }, byUser), user);
          const after = versionFor(routeOf({ '1.1.0': much, '1.0.0': 100 - much }, byUser), user);
          if (before === '1.1.0') expect(after).toBe('1.1.0');
        },
      ),
    );
  });

  it('is drawn anew for every service', () => {
    const shop = routeOf({ '1.0.0': 50, '1.1.0': 50 }, byUser);
    const stock = { ...shop, service: 'stock' };
    const both = users.filter((user) => versionFor(shop, user) === versionFor(stock, user));
    expect(Math.abs(both.length / users.length - 0.5)).toBeLessThan(0.04);
  });

  it('comes from a cookie, which is set where it is missing', () => {
    const route = routeOf({ '1.0.0': 50, '1.1.0': 50 }, { sticky: { by: 'cookie', name: 'seen' } });
    const first = choose(route, asked(), chance);
    expect(first.cookie).toEqual({ name: 'seen', value: 'visitor_1' });
    const again = choose(route, asked({ headers: { cookie: 'a=b; seen=visitor_1' } }), chance);
    expect(again).toEqual({ chosen: first.chosen });
  });

  it('may be the tenant', () => {
    const route = routeOf({ '1.0.0': 50, '1.1.0': 50 }, { sticky: { by: 'hash', name: 'tenant' } });
    const seen = users
      .slice(0, 50)
      .map(() => choose(route, asked({ tenant: 'acme' }), chance).chosen.version);
    expect(new Set(seen).size).toBe(1);
  });
});

describe('rules', () => {
  const canaries = [
    { version: '2.0.0', header: { name: 'X-Beta', value: 'yes' } },
    { version: '1.1.0', tenants: ['acme'] },
  ];
  const route = routeOf({ '1.0.0': 100, '1.1.0': 0, '2.0.0': 0 }, { canaries });

  it.each([
    ['1.0.0', asked()],
    ['2.0.0', asked({ headers: { 'x-beta': 'yes' } })],
    ['1.0.0', asked({ headers: { 'x-beta': 'no' } })],
    ['1.1.0', asked({ tenant: 'acme' })],
    ['1.0.0', asked({ tenant: 'other' })],
    ['2.0.0', asked({ headers: { 'x-service-version': '^2', 'x-beta': 'no' } })],
    ['1.0.0', asked({ headers: { 'x-service-version': '1.x' } })],
    ['1.1.0', asked({ headers: { 'x-service-version': '>=1.1 <2' }, tenant: 'other' })],
  ])('send to %s', (version, request) => {
    expect(choose(route, request, chance).chosen.version).toBe(version);
  });

  it('refuse a range without a version, naming those there are', () => {
    const none = () => choose(route, asked({ headers: { 'x-service-version': '^3' } }), chance);
    expect(none).toThrow(VersionUnknown);
    expect(none).toThrow(/\^3/);
  });
});
