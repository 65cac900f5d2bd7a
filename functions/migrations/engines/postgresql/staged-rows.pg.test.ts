import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { FenceLost } from '../../errors.ts';
import type { Engine, StagedRows } from '../engine.ts';
import { openPostgres } from './engine.ts';

const options = { signal: new AbortController().signal, until: Date.now() + 300_000 };
const fence = { migration: 'mig_1', epoch: 1 };
const copied = (lines: string[]) =>
  async function* rows() {
    yield Buffer.from(lines.map((line) => `${line}\n`).join(''));
  };

const key = [
  { column: 'Käy', type: 'integer' },
  { column: 'part', type: 'integer' },
];
const table = (name: string) => ({ schema: 'public', name, oid: null });
const parents: StagedRows = {
  id: 'before.parents',
  table: table('parents'),
  key,
  columns: [...key.map(({ column: name, type }) => ({ name, type })), { name: 'doc', type: 'json' }],
};
const children: StagedRows = {
  id: 'before.children',
  table: table('children'),
  key: [{ column: 'id', type: 'bigint' }],
  columns: [
    { name: 'id', type: 'bigint' },
    { name: 'parent', type: 'integer' },
    { name: 'dropped', type: 'text' },
  ],
};
const named = (staged: StagedRows) => ({ ...staged, columns: staged.columns.map(({ name }) => name) });

describe('rows of a backup', () => {
  let sql: pg.Client;
  let engine: Engine;
  let url: string;
  beforeAll(async () => {
    url = await createDatabase('staged_rows');
    sql = new pg.Client({ connectionString: url });
    await sql.connect();
    engine = await openPostgres(url, { applicationName: 'theseus:test' });
    await engine.takeFence(fence, { name: 'one', schema: 'public', phase: 'revert' });
    // A partitioned table with a key of two columns, a type without equality, an identity that nobody may set, a
    // generated column, and rows that point to rows.
    await sql.query(`CREATE TABLE parents ("Käy" int, part int, doc json, twice int GENERATED ALWAYS AS ("Käy" * 2) STORED,
        PRIMARY KEY ("Käy", part)) PARTITION BY LIST (part);
      CREATE TABLE parents_0 PARTITION OF parents FOR VALUES IN (0);
      CREATE TABLE parents_1 PARTITION OF parents FOR VALUES IN (1);
      CREATE TABLE children (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent int, part int NOT NULL DEFAULT 0,
        FOREIGN KEY (parent, part) REFERENCES parents ("Käy", part));
      INSERT INTO parents SELECT g, g % 2, json_build_object('g', g) FROM generate_series(1, 600) g WHERE g <> 40`);
  });
  afterAll(async () => {
    await engine.close();
    await sql.end();
  });

  it('win over what was written since, row by row where one is refused, once', async () => {
    const before = Array.from({ length: 600 }, (_, at) => `${at + 1}\t${(at + 1) % 2}\t{"g" : ${at + 1}}`);
    const stage = async () => {
      await engine.stageRows(children, '0', fence, options, copied(['1\t40\tx', '2\t900\ty', '3\t\\N\tz']));
      await engine.stageRows(parents, '0', fence, options, copied(before.slice(0, 350)));
      await engine.stageRows(parents, '1', fence, options, copied(before.slice(350)));
    };
    await stage();
    // A run that was cut off begins anew.
    await stage();
    await sql.query(`UPDATE parents SET doc = '{"new": 1}' WHERE "Käy" % 100 = 0; DELETE FROM parents WHERE "Käy" = 7;
      INSERT INTO parents VALUES (1000, 0, '{}')`);

    // Told beforehand, part by part, and nothing is left of it.
    const compared = (lines: string[]) => engine.countChanged(parents, options, copied(lines));
    expect(await compared(before.slice(0, 350))).toEqual({ overwritten: 3, broughtBack: 2 });
    expect(await compared(before.slice(350))).toEqual({ overwritten: 3, broughtBack: 0 });
    const beside = `SELECT FROM pg_class WHERE relname LIKE 'compared\\_%'`;
    expect((await sql.query(beside)).rowCount).toBe(0);

    const first = await engine.restoreStaged(named(children), fence, options);
    expect(first).toMatchObject({ overwritten: 0, broughtBack: 1, refused: 2, sample: [['1'], ['2']] });
    expect(await engine.restoreStaged(named(parents), fence, options)).toMatchObject({
      status: 'done',
      overwritten: 6,
      broughtBack: 2,
      refused: 0,
    });
    // The row that its own one pointed to is there now; the other's never was.
    expect(await engine.restoreStaged(named(children), fence, options)).toMatchObject({
      broughtBack: 2,
      refused: 1,
      sample: [['2']],
      reason: expect.stringContaining('children_parent_part_fkey'),
    });

    const { rows } = await sql.query(
      `SELECT count(*)::int AS all, count(*) FILTER (WHERE doc ->> 'g' = "Käy"::text)::int AS old FROM parents`,
    );
    expect(rows).toEqual([{ all: 601, old: 600 }]);
    const aside = await engine.rowsAside(parents.id, fence);
    const kept = await sql.query(`SELECT doc::text FROM theseus."${aside?.name}"`);
    expect(kept.rows).toEqual(Array.from({ length: 6 }, () => ({ doc: '{"new": 1}' })));
    expect(await engine.rowsAside(children.id, fence)).toBeNull();

    // What a client writes after its row came back stays, however often the work is done again.
    await sql.query(`UPDATE parents SET doc = '{"newer": 1}' WHERE "Käy" = 100`);
    expect(await engine.restoreStaged(named(parents), fence, options)).toMatchObject({ overwritten: 6 });
    const { rows: newest } = await sql.query(`SELECT doc FROM parents WHERE "Käy" = 100`);
    expect(newest).toEqual([{ doc: { newer: 1 } }]);

    const late = engine.dropStaged(parents.id, { ...fence, epoch: 0 });
    await expect(late).rejects.toBeInstanceOf(FenceLost);
    for (const { id } of [parents, children]) await engine.dropStaged(id, fence);
    expect(await engine.rowsAside(parents.id, fence)).toBeNull();
  });

  it('come back once, though the worker is killed before the commit of a chunk and after that of another', async () => {
    const killed: StagedRows = {
      id: 'before.killed',
      table: table('killed'),
      key: [{ column: 'id', type: 'integer' }],
      columns: ['id', 'note'].map((name, at) => ({ name, type: at === 0 ? 'integer' : 'text' })),
    };
    const all = Array.from({ length: 450 }, (_, at) => `${at + 1}\told`);
    await sql.query(`CREATE TABLE killed (id int PRIMARY KEY, note text);
      INSERT INTO killed SELECT g, 'new' FROM generate_series(1, 450) g`);
    await engine.stageRows(killed, '0', fence, options, copied(all));
    const worker = fileURLToPath(new URL('../../testing/restore-worker.ts', import.meta.url));
    const restored = async (moment: string) => {
      const asked = [worker, url, JSON.stringify(named(killed)), moment];
      const end = promisify(execFile)(process.execPath, asked, { timeout: 60_000 });
      await expect(end).rejects.toMatchObject({ signal: 'SIGKILL' });
      const { rows } = await sql.query(`SELECT count(*)::int AS old FROM killed WHERE note = 'old'`);
      return rows[0].old;
    };
    expect(await restored('before')).toBe(0);
    expect(await restored('after')).toBe(400);
    await sql.query(`UPDATE killed SET note = 'newer' WHERE id = 1`);
    expect(await engine.restoreStaged(named(killed), fence, options)).toMatchObject({
      status: 'done',
      overwritten: 450,
      broughtBack: 0,
      refused: 0,
    });
    const { rows: notes } = await sql.query(
      'SELECT note, count(*)::int FROM killed GROUP BY note ORDER BY note',
    );
    expect(notes).toEqual([
      { note: 'newer', count: 1 },
      { note: 'old', count: 449 },
    ]);
    const aside = await engine.rowsAside(killed.id, fence);
    const kept = await sql.query(
      `SELECT count(*)::int, count(DISTINCT id)::int AS ids FROM theseus."${aside?.name}"`,
    );
    expect(kept.rows).toEqual([{ count: 450, ids: 450 }]);
    await engine.dropStaged(killed.id, fence);
  });

  it('a part that breaks off leaves nothing of it', async () => {
    const broken = async function* rows() {
      yield Buffer.from('1\t1\tx\n');
      throw new Error('the bucket is gone');
    };
    await expect(engine.stageRows(children, 'broken', fence, options, broken)).rejects.toThrow(
      'the bucket is gone',
    );
    await engine.stageRows(children, 'broken', fence, options, copied(['9\t\\N\tx']));
    expect(await engine.restoreStaged(named(children), fence, options)).toMatchObject({ refused: 0 });
  });
});

describe('columns of the new form', () => {
  it('are kept with the key of their table, once, whatever ran before', async () => {
    const url = await createDatabase('kept_rows');
    const sql = new pg.Client({ connectionString: url });
    await sql.connect();
    const engine = await openPostgres(url, { applicationName: 'theseus:test' });
    await engine.takeFence(fence, { name: 'one', schema: 'public', phase: 'revert' });
    await sql.query(`CREATE TABLE made (a int, b text, "Ünï" numeric(9,2), PRIMARY KEY (b, a));
      CREATE TABLE keyless (a int);
      INSERT INTO made SELECT g, 'b' || g % 3, g / 4.0 FROM generate_series(1, 4500) g; INSERT INTO keyless VALUES (1), (1)`);
    const kept = {
      table: table('made'),
      into: table('made_of_mig_1'),
      key: [],
      columns: ['a', 'b', 'Ünï'].map((name) => ({ name, physical: name })),
      comment: "it's kept",
    };
    const keep = () => engine.keepRows(kept, fence, options);
    expect(await keep()).toEqual({ status: 'done', rows: 4500, key: ['b', 'a'] });
    expect(await keep()).toEqual({ status: 'done', rows: 4500, key: ['b', 'a'] });
    const { rows } = await sql.query(`SELECT * FROM made EXCEPT SELECT * FROM made_of_mig_1`);
    expect(rows).toEqual([]);
    const [column] = kept.columns.slice(0, 1);
    const whole = {
      ...kept,
      table: table('keyless'),
      into: table('keyless_of_mig_1'),
      columns: column ? [column] : [],
    };
    expect(await engine.keepRows(whole, fence, options)).toEqual({ status: 'done', rows: 2, key: [] });
    await engine.close();
    await sql.end();
  });
});
