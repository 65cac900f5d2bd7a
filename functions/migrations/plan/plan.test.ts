import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMigrationFile } from '../file/parse.ts';
import { planHash } from './hash.ts';
import { createPlan } from './plan.ts';
import { Plan, type Step } from './schemas.ts';
import type { Snapshot } from './snapshot.ts';
import { column, index, shop, snapshot, table } from './testing/snapshot.ts';

const planOf = (operations: unknown[], from: Snapshot = shop(), name = '01_m') =>
  createPlan({ file: parseMigrationFile(JSON.stringify({ name, operations })), snapshot: from });
const example = async (name: string, from: Snapshot = shop()) => {
  const text = await readFile(new URL(`../../../examples/${name}`, import.meta.url), 'utf8');
  return createPlan({ file: parseMigrationFile(text, { fileName: name }), snapshot: from });
};
const sqlOf = (steps: Step[]) =>
  steps.flatMap((step) =>
    step.kind === 'transaction'
      ? step.statements.map(({ sql }) => sql)
      : step.kind === 'create_index'
        ? [step.sql]
        : [],
  );
const groupsOf = (plan: Plan) =>
  plan.expand.flatMap((step) =>
    step.kind === 'transaction'
      ? step.dualWrites.flatMap((change) => (change.action === 'add' ? [change.group] : []))
      : [],
  );
const codes = (plan: Plan) => plan.notes.map(({ code, severity }) => `${severity} ${code}`);

describe('sql operations', () => {
  it('are linted with the sizes of the database, apart from tables that the file makes', async () => {
    const notesOf = async (operations: unknown[]) =>
      (await planOf(operations)).notes.filter(({ code }) => code === 'sql_finding');
    const index = { sql: { up: 'SELECT 1;\nCREATE INDEX i ON orders (lower(note))', down: 'DROP INDEX i' } };
    const [note, more] = await notesOf([index]);
    expect(more).toBeUndefined();
    expect(note).toMatchObject({ severity: 'warning', operation: 0 });
    expect(note?.text).toMatch(
      /^Operation 1, line 2: Writes to "orders" wait while "i" is built\. SHARE: while the index is built: roughly .+ rows, .+\. \(require-concurrent-index-creation\)$/,
    );
    const made = { create_table: { name: 'logs', columns: [{ name: 'id', type: 'int', pk: true }] } };
    const onMade = { sql: { up: 'CREATE INDEX i ON logs ((id + 1))', down: 'DROP INDEX i' } };
    expect(await notesOf([made, onMade])).toEqual([]);
    expect(await notesOf([onMade, made])).toHaveLength(1);
  });
});

describe('groups', () => {
  it('joins a split: both new columns and the dropped one', async () => {
    const [group, ...others] = groupsOf(await example('01-split-name.yaml'));
    expect(others).toEqual([]);
    expect(group).toMatchObject({
      old: ['name'],
      new: [{ column: 'first_name' }, { column: 'last_name' }],
      version: 'public_01-split-name',
    });
    expect(group?.ups.map((up) => up.column)).toEqual(['first_name', 'last_name']);
    expect(group?.downs[0]?.expression).toContain('NEW."first_name"');
  });

  it('keeps apart what new clients alone decide, though it reads the same columns', async () => {
    const plan = await planOf([
      {
        alter_column: {
          table: 'orders',
          column: 'amount',
          type: 'bigint',
          up: 'amount',
          down: 'amount::int',
        },
      },
      { add_column: { table: 'orders', column: { name: 'free', type: 'boolean' }, up: 'amount = 0' } },
    ]);
    expect(groupsOf(plan).map(({ old, downs }) => [old, downs.length])).toEqual([
      [['amount'], 1],
      [['amount'], 0],
    ]);
    expect(plan.backfill).toHaveLength(1);
    expect(plan.backfill[0]?.set.map(({ expression }) => expression.startsWith('CASE WHEN'))).toEqual([
      true,
      true,
    ]);
  });

  it('tells columns of both versions apart from those of one', async () => {
    const operations = [
      {
        alter_column: {
          table: 'orders',
          column: 'amount',
          type: 'bigint',
          up: 'amount + customer_id',
          down: '(amount - customer_id)::int',
        },
      },
    ];
    expect(groupsOf(await planOf(operations))[0]).toMatchObject({ old: ['amount'], shared: ['customer_id'] });
  });

  it('reads in down the new form of another changed column, wherever its operation stands', async () => {
    const plan = await planOf([
      { drop_column: { table: 'orders', column: 'note', down: `'#' || amount` } },
      {
        alter_column: {
          table: 'orders',
          column: 'amount',
          type: 'text',
          up: 'amount::text',
          down: 'amount::int',
        },
      },
    ]);
    const down = groupsOf(plan)
      .flatMap((group) => group.downs)
      .find(({ column }) => column === 'note');
    expect(down?.expression).toMatch(/NEW\."_theseus_[0-9a-f]{8}_amount"/);
  });
});

describe('constraints', () => {
  it('makes a column NOT NULL at constrain where old clients cannot break it, else at contract with a guard', async () => {
    const column = { name: 'label', type: 'text' };
    const sure = await planOf([{ add_column: { table: 'orders', column, up: `coalesce(note, '')` } }]);
    const unsure = await planOf([{ add_column: { table: 'orders', column, up: 'note' } }]);
    expect(sqlOf(sure.constrain).join()).toContain('SET NOT NULL');
    expect(sqlOf(unsure.constrain)).toEqual([]);
    expect(sqlOf(unsure.contract).join()).toContain('"label" SET NOT NULL');
    expect(groupsOf(unsure)[0]?.guards).toMatchObject([
      { code: '23502', column: 'label', expression: 'NEW."label" IS NOT NULL' },
    ]);
    expect(codes(unsure)).toContain('info enforced_at_contract');
    expect(unsure.checks[0]?.sql).toContain('IS NULL');
  });

  it('gives a constant default at once and NOT NULL with it', async () => {
    const plan = await planOf([
      { add_column: { table: 'orders', column: { name: 'kind', type: 'text', default: `'a'` } } },
    ]);
    expect(sqlOf(plan.expand)).toEqual([
      `ALTER TABLE "public"."orders" ADD COLUMN "kind" text DEFAULT 'a' NOT NULL`,
    ]);
    expect([plan.backfill, plan.verify, groupsOf(plan)]).toEqual([[], [], []]);
  });

  it('gives no physical default beside an up: old clients’ rows would look like new ones', async () => {
    const plan = await example('03-add-not-null.yaml');
    expect(sqlOf(plan.expand)).toEqual(['ALTER TABLE "public"."orders" ADD COLUMN "status" text']);
    expect(sqlOf(plan.publish).join()).toContain(`"status" SET DEFAULT 'open'`);
    expect(sqlOf(plan.removal).join()).toContain(`"status" SET DEFAULT 'open'`);
  });

  it('fills a volatile default once', async () => {
    const plan = await planOf([
      {
        add_column: {
          table: 'orders',
          column: { name: 'token', type: 'uuid', default: 'gen_random_uuid()' },
        },
      },
    ]);
    expect(sqlOf(plan.expand)).toHaveLength(2);
    expect(plan.backfill[0]).toMatchObject({
      unwritten: '"token" IS NULL',
      set: [{ expression: 'gen_random_uuid()' }],
    });
    expect(plan.verify[0]).toMatchObject({ beforePublish: '("token" IS NOT NULL)', repair: [] });
  });

  it('says that upserts over a unique column wait for the contract where up may join values', async () => {
    const change = (up: string) =>
      planOf([{ alter_column: { table: 'customers', column: 'email', type: 'text', up, down: 'email' } }]);
    expect(codes(await change('lower(email)'))).toContain('warning upsert_until_contract');
    expect(codes(await change('email'))).not.toContain('warning upsert_until_contract');
  });

  it('asks before anything runs whether a unique value is one', async () => {
    const operations = [
      {
        alter_column: {
          table: 'customers',
          column: 'name',
          unique: { name: 'one_name' },
          up: 'lower(name)',
          down: 'name',
        },
      },
    ];
    const plan = await planOf(operations);
    expect(plan.checks.map(({ sql }) => sql).join()).toContain(
      'GROUP BY (CAST((lower("name")) AS text)) HAVING count(*) > 1',
    );
    expect(plan.index).toEqual([]);
    expect(plan.contract.map(({ kind }) => kind).slice(0, 2)).toEqual(['create_index', 'transaction']);
  });
});

describe('verification', () => {
  it('never gives NULL and compares json through its text', async () => {
    const from = snapshot([table('t', 1, [column('a', 'jsonb')])]);
    const plan = await planOf(
      [{ alter_column: { table: 't', column: 'a', type: 'json', up: 'a::json', down: 'a::jsonb' } }],
      from,
    );
    expect(plan.verify[0]?.beforePublish).toMatch(/::text IS NOT DISTINCT FROM CAST\(\(.*\) AS json\)::text/);
  });

  it('demands after publish either direction, and nothing where new clients decide alone', async () => {
    const [customers, amount, status] = (await example('05-shop.yaml')).verify;
    expect(customers?.afterPublish).toContain(') OR (');
    expect(amount?.afterPublish).toContain(') OR (');
    expect(status?.afterPublish).toBe('true');
  });
});

describe('what the reader must agree to', () => {
  it('names triggers, publications, row security, views and fragile statements', async () => {
    const from = snapshot(
      [
        table('t', 1, [column('a', 'int'), column('b', 'int')], {
          triggers: [{ name: 'audit', definition: 'CREATE TRIGGER audit …' }],
          publications: ['feed'],
          rowSecurity: true,
          dependants: [{ schema: 'public', name: 'report', columns: ['a'] }],
        }),
      ],
      {
        replicationSlots: ['slot'],
        standbys: 2,
        fragileStatements: [{ query: 'COPY t FROM STDIN', reason: 'COPY without columns', calls: 3 }],
      },
    );
    const plan = await planOf(
      [{ alter_column: { table: 't', column: 'a', type: 'text', up: 'a::text', down: 'a::int' } }],
      from,
    );
    expect(codes(plan)).toEqual(
      expect.arrayContaining([
        'consent dependants',
        'consent existing_triggers',
        'consent publications',
        'warning row_security',
        'warning fragile_statement',
        'consent replication_slots',
        'info standbys',
      ]),
    );
    expect(plan.rights).toContainEqual({
      kind: 'bypass_rls',
      table: { schema: 'public', name: 't', oid: 1 },
    });
    const untouched = await planOf([{ rename_column: { table: 't', from: 'b', to: 'c' } }], from);
    expect(codes(untouched)).not.toContain('consent existing_triggers');
  });

  it('says that an index on a column of another kind does not carry over', async () => {
    const from = snapshot([
      table('t', 1, [column('a', 'int')], {
        indexes: [
          {
            ...index('t', 'on_sum', []),
            columns: [null],
            definition: 'CREATE INDEX on_sum ON public.t USING btree ((a + 1))',
          },
        ],
      }),
    ]);
    const plan = await planOf(
      [{ alter_column: { table: 't', column: 'a', type: 'text', up: 'a::text', down: 'a::int' } }],
      from,
    );
    expect(codes(plan)).toContain('warning not_copied');
    expect(plan.index).toEqual([]);
  });

  it('calls a dropped table a high risk and an SQL without down one that cannot be undone', async () => {
    expect((await planOf([{ drop_table: { name: 'items' } }])).risk.level).toBe('high');
    const raw = await planOf([{ sql: { up: 'SELECT 1' } }]);
    expect([raw.undo, raw.risk.level]).toEqual(['none', 'high']);
    expect((await planOf([{ rename_table: { from: 'items', to: 'things' } }])).risk.level).toBe('low');
  });
});

describe('locks', () => {
  it('come in OID order, once each, with the foreign key’s other table', async () => {
    const plan = await planOf([
      {
        add_column: {
          table: 'orders',
          column: {
            name: 'giver',
            type: 'bigint',
            nullable: true,
            references: { name: 'giver_fk', table: 'customers', column: 'id' },
          },
        },
      },
      { add_column: { table: 'customers', column: { name: 'x', type: 'int', nullable: true } } },
      { add_column: { table: 'orders', column: { name: 'y', type: 'int', nullable: true } } },
    ]);
    const [expand] = plan.expand;
    const [foreignKey] = plan.constrain;
    expect(expand?.kind === 'transaction' && expand.locks.map(({ oid }) => oid)).toEqual([101, 102]);
    expect(foreignKey?.kind === 'transaction' && foreignKey.locks.map(({ oid }) => oid)).toEqual([101, 102]);
  });
});

describe('hostile names', () => {
  it('come out quoted everywhere', async () => {
    const evil = `x"; DROP TABLE customers; --'`;
    const quoted = `"${evil.replaceAll('"', '""')}"`;
    const from = snapshot(
      [
        table(evil, 1, [column(evil, 'text', { notNull: true })], {
          owner: evil,
          grants: [{ grantee: evil, privileges: ['SELECT'], columns: [evil] }],
        }),
      ],
      { schema: evil },
    );
    const plan = await planOf(
      [{ alter_column: { table: evil, column: evil, type: 'varchar(9)', up: quoted, down: quoted } }],
      from,
      evil,
    );
    const every = [
      ...plan.expand,
      ...plan.constrain,
      ...plan.publish,
      ...plan.contract,
      ...plan.rollback,
      ...plan.removal,
    ];
    for (const sql of sqlOf(every)) {
      // Inside a DO the whole body is a literal, with its quotes doubled.
      const outside = sql.replaceAll(/E?'(?:[^'\\]|''|\\.)*'/g, '').replaceAll(/"(?:[^"]|"")*"/g, '');
      expect(outside).not.toContain('DROP TABLE customers');
    }
  });
});

describe('the hash', () => {
  it('is that of the content, whatever the order of keys', async () => {
    const plan = await example('05-shop.yaml');
    const shuffle = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(shuffle);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .toReversed()
          .map(([key, inner]) => [key, shuffle(inner)]),
      );
    };
    expect(planHash(Plan.parse(shuffle(plan)))).toBe(planHash(plan));
    expect(planHash(await example('05-shop.yaml'))).toBe(planHash(plan));
  });

  it('changes with anything in the plan', async () => {
    const plan = await example('01-split-name.yaml');
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (text) => {
        expect(planHash({ ...plan, name: plan.name + text })).not.toBe(planHash(plan));
      }),
      { numRuns: 20 },
    );
  });
});
