import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import type { Snapshot } from '../../../plan/snapshot.ts';
import { openSession, type Session } from '../connection.ts';
import { takeFence } from '../fence.ts';
import { fragility } from './fragile.ts';
import * as queries from './queries.ts';
import * as shapeQueries from './shape-queries.ts';
import { readSnapshot } from './snapshot.ts';

let session: Session;
let snapshot: Snapshot;

const setUp = `
CREATE SCHEMA "Läden";
CREATE ROLE reader_of_columns;
CREATE TABLE "Läden".customers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "full ""name""" text NOT NULL DEFAULT 'nobody',
  email varchar(80) UNIQUE CHECK (email LIKE '%@%'),
  loud text GENERATED ALWAYS AS (upper("full ""name""")) STORED);
COMMENT ON COLUMN "Läden".customers.email IS 'where to write';
COMMENT ON TABLE "Läden".customers IS 'who buys';
CREATE TABLE "Läden".orders (code text NOT NULL, customer bigint REFERENCES "Läden".customers, total numeric(10,2), tags text[]);
CREATE UNIQUE INDEX orders_partial ON "Läden".orders (code) WHERE total > 0;
CREATE UNIQUE INDEX orders_zz_code ON "Läden".orders (code) INCLUDE (total);
CREATE INDEX orders_expression ON "Läden".orders (customer, lower(code));
CREATE TABLE "Läden".events (at date NOT NULL, what text) PARTITION BY RANGE (at);
CREATE TABLE "Läden".events_2026 PARTITION OF "Läden".events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE VIEW public.rich AS SELECT customer FROM "Läden".orders WHERE total > 100;
CREATE FUNCTION "Läden".touch() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN RETURN NEW; END $f$;
CREATE FUNCTION "Läden".roll() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 4';
CREATE TRIGGER touched BEFORE UPDATE ON "Läden".orders FOR EACH ROW EXECUTE FUNCTION "Läden".touch();
CREATE TRIGGER "~theseus_update" BEFORE UPDATE ON "Läden".orders FOR EACH ROW EXECUTE FUNCTION "Läden".touch();
CREATE TRIGGER statement AFTER UPDATE ON "Läden".orders FOR EACH STATEMENT EXECUTE FUNCTION "Läden".touch();
CREATE PUBLICATION everything FOR ALL TABLES;
GRANT USAGE ON SCHEMA "Läden" TO PUBLIC;
GRANT SELECT, INSERT ON "Läden".orders TO reader_of_columns;
GRANT SELECT (id, email), UPDATE (email) ON "Läden".customers TO reader_of_columns;
ALTER TABLE "Läden".orders ENABLE ROW LEVEL SECURITY;
INSERT INTO "Läden".customers ("full ""name""") VALUES ('a'), ('b'), ('c');
`;

beforeAll(async () => {
  session = await openSession(await createDatabase('introspect'), { applicationName: 'theseus:test' });
  await session.query('DROP ROLE IF EXISTS reader_of_columns');
  await session.query(setUp);
  snapshot = await readSnapshot(session, 'Läden');
});

afterAll(async () => {
  await session.query('DROP OWNED BY reader_of_columns');
  await session.query('DROP ROLE reader_of_columns');
  await session.close();
});

const table = (name: string) => snapshot.tables.find((each) => each.name === name);

describe('what a look at one schema costs', () => {
  // Of catalogues that grow with the other schemas of a database. With sequential scans off, one shows a missing index.
  const growing =
    /Seq Scan on (pg_(attribute|attrdef|class|constraint|depend|index|namespace|rewrite|trigger|type))\b/;
  const questions = Object.entries({ ...queries, ...shapeQueries }).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string' && entry[0] !== 'versionsQuery',
  );

  it.each(questions.filter(([name]) => !['allVolatileQuery', 'schemasQuery'].includes(name)))(
    'does not grow with the others: %s',
    async (_name, query) => {
      const values = [
        /ANY \(\$1/.test(query) ? "'{1,2}'" : "'Läden'",
        /ANY\(\$2/.test(query) ? "'{}'" : "'L%'",
      ];
      await session.query('SET enable_seqscan = off');
      const { rows } = await session.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN ${query.replaceAll(/\$([12])/g, (_all, at: string) => values[Number(at) - 1] ?? '')}`,
      );
      await session.query('RESET enable_seqscan');
      expect(growing.exec(rows.map((row) => row['QUERY PLAN']).join('\n'))?.[1]).toBeUndefined();
    },
  );

  it('knows every name that is taken in the schema', async () => {
    await session.query(`CREATE TYPE "Läden".mood AS ENUM ('good'); CREATE DOMAIN "Läden".price AS numeric;
      CREATE TYPE "Läden".place AS (x int, y int); CREATE TYPE "Läden".span AS RANGE (subtype = int4);
      CREATE SEQUENCE "Läden".numbers; CREATE VIEW "Läden".shown AS SELECT 1 AS one;
      CREATE MATERIALIZED VIEW "Läden".kept AS SELECT 1 AS one; CREATE UNIQUE INDEX kept_one ON "Läden".kept (one)`);
    const { rows } = await session.query<{ name: string }>(
      `SELECT relname::text AS name FROM pg_class WHERE relnamespace = '"Läden"'::regnamespace
       UNION SELECT typname::text FROM pg_type WHERE typnamespace = '"Läden"'::regnamespace ORDER BY 1`,
    );
    const { takenNames } = await readSnapshot(session, 'Läden');
    expect(takenNames.toSorted()).toEqual(rows.map(({ name }) => name).toSorted());
    await session.query(`DROP TYPE "Läden".mood, "Läden".place, "Läden".span; DROP DOMAIN "Läden".price;
      DROP SEQUENCE "Läden".numbers; DROP VIEW "Läden".shown; DROP MATERIALIZED VIEW "Läden".kept`);
  });

  it('tells volatile functions of the asked names only', async () => {
    const { volatileFunctions } = await readSnapshot(session, 'Läden', new Set(['roll', 'lower', 'sleep']));
    expect(volatileFunctions).toEqual(['roll']);
  });
});

describe('introspection', () => {
  it('reads columns of every kind, with names as they are', () => {
    expect(table('customers')?.columns).toEqual([
      {
        name: 'id',
        physical: 'id',
        type: 'bigint',
        notNull: true,
        default: null,
        identity: true,
        generated: false,
        comment: null,
      },
      {
        name: 'full "name"',
        physical: 'full "name"',
        type: 'text',
        notNull: true,
        default: "'nobody'::text",
        identity: false,
        generated: false,
        comment: null,
      },
      {
        name: 'email',
        physical: 'email',
        type: 'character varying(80)',
        notNull: false,
        default: null,
        identity: false,
        generated: false,
        comment: 'where to write',
      },
      {
        name: 'loud',
        physical: 'loud',
        type: 'text',
        notNull: false,
        default: null,
        identity: false,
        generated: true,
        computedFrom: ['full "name"'],
        comment: null,
      },
    ]);
    expect(table('customers')).toMatchObject({
      kind: 'table',
      comment: 'who buys',
      estimatedRows: 3,
      key: ['id'],
    });
    expect(table('orders')?.columns.map(({ type }) => type)).toEqual([
      'text',
      'bigint',
      'numeric(10,2)',
      'text[]',
    ]);
    expect(['events', 'events_2026'].map((name) => table(name)?.kind)).toEqual(['partitioned', 'partition']);
  });

  it('takes as key only what tells every row apart', () => {
    expect(table('orders')?.key).toEqual(['code']);
    expect(table('orders')?.indexes.find(({ name }) => name === 'orders_expression')?.columns).toEqual([
      'customer',
      null,
    ]);
    expect(table('events_2026')?.key).toEqual([]);
  });

  it('reads constraints and foreign keys from both ends', () => {
    expect(
      table('customers')
        ?.constraints.map(({ type }) => type)
        .toSorted(),
    ).toEqual(['check', 'not_null', 'not_null', 'primary_key', 'unique']);
    expect(table('orders')?.constraints.find(({ type }) => type === 'foreign_key')).toMatchObject({
      columns: ['customer'],
      references: { schema: 'Läden', table: 'customers', columns: ['id'] },
      validated: true,
    });
    expect(table('customers')?.referencedBy).toMatchObject([
      { schema: 'Läden', table: 'orders', columns: ['customer'], referencedColumns: ['id'] },
    ]);
  });

  it('lists what else hangs on a table', () => {
    expect(table('orders')).toMatchObject({
      triggers: [{ name: 'touched' }],
      dependants: [{ schema: 'public', name: 'rich', columns: ['customer', 'total'] }],
      publications: ['everything'],
      rowSecurity: true,
      grants: [{ grantee: 'reader_of_columns', privileges: ['INSERT', 'SELECT'], columns: null }],
    });
    expect(table('customers')?.grants).toEqual([
      { grantee: 'reader_of_columns', privileges: ['UPDATE'], columns: ['email'] },
      { grantee: 'reader_of_columns', privileges: ['SELECT'], columns: ['id', 'email'] },
    ]);
    expect(snapshot.schemaGrants).toEqual([{ grantee: 'PUBLIC', privileges: ['USAGE'] }]);
    expect(snapshot.volatileFunctions).toEqual(expect.arrayContaining(['roll', 'random', 'nextval']));
    expect(snapshot.volatileFunctions).not.toContain('upper');
    expect(snapshot.currentVersion).toBeNull();
  });

  it('names tables and columns as the newest standing version does, and hides what it hides', async () => {
    await takeFence(session, { migration: 'm', epoch: 1 }, { name: 'm', schema: 'Läden', phase: 'publish' });
    await session.query('CREATE SCHEMA "Läden_v2"');
    await session.query('CREATE VIEW "Läden_v2".sales AS SELECT total AS amount, code FROM "Läden".orders');
    const mapping = {
      tables: [
        {
          name: 'sales',
          physical: 'orders',
          columns: [
            { name: 'amount', physical: 'total' },
            { name: 'code', physical: 'code' },
          ],
        },
      ],
      hiddenTables: ['events'],
    };
    for (const version of ['Läden_v2', 'Läden_gone']) {
      await session.query(
        `INSERT INTO theseus.versions (schema, version, migration, mapping) VALUES ('Läden', $1, 'm', $2)`,
        [version, JSON.stringify(mapping)],
      );
    }
    const now = await readSnapshot(session, 'Läden');
    expect(now.currentVersion).toBe('Läden_v2');
    expect(now.tables.map(({ name }) => name)).toEqual(['customers', 'events_2026', 'sales']);
    expect(now.tables.find(({ name }) => name === 'sales')).toMatchObject({
      physical: 'orders',
      versioned: true,
      columns: [
        { name: 'amount', physical: 'total' },
        { name: 'code', physical: 'code' },
      ],
      hiddenColumns: ['customer', 'tags'],
      dependants: [{ schema: 'public', name: 'rich' }],
    });
  });

  it('says which schemas there are when the one asked for is not', async () => {
    await expect(readSnapshot(session, 'laden')).rejects.toMatchObject({
      name: 'StatementFailed',
      evidence: { schemas: expect.arrayContaining(['Läden', 'public']) },
    });
  });
});

describe('replication', () => {
  it('finds the slots that keep WAL', async () => {
    expect(snapshot).toMatchObject({ replicationSlots: [], standbys: 0 });
    await session.query(`SELECT pg_create_logical_replication_slot('introspect_stays', 'pgoutput')`);
    try {
      const { replicationSlots } = await readSnapshot(session, 'Läden');
      expect(replicationSlots).toEqual(['introspect_stays']);
    } finally {
      await session.query(`SELECT pg_drop_replication_slot('introspect_stays')`);
    }
  });
});

describe('fragile statements', () => {
  it('are found where clients ran them', async () => {
    await session.query('CREATE EXTENSION pg_stat_statements SCHEMA public');
    await session.query(
      'SELECT public.pg_stat_statements_reset(0, (SELECT oid FROM pg_database WHERE datname = current_database()), 0)',
    );
    for (let call = 0; call < 3; call += 1) {
      await session.query('INSERT INTO "Läden".events_2026 SELECT DATE \'2026-02-02\', $1 WHERE false', [
        'x',
      ]);
    }
    await session.query('INSERT INTO "Läden".events_2026 (at, what) SELECT NULL, NULL WHERE false');
    const { fragileStatements } = await readSnapshot(session, 'Läden');
    expect(fragileStatements).toEqual([
      {
        query: expect.stringMatching(/^INSERT INTO "Läden".events_2026 SELECT/),
        reason: 'INSERT without a list of columns',
        calls: 3,
      },
    ]);
  });

  it.each([
    ['COPY orders FROM STDIN', true],
    ['copy "Läden".orders (code) from stdin', false],
    ['INSERT INTO orders SELECT * FROM other', true],
    ['INSERT INTO orders (code) VALUES ($1)', false],
    ['SELECT * FROM orders UNION SELECT * FROM old', true],
    ['INSERT INTO orders (code) VALUES ($1) RETURNING *', true],
    ['SELECT code FROM orders WHERE total = 2 * $1', false],
  ])('%s: %s', (query, fragile) => {
    expect(fragility(query) !== null).toBe(fragile);
  });
});
