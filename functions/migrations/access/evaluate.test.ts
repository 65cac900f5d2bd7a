import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { role } from '#platform/roles.ts';
import { Action, actionFacts } from './actions.ts';
import {
  type AccessRules,
  allows,
  allowsEverywhere,
  allowsSomewhere,
  type DatabaseFacts,
  groupsThatMay,
  type Who,
} from './evaluate.ts';
import { NewPermission, type Permission } from './schemas.ts';

const shop: DatabaseFacts = { id: 'db_1', name: 'shop', labels: { tier: 'gold' } };
const bank: DatabaseFacts = { id: 'db_2', name: 'bank', labels: { tier: 'gold', team: 'money' } };
const now = Date.parse('2026-03-02T12:00:00Z');

const permission = (more: Partial<Permission>): Permission => ({
  id: 'per_1',
  group: 'team',
  actions: ['start'],
  reason: 'their service',
  grantedAt: '2026-03-01T00:00:00Z',
  grantedBy: 'ada',
  revoked: null,
  ...more,
});
const rules = (permissions: Permission[], restricted: string[] = []): AccessRules => ({
  environment: 'production',
  now,
  permissions,
  restricted: new Set(restricted),
});
const team: Who = { groups: ['team'], roles: [] };
const operator: Who = { groups: ['theseus:operator'], roles: ['viewer', 'operator'] };
const administrator: Who = { groups: [], roles: ['viewer', 'operator', 'administrator'] };

describe('rights', () => {
  it('come from a role on every database that is not restricted', () => {
    expect(allows(operator, 'start', shop, rules([]))).toBe(true);
    expect(allows(operator, 'approve', shop, rules([]))).toBe(false);
    expect(allows(operator, 'start', shop, rules([], ['db_1']))).toBe(false);
    expect(allows(administrator, 'start', shop, rules([], ['db_1']))).toBe(true);
    expect(groupsThatMay('start', shop, rules([permission({ databases: ['shop'] })], ['db_1']))).toEqual([
      'team',
    ]);
  });

  it('come from a permission where it says: by id, name, labels, environment and time', () => {
    const may = (more: Partial<Permission>, thing: DatabaseFacts | 'platform' = shop) =>
      allows(team, 'start', thing, rules([permission(more)], ['db_1', 'db_2']));
    expect(may({})).toBe(true);
    expect(may({ databases: ['shop'] })).toBe(true);
    expect(may({ databases: ['db_1'] })).toBe(true);
    expect(may({ databases: ['bank'] })).toBe(false);
    expect(may({ labels: { tier: 'gold', team: 'money' } })).toBe(false);
    expect(may({ labels: { tier: 'gold', team: 'money' } }, bank)).toBe(true);
    expect(may({ databases: ['shop'], labels: { tier: 'silver' } })).toBe(false);
    expect(may({ environments: ['dev', 'staging'] })).toBe(false);
    expect(may({ environments: ['production'] })).toBe(true);
    expect(may({ until: '2026-03-02T12:00:01Z' })).toBe(true);
    expect(may({ until: '2026-03-02T13:00:00+01:00' })).toBe(false);
    expect(may({ group: 'others' })).toBe(false);
    expect(may({ actions: ['plan'] })).toBe(false);
    expect(may({ revoked: { at: '2026-03-01T00:00:00Z', by: 'ada', reason: 'left' } })).toBe(false);
    expect(may({ databases: ['shop'] }, 'platform')).toBe(false);
  });

  it('to break the glass are nobody’s until they are granted', () => {
    const everyRole: Who = { groups: [], roles: role.options };
    expect(allows(everyRole, 'break_glass', shop, rules([]))).toBe(false);
    expect(allows(everyRole, 'break_glass', shop, rules([permission({ actions: ['break_glass'] })]))).toBe(
      false,
    );
    expect(allows(team, 'break_glass', shop, rules([permission({ actions: ['break_glass'] })]))).toBe(true);
  });

  it('to manage permissions are not granted, those of the platform not for single databases', () => {
    const asked = { group: 'team', reason: 'x' };
    const pointers = (value: object) =>
      NewPermission.safeParse({ ...asked, ...value }).error?.issues.map(({ path }) => path.join('/'));
    expect(pointers({ actions: ['manage_permissions'] })).toEqual(['actions']);
    expect(pointers({ actions: ['start', 'read_audit'], databases: ['shop'] })).toEqual(['actions']);
    expect(pointers({ actions: ['read_audit'] })).toBeUndefined();
    expect(pointers({ actions: ['start'], labels: {} })).toEqual(['labels']);
  });
});

const groups = ['team', 'other', 'theseus:operator'];
const label = fc.constantFrom('gold', 'silver');
const anyDatabase: fc.Arbitrary<DatabaseFacts> = fc
  .record({ number: fc.integer({ min: 1, max: 4 }), tier: label })
  .map(({ number, tier }) => ({ id: `db_${number}`, name: `shop${number}`, labels: { tier } }));
const anyWho: fc.Arbitrary<Who> = fc.record({
  groups: fc.subarray(groups),
  roles: fc.subarray(role.options),
});
const anyAction = fc.constantFrom(...Action.options);
const anyPermission: fc.Arbitrary<Permission> = fc
  .record({
    group: fc.constantFrom(...groups),
    actions: fc.subarray(Action.options, { minLength: 1 }),
    databases: fc.option(fc.subarray(['db_1', 'shop2', 'shop3'], { minLength: 1 }), { nil: undefined }),
    labels: fc.option(
      label.map((tier) => ({ tier })),
      { nil: undefined },
    ),
    past: fc.boolean(),
    elsewhere: fc.boolean(),
  })
  .map(({ past, elsewhere, databases, labels, ...rest }) =>
    permission({
      ...rest,
      ...(databases && { databases }),
      ...(labels && { labels }),
      ...(past && { until: '2026-01-01T00:00:00Z' }),
      ...(elsewhere && { environments: ['dev' as const] }),
    }),
  );
const anyRules = fc
  .record({
    permissions: fc.array(anyPermission, { maxLength: 5 }),
    restricted: fc.subarray(['db_1', 'db_2', 'db_3', 'db_4']),
  })
  .map(({ permissions, restricted }) => rules(permissions, restricted));
const anyThing = fc.oneof(anyDatabase, fc.constant('platform' as const));

describe('whatever the permissions are', () => {
  it('one more never takes a right away', () => {
    fc.assert(
      fc.property(
        anyWho,
        anyAction,
        anyThing,
        anyRules,
        anyPermission,
        (who, action, thing, before, more) => {
          const after = { ...before, permissions: [...before.permissions, more] };
          if (allows(who, action, thing, before)) expect(allows(who, action, thing, after)).toBe(true);
        },
      ),
    );
  });

  it('one for a database gives nothing on another, nor on the platform', () => {
    fc.assert(
      fc.property(
        anyWho,
        anyAction,
        anyThing,
        anyRules,
        anyPermission,
        (who, action, thing, before, more) => {
          const other = thing !== 'platform' && (thing.id === 'db_1' || thing.name === 'shop1');
          fc.pre(!other);
          const after = {
            ...before,
            permissions: [...before.permissions, { ...more, databases: ['db_1', 'shop1'] }],
          };
          expect(allows(who, action, thing, after)).toBe(allows(who, action, thing, before));
        },
      ),
    );
  });

  it('who may do something everywhere may do it to any, and who may to one may somewhere', () => {
    fc.assert(
      fc.property(anyWho, anyAction, anyDatabase, anyRules, (who, action, database, all) => {
        const one = allows(who, action, database, all);
        if (allowsEverywhere(who, action, all)) expect(one).toBe(true);
        if (one) expect(allowsSomewhere(who, action, all)).toBe(true);
      }),
    );
  });

  it('a restriction leaves to roles below administrator nothing on its database', () => {
    fc.assert(
      fc.property(anyWho, anyAction, anyDatabase, (who, action, database) => {
        const closed = allows(who, action, database, rules([], [database.id]));
        const wanted = actionFacts[action].role;
        const byRole = wanted !== null && who.roles.includes(wanted);
        expect(closed).toBe(byRole && who.roles.includes('administrator'));
      }),
    );
  });
});
