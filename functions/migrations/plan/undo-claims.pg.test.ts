import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { operations } from '../operations/registry.ts';
import { journey } from '../testing/journey.ts';
import type { Run } from '../testing/run.ts';
import type { RowBackup, UndoClass } from './schemas.ts';

// An operation says of itself what its undo loses. Whatever new clients wrote is looked at once more after an undo and a
// second time forward: what is not as it was must be among the rows that the undo had backed up.

const literal = (value: string | number | boolean | null): string =>
  value === null ? 'NULL' : typeof value === 'string' ? pg.escapeLiteral(value) : String(value);

/** Texts of every kind that PostgreSQL can hold. */
const text = fc
  .oneof(
    fc.string({ unit: 'grapheme', maxLength: 30 }),
    fc.constantFrom('', ' ', 'a b', 'a  b', ' a', 'b ', 'Ünï cödé', "it's", '\\N', 'a\tb\nc', 'x'.repeat(60)),
  )
  .filter((value) => !value.includes('\0'));
const orNull = (values: fc.Arbitrary<string | number>) =>
  fc.oneof({ weight: 6, arbitrary: values }, { weight: 1, arbitrary: fc.constant(null) });
const numbers = fc.oneof(
  fc.integer({ min: -200, max: 200 }),
  fc.constantFrom(0, 1, 2_147_483_647, 2_147_483_648, -2_147_483_649, 9_007_199_254_740_991),
);

interface Case {
  name: string;
  operation: Record<string, unknown>;
  claim: UndoClass;
  /** What new clients see the table as. */
  table?: string;
  /** Writes of a new client to the row of this key; one that the new version refuses is not made. */
  write?: { column: string; values: fc.Arbitrary<string | number | null> };
  insert?: (id: number, value: string) => string;
  /** Some values cannot return: without this a case would prove nothing. */
  losesSome?: boolean;
}

const alter = (column: string, change: object) => ({ alter_column: { table: 'things', column, ...change } });
const cases: Case[] = [
  {
    name: 'alter_column to a wider type',
    operation: alter('n', {
      type: 'bigint',
      up: 'n',
      down: 'least(greatest(n, -2147483648), 2147483647)::int',
    }),
    claim: 'lossy',
    write: { column: 'n', values: orNull(numbers) },
    losesSome: true,
  },
  {
    name: 'alter_column from text to a number',
    operation: alter('digits', { type: 'bigint', up: 'digits::bigint', down: 'abs(digits)::text' }),
    claim: 'lossy',
    write: { column: 'digits', values: orNull(numbers) },
    losesSome: true,
  },
  {
    name: 'alter_column that changes texts',
    operation: alter('t', { type: 'varchar', up: 'lower(t)', down: 'upper(left(t, 20))' }),
    claim: 'lossy',
    write: { column: 't', values: orNull(text) },
    losesSome: true,
  },
  {
    name: 'alter_column to NOT NULL',
    operation: alter('t', { nullable: false, up: `coalesce(t, 'none')`, down: 't' }),
    claim: 'lossy',
    write: { column: 't', values: text },
  },
  {
    name: 'alter_column with a check of the same values',
    operation: alter('n', { check: { name: 'small', constraint: 'n < 1000' }, up: 'n', down: 'n' }),
    claim: 'exact',
    write: { column: 'n', values: orNull(fc.integer({ min: -5_000, max: 5_000 })) },
  },
  {
    name: 'add_column',
    operation: {
      add_column: {
        table: 'things',
        column: { name: 'extra', type: 'text', nullable: true },
        up: `t || '!'`,
      },
    },
    claim: 'lossy',
    write: { column: 'extra', values: orNull(text) },
    losesSome: true,
  },
  {
    name: 'add_column with a default',
    operation: {
      add_column: { table: 'things', column: { name: 'extra', type: 'int', nullable: true, default: '7' } },
    },
    claim: 'lossy',
    write: { column: 'extra', values: orNull(fc.integer({ min: 5, max: 9 })) },
    losesSome: true,
  },
  {
    name: 'drop_column',
    operation: { drop_column: { table: 'things', column: 'n', down: '42' } },
    claim: 'lossy',
    write: { column: 't', values: orNull(text) },
  },
  {
    name: 'rename_column',
    operation: { rename_column: { table: 'things', from: 't', to: 'words' } },
    claim: 'exact',
    write: { column: 'words', values: orNull(text) },
  },
  {
    name: 'rename_table',
    operation: { rename_table: { from: 'things', to: 'objects' } },
    claim: 'exact',
    table: 'objects',
    write: { column: 't', values: orNull(text) },
  },
  {
    name: 'create_index',
    operation: { create_index: { name: 'by_n', table: 'things', columns: [{ column: 'n' }] } },
    claim: 'exact',
    write: { column: 'n', values: orNull(fc.integer({ min: -9, max: 9 })) },
  },
  {
    name: 'drop_index',
    operation: { drop_index: { name: 'by_t' } },
    claim: 'exact',
    write: { column: 't', values: orNull(text) },
  },
  {
    name: 'drop_constraint',
    operation: { drop_constraint: { table: 'things', name: 'positive', up: 'p', down: 'abs(p)' } },
    claim: 'lossy',
    write: { column: 'p', values: orNull(fc.integer({ min: -50, max: 50 })) },
    losesSome: true,
  },
  {
    name: 'drop_multicolumn_constraint',
    operation: {
      drop_multicolumn_constraint: {
        table: 'things',
        name: 'one_each',
        up: { t: 't', n: 'n' },
        down: { t: `left(t, 3) || '#' || id`, n: 'n' },
      },
    },
    claim: 'lossy',
    write: { column: 't', values: fc.constantFrom('same', 'longer than that', 'Ünï') },
    losesSome: true,
  },
  {
    name: 'create_constraint with expressions',
    operation: {
      create_constraint: {
        table: 'things',
        name: 'short',
        type: 'check',
        columns: ['t'],
        check: 'length(t) <= 20',
        up: { t: 'left(t, 20)' },
        down: { t: 'reverse(t)' },
      },
    },
    claim: 'lossy',
    write: { column: 't', values: orNull(text) },
    losesSome: true,
  },
  {
    name: 'create_constraint in place',
    operation: {
      create_constraint: {
        table: 'things',
        name: 'small',
        type: 'check',
        columns: ['n'],
        check: 'n < 1000',
        up: { n: 'n' },
        down: { n: 'n' },
      },
    },
    claim: 'exact',
    write: { column: 'n', values: orNull(fc.integer({ min: -5_000, max: 5_000 })) },
  },
  {
    name: 'rename_constraint',
    operation: { rename_constraint: { table: 'things', from: 'positive', to: 'above_zero' } },
    claim: 'exact',
    write: { column: 'p', values: orNull(fc.integer({ min: -50, max: 50 })) },
  },
  {
    name: 'set_replica_identity',
    operation: { set_replica_identity: { table: 'things', identity: { type: 'full', index: '' } } },
    claim: 'exact',
    write: { column: 't', values: orNull(text) },
  },
  {
    name: 'drop_table',
    operation: { drop_table: { name: 'spare' } },
    claim: 'exact',
    write: { column: 't', values: orNull(text) },
  },
  {
    name: 'sql with down',
    operation: {
      sql: {
        up: 'CREATE FUNCTION halved(n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT n / 2 $$',
        down: 'DROP FUNCTION halved(int)',
      },
    },
    claim: 'lossy',
    write: { column: 'n', values: orNull(fc.integer({ min: -9, max: 9 })) },
  },
  {
    name: 'create_table',
    operation: {
      create_table: {
        name: 'notes',
        columns: [
          { name: 'id', type: 'bigint', pk: true },
          { name: 't', type: 'text', nullable: true },
        ],
      },
    },
    claim: 'lossy',
    table: 'notes',
    insert: (id, value) => `INSERT INTO notes VALUES (${id}, ${value})`,
    losesSome: true,
  },
];

const touched = 40;
const seed = 20_261_121;

it('every operation has a case', () => {
  const kinds = new Set(cases.flatMap(({ operation }) => Object.keys(operation)));
  expect([...kinds].toSorted()).toEqual(Object.keys(operations).toSorted());
});

describe('what an operation says of its undo is true of', () => {
  let url: string;
  let sql: pg.Client;
  beforeAll(async () => {
    url = await createDatabase('undo_claims');
    sql = new pg.Client({ connectionString: url });
    await sql.connect();
  });
  afterAll(() => sql.end());

  const backedUp = async ({ table, where }: RowBackup): Promise<string[]> => {
    const from = `${pg.escapeIdentifier(table.schema)}.${pg.escapeIdentifier(table.name)}`;
    const { rows } = await sql.query<{ key: string }>(`SELECT id::text AS key FROM ${from} WHERE ${where}`);
    return rows.map(({ key: found }) => found);
  };

  it.each(cases.map((one, at) => [one.name, one, `claims_${at}`] as const))('%s', async (_, one, schema) => {
    await sql.query(`CREATE SCHEMA ${schema};
      CREATE TABLE ${schema}.things (id int PRIMARY KEY, n int, t text, digits text,
        p int CONSTRAINT positive CHECK (p > 0), CONSTRAINT one_each UNIQUE (n, t));
      CREATE TABLE ${schema}.spare (id int PRIMARY KEY, t text);
      INSERT INTO ${schema}.spare SELECT g, 's' || g FROM generate_series(1, 5) g;
      CREATE INDEX by_t ON ${schema}.things (t);
      INSERT INTO ${schema}.things SELECT g, g, 't' || g, g::text, g FROM generate_series(1, 60) g;
      CREATE TABLE ${schema}.untouched AS SELECT * FROM ${schema}.things WHERE id > ${touched}`);
    const { start, asNew } = journey(url, sql, schema);
    const seen = async (run: Run) => {
      const rows = await asNew(
        run,
        `SELECT id::text AS key, to_jsonb(v)::text AS row FROM ${one.table ?? 'things'} v`,
      );
      return new Map(rows.map(({ key, row }) => [String(key), String(row)]));
    };
    const first = await start([one.operation], '01_first');
    expect(first.plan.undo).toBe(one.claim);
    await first.publish();
    await first.steps(first.plan.contract);

    let written = 0;
    const values = fc.sample(one.write?.values ?? text, { numRuns: touched, seed });
    for (const [at, value] of values.entries()) {
      const id = at + 1;
      const statement =
        one.insert?.(id, literal(value)) ??
        `UPDATE ${one.table ?? 'things'} SET ${one.write?.column} = ${literal(value)} WHERE id = ${id}`;
      await asNew(first, statement).then(
        () => {
          written += 1;
        },
        // Refused by the new version: no client of it has such a value.
        () => undefined,
      );
    }
    expect(written).toBeGreaterThan(touched / 4);
    await sql.query(`INSERT INTO ${schema}.spare VALUES (6, 'written by an old client')`);
    // Constraints that cannot return are asked about apart; what is left can go back.
    for (const { table, where } of first.plan.returning) {
      await sql.query(`DELETE FROM ${schema}.${pg.escapeIdentifier(table.name)} WHERE ${where}`);
    }
    const before = await seen(first);
    const kept = new Set((await Promise.all(first.plan.undoLosses.map(backedUp))).flat());
    await first.steps([...first.plan.undoContract, ...first.plan.rollback]);

    // Old clients went on with what new ones do not see.
    const { rows: spare } = await sql.query(
      `SELECT count(*)::int AS rows, max(t) AS last FROM ${schema}.spare`,
    );
    expect(spare).toEqual([{ rows: 6, last: 'written by an old client' }]);
    const { rows: changed } = await sql.query(
      `SELECT id FROM (SELECT * FROM ${schema}.untouched EXCEPT SELECT * FROM ${schema}.things) AS d`,
    );
    expect(changed, 'rows that no new client wrote').toEqual([]);

    const second = await start([one.operation], '02_second');
    await second.publish();
    const after = await seen(second);
    const lost = [...before.keys()].filter((key) => before.get(key) !== after.get(key));
    expect(
      lost.filter((key) => !kept.has(key)).map((key) => ({ before: before.get(key), after: after.get(key) })),
      'rows that changed and were not backed up',
    ).toEqual([]);
    if (one.claim === 'exact') expect({ lost, kept: kept.size }).toEqual({ lost: [], kept: 0 });
    expect(lost.length > 0, `${lost.length} of ${written} cannot return`).toBe(one.losesSome ?? false);
    await second.steps(second.plan.rollback);
  });

  it('sql without down: none', async () => {
    const { start } = journey(url, sql);
    const { plan } = await start([{ sql: { up: 'CREATE TABLE once (id int)' } }], '03_once');
    expect(plan.undo).toBe('none');
  });
});
