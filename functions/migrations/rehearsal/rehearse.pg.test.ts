import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { clock } from '#platform/clock.ts';
import { newId } from '#platform/ids.ts';
import { parseDataFile } from '../data/file.ts';
import { createCopyDatabase, dropCopyDatabase, urlOf } from '../engines/postgresql/copy/database.ts';
import { parseMigrationFile } from '../file/parse.ts';
import { dropCopies, rehearseOnCopy, rehearsePart, reportOf } from './on-copy.ts';
import { RehearsalState } from './state.ts';

let url: string;
let sql: pg.Client;
beforeEach(async () => {
  url = await createDatabase('rehearsal');
  sql = new pg.Client({ connectionString: url });
  await sql.connect();
  await sql.query(`
    CREATE TYPE mood AS ENUM ('glad', 'sad');
    CREATE DOMAIN short AS text CHECK (length(value) < 40);
    CREATE FUNCTION tidy(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT trim($1)';
    CREATE TABLE regions (id int PRIMARY KEY, label short NOT NULL, within int REFERENCES regions (id));
    CREATE TABLE houses (id serial PRIMARY KEY, region int NOT NULL REFERENCES regions (id), clean text GENERATED ALWAYS AS (tidy(' x ')) STORED);
    CREATE TABLE stays (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, house int NOT NULL REFERENCES houses (id),
      nights int NOT NULL CHECK (nights > 0), feeling mood, note text UNIQUE);
    CREATE INDEX stays_house ON stays (house) WHERE nights > 1;
    CREATE VIEW long_stays AS SELECT id, nights FROM stays WHERE nights > 5;
    CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''rows are not to fire me''; END';
    CREATE TRIGGER never BEFORE DELETE ON stays FOR EACH ROW EXECUTE FUNCTION log();
    INSERT INTO regions SELECT g, 'r' || g, CASE WHEN g > 1 THEN g - 1 END FROM generate_series(1, 30) g;
    INSERT INTO houses (region) SELECT g % 30 + 1 FROM generate_series(1, 3000) g;
    INSERT INTO stays (house, nights, feeling, note) SELECT g % 3000 + 1, g % 9 + 1, 'glad', 'n' || g FROM generate_series(1, 6000) g;
    ANALYZE`);
});
afterEach(() => sql.end());

const change = [
  {
    alter_column: { table: 'stays', column: 'nights', type: 'bigint', up: 'nights', down: 'nights::int' },
  },
  { create_index: { table: 'stays', name: 'by_feeling', columns: [{ column: 'feeling' }] } },
];
const consented = (operations: unknown[]) =>
  parseMigrationFile(JSON.stringify({ name: '01_nights', operations }));
/** Copies of this file: others may be made on the same server meanwhile. */
const copies = async () => {
  const { rows } = await sql.query<{ name: string }>(
    "SELECT datname::text AS name FROM pg_database WHERE datname ~ '^theseus_rehearsal_(t|left|next)_' ORDER BY 1",
  );
  return rows.map(({ name }) => name);
};
const ask = (operations: unknown[], more: object = {}) =>
  rehearseOnCopy({
    id: newId('t'),
    source: url,
    server: url,
    schema: 'public',
    rehearsed: { kind: 'schema', file: consented(operations) },
    sample: 400,
    signal: new AbortController().signal,
    until: clock.now() + 60_000,
    ...more,
  });

describe('a rehearsal', () => {
  it('runs everything on a copy, forth and back, and leaves neither the copy nor a change behind', async () => {
    const tables = () => sql.query('SELECT count(*) FROM pg_class').then(({ rows }) => rows);
    const before = await tables();
    const report = await ask(change);
    expect(report).toMatchObject({ passed: true, failure: null, findings: [], differences: [] });
    expect(report.copy.leftOut).toEqual([]);
    // No row without its partner: every stay has its house, and each house its regions up to the first.
    const rows = new Map(report.copy.rows.map((one) => [one.table, one.rows]));
    expect(rows.get('stays')).toBe(400);
    expect(rows.get('houses')).toBeGreaterThanOrEqual(400);
    expect(rows.get('regions')).toBe(30);
    expect(report.phases.map(({ phase }) => phase)).toEqual([
      'expand',
      'backfill',
      'index',
      'constrain',
      'verify',
      'publish',
      'verify_published',
      'contract',
      'undo',
    ]);
    expect(report.phases.find(({ phase }) => phase === 'backfill')).toMatchObject({
      rows: 400,
      asForecast: true,
    });
    expect(report.verification).toEqual({ rowsChecked: 800, wrong: 0 });
    expect(await tables()).toEqual(before);
    expect(await copies()).toEqual([]);
  });

  it('goes on on the same copy, however short the time is, and finds the same', async () => {
    const asked = {
      id: newId('t'),
      source: url,
      server: url,
      schema: 'public',
      rehearsed: { kind: 'schema' as const, file: consented(change) },
      sample: 400,
      signal: new AbortController().signal,
    };
    let state: RehearsalState | null = null;
    let stored = '';
    let calls = 0;
    for (; !state?.over; calls += 1) {
      // What another invocation gets is what was stored.
      const before: RehearsalState | null = stored === '' ? null : RehearsalState.parse(JSON.parse(stored));
      const keep = async (one: RehearsalState) => {
        stored = JSON.stringify(one);
      };
      // Longer each time: however slow the machine is, one of them gets further.
      const until = clock.now() + (calls + 1) * 25;
      state = await rehearsePart({ ...asked, until }, before, keep);
      expect(calls).toBeLessThan(200);
    }
    expect(calls).toBeGreaterThan(1);
    expect(reportOf(state)).toMatchObject({
      passed: true,
      failure: null,
      differences: [],
      verification: { rowsChecked: 800, wrong: 0 },
    });
    await dropCopies(asked);
    expect(await copies()).toEqual([]);
  });

  it('carries rows from one copy into another, and takes them back', async () => {
    await sql.query(`CREATE SCHEMA old; CREATE TABLE old.lodgings (id int PRIMARY KEY, nights text, kind text);
      INSERT INTO old.lodgings SELECT g, CASE g WHEN 77 THEN 'many' ELSE '3' END, 'k' FROM generate_series(1, 200) g;
      CREATE TABLE lodgings (id int PRIMARY KEY, nights int NOT NULL, kind text)`);
    const tables = [
      { from: 'lodgings', to: 'lodgings', sql: 'SELECT id, nights::int AS nights, kind FROM source' },
    ];
    const file = JSON.stringify({ name: 'lodgings', data: { from: { schema: 'old' }, tables } });
    const report = await ask(change, {
      rehearsed: { kind: 'data', file: parseDataFile(file), fromSchema: 'old' },
    });
    expect(report).toMatchObject({
      passed: true,
      refused: { records: 1, allowed: 10, first: [{ from: 'lodgings', key: ['77'] }] },
      verification: { rowsChecked: 199, wrong: 0 },
    });
    expect(report.phases.map(({ phase, rows }) => `${phase} ${rows}`)).toEqual([
      'load 200',
      'relate 0',
      'verify 199',
      'undo 0',
    ]);
    expect((await sql.query('SELECT FROM lodgings')).rowCount).toBe(0);
    expect(await copies()).toEqual([]);
  });

  it('tells in which phase it failed, and removes the copy all the same', async () => {
    const report = await ask([
      {
        sql: {
          up: 'CREATE TABLE other (id int); SELECT 1 / (SELECT count(*) FROM other)',
          down: 'DROP TABLE other',
        },
      },
    ]);
    expect(report).toMatchObject({ passed: false, failure: { phase: 'expand' } });
    expect(await copies()).toEqual([]);
  });

  it('finds what rows would refuse', async () => {
    const report = await ask([
      {
        create_constraint: {
          table: 'stays',
          name: 'few',
          type: 'check',
          check: 'nights < 4',
          up: {},
          down: {},
        },
      },
    ]);
    expect(report.passed).toBe(false);
    expect(report.findings[0]?.problem).toContain('few');
  });

  it('refuses by name a role that may not create databases', async () => {
    const role = `no_createdb_${process.pid}`;
    await sql.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
    const theirs = new URL(url);
    theirs.username = role;
    theirs.password = 'secret';
    await expect(ask(change, { server: theirs.toString() })).rejects.toMatchObject({
      name: 'RightsMissing',
      evidence: { grants: [`ALTER ROLE "${role}" CREATEDB`] },
    });
    await sql.query(`DROP ROLE ${role}`);
  });

  it('clears away what a killed rehearsal left', async () => {
    const left = newId('left');
    await createCopyDatabase(url, url, left);
    const name = `theseus_rehearsal_${left}`;
    await sql.query(`COMMENT ON DATABASE "${name}" IS 'Theseus: rehearsal, 2026-01-01T00:00:00.000Z'`);
    const next = newId('next');
    const made = await createCopyDatabase(url, url, next);
    expect(made).toBe(urlOf(url, `theseus_rehearsal_${next}`));
    expect(await copies()).toEqual([`theseus_rehearsal_${next}`]);
    await dropCopyDatabase(url, next);
  });
});
