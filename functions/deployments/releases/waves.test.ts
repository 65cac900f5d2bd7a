import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MemberFacts, wavesOf } from './waves.ts';

const member = (service: string, more: Partial<MemberFacts> = {}): MemberFacts => ({
  service,
  version: '2.0.0',
  from: '1.0.0',
  dependencies: {},
  broken: [],
  accepted: false,
  ...more,
});

describe('the order of a release', () => {
  it('moves every dependency before its dependant, everybody once, and not more at once than asked', () => {
    const graph = fc
      .integer({ min: 1, max: 12 })
      .chain((size) =>
        fc.tuple(
          fc.array(fc.array(fc.nat(size - 1), { maxLength: 4 }), { minLength: size, maxLength: size }),
          fc.integer({ min: 1, max: 4 }),
          fc.shuffledSubarray([...Array(size).keys()], { minLength: size }),
        ),
      );
    fc.assert(
      fc.property(graph, ([edges, atOnce, shuffled]) => {
        // Only to those with a smaller number: no cycles.
        const members = shuffled.map((at) =>
          member(`s${at}`, {
            dependencies: Object.fromEntries(
              (edges[at] ?? []).filter((other) => other < at).map((other) => [`s${other}`, '>=1']),
            ),
          }),
        );
        const { waves, problems } = wavesOf(members, atOnce);
        expect(problems).toEqual([]);
        expect(waves.flat().sort()).toEqual(members.map(({ service }) => service).sort());
        const waveOf = (name: string) => waves.findIndex((wave) => wave.includes(name));
        for (const { service, dependencies } of members) {
          for (const name of Object.keys(dependencies)) expect(waveOf(name)).toBeLessThan(waveOf(service));
        }
        for (const wave of waves) expect(wave.length).toBeLessThanOrEqual(atOnce);
      }),
    );
  });

  it('names a cycle', () => {
    const { waves, problems } = wavesOf(
      [
        member('a', { dependencies: { b: '*' } }),
        member('b', { dependencies: { c: '*' } }),
        member('c', { dependencies: { b: '*' } }),
      ],
      5,
    );
    expect(waves).toEqual([]);
    expect(problems).toEqual(['Each waits for the next: b → c → b']);
  });

  it('moves a dependant first where the new dependency breaks the one in use', () => {
    const { waves, harmless } = wavesOf(
      [
        member('orders', { broken: [{ service: 'shop', version: '1.0.0', range: '^1' }] }),
        member('shop', { dependencies: { orders: '>=1' } }),
      ],
      5,
    );
    expect(waves).toEqual([['shop'], ['orders']]);
    expect(harmless.get('orders')).toBe('shop 1.0.0 is replaced by 2.0.0 in the same release');
  });

  it.each<[string, MemberFacts[], RegExp]>([
    [
      'two that may neither of them move first',
      [
        member('orders', { broken: [{ service: 'shop', version: '1.0.0', range: '^1' }] }),
        member('shop', { dependencies: { orders: '^2' } }),
      ],
      /neither may move first/,
    ],
    [
      'a version that the set does not satisfy',
      [member('orders'), member('shop', { dependencies: { orders: '^3' } })],
      /shop 2.0.0 needs orders \^3/,
    ],
    [
      'whoever breaks a service that does not move',
      [member('orders', { broken: [{ service: 'mail', version: '1.0.0', range: '^1' }] })],
      /breaks mail 1.0.0/,
    ],
  ])('refuses %s', (_, members, found) => {
    expect(wavesOf(members, 5)).toMatchObject({ waves: [], problems: [expect.stringMatching(found)] });
  });
});
