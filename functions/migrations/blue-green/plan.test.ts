import { describe, expect, it } from 'vitest';
import { MigrationFileInvalid } from '../errors.ts';
import { planHash } from '../plan/hash.ts';
import type { Asked } from './asked.ts';
import type { FoundTable, SideFacts } from './facts.ts';
import { parseBlueGreenFile } from './file.ts';
import { createBlueGreenPlan } from './plan.ts';
import { findProblems } from './problems.ts';
import { newState } from './schemas.ts';
import { waitSeconds } from './soak.ts';

const orders: FoundTable = {
  name: 'orders',
  oid: 1,
  kind: 'r',
  partition: false,
  root: 'orders',
  persistent: true,
  identity: 'd',
  owned: true,
  estimatedRows: 10,
  bytes: 8_192,
  key: [{ column: 'id', type: 'bigint', text: false }],
  references: [],
  columns: ['id', 'note'],
};
const side: SideFacts = {
  version: 180_000,
  database: 'shop',
  server: '1',
  role: 'theseus',
  superuser: false,
  mayReplicate: true,
  maySubscribe: true,
  mayCreate: true,
  walLevel: 'logical',
  slotsFree: 10,
  sendersFree: 10,
  workersFree: 4,
  slotKeepBytes: 2 ** 40,
  encoding: 'UTF8',
  collation: 'c en_US.UTF-8 2.36',
  extensions: [],
  available: ['hstore'],
  largeObjects: false,
  relations: 0,
  grantees: [],
  owners: ['theseus'],
  roles: ['theseus'],
  tables: [orders],
};
const file = (text = '') =>
  parseBlueGreenFile(`strategy: blue_green\ntarget: green\n${text}`, 'move.yaml') ?? expect.unreachable();
const asked = (blue: Partial<SideFacts> = {}, green: Partial<SideFacts> = {}, text = ''): Asked => ({
  file: file(text),
  schema: 'public',
  source: 'blue',
  target: { id: 'db_2', name: 'green' },
  blue: { ...side, ...blue },
  green: { ...side, server: '2', tables: [], ...green },
});
const codes = (...of: Parameters<typeof asked>) => findProblems(asked(...of)).map(({ code }) => code);

describe('a file that moves a schema', () => {
  it('is told from any other', () => {
    expect(parseBlueGreenFile('operations: []', 'a.yaml')).toBeUndefined();
    expect(parseBlueGreenFile(': [', 'a.yaml')).toBeUndefined();
    expect(file()).toMatchObject({ name: 'move', target: 'green', max_slot_lag_bytes: 10 * 2 ** 30 });
  });

  it('is refused field by field', () => {
    const wrong = 'strategy: blue_green\ntables: []\nslots: 1\n';
    expect(() => parseBlueGreenFile(wrong, 'a.yaml')).toThrow(MigrationFileInvalid);
    try {
      parseBlueGreenFile(wrong, 'a.yaml');
    } catch (error) {
      expect(error).toMatchObject({
        problems: [{ pointer: '/target' }, { pointer: '/tables' }, { pointer: '/slots' }],
      });
    }
  });
});

describe('what stands in the way of a move', () => {
  it('is nothing between two databases that can', () => {
    expect(codes()).toEqual([]);
  });

  it.each<[string[], Partial<SideFacts>, Partial<SideFacts>]>([
    [['wal_level'], { walLevel: 'replica' }, {}],
    [['wal_level'], {}, { walLevel: 'replica' }],
    [['replication_slots'], { slotsFree: 2 }, {}],
    [['replication_workers'], {}, { workersFree: 1 }],
    [
      ['replication_right', 'subscription_right', 'create_right'],
      { mayReplicate: false, maySubscribe: false, mayCreate: false },
      {},
    ],
    [['target_not_empty'], {}, { relations: 3 }],
    [['target_older'], {}, { version: 170_000 }],
    [['same_database'], {}, { server: '1' }],
    // Two databases of one server share what it has.
    [[], {}, { server: '1', database: 'shop_green', slotsFree: 4, workersFree: 3 }],
    [
      ['replication_slots', 'replication_workers'],
      { slotsFree: 3, sendersFree: 3, workersFree: 2 },
      { server: '1', database: 'shop_green', slotsFree: 3, sendersFree: 3, workersFree: 2 },
    ],
    [['no_tables'], { tables: [] }, {}],
    [['no_replica_identity'], { tables: [{ ...orders, key: null }] }, {}],
    [['no_replica_identity'], { tables: [{ ...orders, identity: 'n' }] }, {}],
    [['not_owner'], { tables: [{ ...orders, owned: false }] }, {}],
    [['foreign_tables'], { tables: [orders, { ...orders, name: 'far', kind: 'f', key: null }] }, {}],
    [['extensions'], { extensions: ['hstore', 'postgis'] }, {}],
    [['roles'], { grantees: ['clerk'] }, {}],
    [['encoding'], {}, { encoding: 'LATIN1' }],
  ])('%s', (expected, blue, green) => {
    const found = findProblems(asked(blue, green));
    expect(found.map(({ code }) => code)).toEqual(expected);
    for (const { action } of found) expect(action).not.toBe('');
  });

  it('is a table whose partner stays behind', () => {
    const items = { ...orders, name: 'items', root: 'items', references: ['orders'] };
    expect(codes({ tables: [orders, items] }, {}, 'tables: [items]')).toEqual(['reference_left_behind']);
    expect(codes({ tables: [orders, items] }, {}, 'tables: [items, orders]')).toEqual([]);
  });
});

describe('the plan of a move', () => {
  it('lets both sides write where both can keep changes from going in a circle', () => {
    expect(createBlueGreenPlan(asked()).blueGreen.twoWay).toBe(true);
    expect(createBlueGreenPlan(asked({ version: 150_000 })).blueGreen.twoWay).toBe(false);
    expect(createBlueGreenPlan(asked({}, {}, 'two_way: false')).blueGreen.twoWay).toBe(false);
    expect(() => createBlueGreenPlan(asked({ version: 150_000 }, {}, 'two_way: true'))).toThrow(
      'PostgreSQL 16',
    );
  });

  it('refuses tables that are not there, or are partitions', () => {
    const part = { ...orders, name: 'part', partition: true };
    expect(() => createBlueGreenPlan(asked({ tables: [orders, part] }, {}, 'tables: [part, none]'))).toThrow(
      'part, none',
    );
  });

  it('asks for a consent to what stays behind, and gates partitions of what goes along alone', () => {
    const part = (name: string, root: string) => ({ ...orders, name, root, partition: true });
    const tables = [
      { ...orders, kind: 'p' },
      part('orders_1', 'orders'),
      { ...orders, name: 'old', root: 'old' },
      part('old_1', 'old'),
      { ...orders, name: 'cache', root: 'cache', persistent: false },
    ];
    const plan = createBlueGreenPlan(asked({ tables, largeObjects: true }, {}, 'tables: [orders]'));
    expect(plan.notes.filter(({ severity }) => severity === 'consent').map(({ code }) => code)).toEqual([
      'unlogged_rows',
      'tables_left_behind',
      'large_objects',
    ]);
    expect(plan.blueGreen.gated).toEqual(['"public"."orders"', '"public"."orders_1"']);
  });

  it('compares by keys where text sorts otherwise', () => {
    const text = { ...orders, key: [{ column: 'id', type: 'text', text: true }] };
    const other = { collation: 'c en_US.UTF-8 2.41' };
    const of = (table: FoundTable, green = {}) =>
      createBlueGreenPlan(asked({ tables: [table] }, green)).blueGreen.tables[0]?.sameOrder;
    expect([of(text), of(text, other), of(orders, other)]).toEqual([true, false, true]);
  });

  it('is the same plan when tables have grown', () => {
    const grown = { ...orders, estimatedRows: 1_000_000, bytes: 2 ** 30 };
    expect(planHash(createBlueGreenPlan(asked({ tables: [grown] })))).toBe(
      planHash(createBlueGreenPlan(asked())),
    );
  });
});

describe('the looks at a soak', () => {
  const at = Date.parse('2026-01-01T00:00:00.000Z');
  const soak = (soakSeconds: number, passed: number, givenUp: string | null = null) => {
    const blueGreen = {
      ...newState({ id: 'db_2', name: 'green' }),
      switchedAt: new Date(at).toISOString(),
      givenUp,
    };
    // Only its length is looked at.
    const options = { soakSeconds } as Parameters<typeof waitSeconds>[0]['options'];
    return waitSeconds({ blueGreen, options, soakUntil: null }, at + passed * 1_000);
  };

  it('come once a minute, seldom enough in a long one, and end with it', () => {
    expect(soak(3_600, 0)).toBe(60);
    expect(soak(3_600, 3_590)).toBe(10);
    expect(soak(3_600, 3_600)).toBe(0);
    expect(soak(30 * 86_400, 0)).toBe(5_184);
    expect(soak(0, 0)).toBe(0);
    expect(soak(3_600, 0, 'too much log')).toBe(0);
  });
});
