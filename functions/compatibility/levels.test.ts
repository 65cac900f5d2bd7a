import { describe, expect, it } from 'vitest';
import type { Change } from './changes.ts';
import { LevelOverride, nearest, overrideLevels } from './levels.ts';

const change: Change = {
  rule: 'endpoint-added',
  level: 'info',
  direction: 'request',
  place: { kind: 'endpoint', endpoint: 'GET /orders/{}' },
  pointer: '/paths/~1orders~1{id}/get',
  message: 'It is new',
  remedy: 'None.',
};
const rules = new Set(['endpoint-added', 'endpoint-removed']);
const reason = 'agreed with all consumers';
const level = (more: object) =>
  overrideLevels([change], [{ rule: 'endpoint-added', level: 'breaking', reason, ...more }], rules)[0]?.level;

describe('levels that a person gave', () => {
  it('stay in the change with the reason and what it was', () => {
    const overrides = [{ rule: 'endpoint-added', level: 'warning' as const, reason }];
    expect(overrideLevels([change], overrides, rules)).toEqual([
      { ...change, level: 'warning', adjusted: [{ by: 'override', from: 'info', reason }] },
    ]);
  });

  it.each([
    [{}, 'breaking'],
    [{ endpoint: 'GET /orders/{order}' }, 'breaking'],
    [{ endpoint: 'GET /orders' }, 'info'],
    [{ pointer: '/paths/~1orders~1{id}' }, 'breaking'],
    [{ pointer: '/paths/~1orders' }, 'info'],
  ])('hold where %j fits: %s', (more, expected) => expect(level(more)).toBe(expected));

  it('are given from the general to the particular: the last that fits decides', () => {
    const general = { rule: 'endpoint-added', level: 'breaking' as const, reason };
    const own = { ...general, level: 'warning' as const, endpoint: 'GET /orders/{}' };
    expect(overrideLevels([change], [general, own], rules)[0]?.level).toBe('warning');
  });

  it('of unknown rules are refused with the nearest name', () => {
    const overrides = [{ rule: 'endpoint-aded', level: 'info' as const, reason }];
    expect(() => overrideLevels([], overrides, rules)).toThrow('the nearest is endpoint-added');
    expect(() => overrideLevels([], [{ ...overrides[0], rule: '__proto__' } as never], rules)).toThrow(
      'No rule is called __proto__',
    );
  });

  it('need a reason', () => {
    expect(LevelOverride.safeParse({ rule: 'endpoint-added', level: 'info', reason: ' ' }).success).toBe(
      false,
    );
  });
});

it('the nearest word has the fewest edits', () => {
  expect(nearest('kitten', ['mitten', 'sitting'])).toBe('mitten');
  expect(nearest('', ['ab', 'a'])).toBe('a');
});
