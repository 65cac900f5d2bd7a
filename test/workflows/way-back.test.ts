import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Platform, Sabotage, schemaOf, startPlatform } from './harness.ts';

const file = `
operations:
  - drop_table: { name: visits }
  - drop_column: { table: people, column: age, down: "CASE WHEN name = 'Nobody' THEN NULL ELSE -1 END" }
`;
const unique = `
operations:
  - drop_column: { table: people, column: badge, down: "'badge of ' || name" }
`;

describe('a way back that rows of new clients refuse', () => {
  let platform: Platform;
  let before: unknown;
  beforeEach(async () => {
    platform = await startPlatform({ rows: 5 });
    await platform.sql(`
      CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL, age int NOT NULL CONSTRAINT born CHECK (age >= 0),
        badge text CONSTRAINT one_badge UNIQUE);
      INSERT INTO people SELECT n, 'p' || n, n, 'b' || n FROM generate_series(1, 20) n;
      CREATE TABLE visits (id int PRIMARY KEY, person int NOT NULL CONSTRAINT who REFERENCES people (id));
      INSERT INTO visits SELECT n, n FROM generate_series(1, 20) n;`);
    before = await schemaOf(platform.sql);
  });
  afterEach(() => {
    platform.hook.current = undefined;
  });

  const completed = async (operations: string) => {
    const { id, plan } = await platform.plan(operations, { options: { soakSeconds: 0 } });
    const consents = plan?.notes.filter(({ severity }) => severity === 'consent').map(({ code }) => code);
    await platform.act(id, 'start', { consents });
    return platform.until(id, 'completed');
  };
  const undo = async (id: string) => {
    await platform.act(id, 'undo', { acceptLosses: true });
    return platform.until(id, 'waiting_for_decision');
  };
  const verbs = ({ next }: { next: { path: string }[] }) => next.map(({ path }) => path.split('/').at(-1));
  const typesOf = async (id: string): Promise<string[]> => {
    const events = await platform.send('GET', `/migrations/${id}/events?limit=100`);
    return events.body.items.map(({ type }: { type: string }) => type);
  };
  const spoil = (schema: string | null) =>
    platform.sql(`
      DELETE FROM "${schema}".people WHERE id IN (1, 2);
      INSERT INTO "${schema}".people (id, name) VALUES (31, 'Ada'), (32, 'Nobody'), (33, 'Nobody')`);

  it('lists constraints, rows and keys before anything changes; declined, the migration stays as it is', async () => {
    const { sql, act, until } = platform;
    const { id, versionSchema } = await completed(file);
    await spoil(versionSchema);
    const relaxed = await schemaOf(sql);
    // What a plain way back does: the server refuses each of them, after the ones before it came back.
    await expect(
      sql('ALTER TABLE visits ADD CONSTRAINT who FOREIGN KEY (person) REFERENCES people (id)'),
    ).rejects.toThrow(/violates foreign key/);
    await expect(sql('ALTER TABLE people ALTER COLUMN age SET NOT NULL')).rejects.toThrow(/null values/);

    const waiting = await undo(id);
    expect(waiting.cannotReturn).toEqual([
      {
        constraint: 'who',
        kind: 'foreign_key',
        table: 'visits',
        columns: ['person'],
        rows: 2,
        sample: [['1'], ['2']],
        reason: 'The rows of "people" that "person" of these point to are gone',
        decision: 'waiting',
      },
      expect.objectContaining({
        constraint: 'age NOT NULL',
        kind: 'not_null',
        rows: 2,
        sample: [['32'], ['33']],
      }),
      expect.objectContaining({ constraint: 'born', kind: 'check', rows: 1, sample: [['31']] }),
    ]);
    expect(verbs(waiting)).toEqual(['approve', 'retry', 'reject']);
    expect(waiting.next[0]?.command).toBe(`theseus migration approve ${id} --constraints not_valid`);
    expect(await schemaOf(sql)).toEqual(relaxed);
    await act(id, 'reject', { comment: 'not now' });
    expect(await until(id, 'completed')).toMatchObject({ cannotReturn: [] });
    expect(await schemaOf(sql)).toEqual(relaxed);
    await sql(`INSERT INTO "${versionSchema}".people (id, name) VALUES (34, 'Nobody')`);
    expect((await undo(id)).cannotReturn[1]).toMatchObject({ rows: 3 });
  });

  it('accepted, the constraints come back for new rows, and those listed stay', async () => {
    const { sql, act, until, send } = platform;
    const { id, versionSchema } = await completed(file);
    await spoil(versionSchema);
    await undo(id);
    const silent = await send('POST', `/migrations/${id}/approve`, {});
    expect(silent.body).toMatchObject({ type: 'urn:theseus:problem:InvalidInput' });
    expect(silent.body.errors[0].pointer).toBe('/body/constraints');
    await act(id, 'approve', { constraints: 'not_valid' });
    const end = await until(id, 'undone');
    expect(end.cannotReturn.map(({ constraint, decision }) => `${constraint} ${decision}`)).toEqual([
      'who not_valid',
      'age NOT NULL not_valid',
      'born not_valid',
    ]);
    expect(end.differences.length).toBeGreaterThan(0);
    expect(
      await sql(`SELECT contype::text AS type FROM pg_constraint WHERE NOT convalidated ORDER BY 1`),
    ).toEqual([{ type: 'c' }, { type: 'c' }, { type: 'f' }]);
    expect(await sql('SELECT id, age FROM people WHERE id > 30 ORDER BY id')).toEqual([
      { id: 31, age: -1 },
      { id: 32, age: null },
      { id: 33, age: null },
    ]);
    await expect(sql('INSERT INTO visits VALUES (50, 1)')).rejects.toThrow(/who/);
    await expect(sql("INSERT INTO people VALUES (50, 'x', -3)")).rejects.toThrow(/born/);
    await expect(sql("INSERT INTO people VALUES (50, 'x', NULL)")).rejects.toThrow(/violates check/);
    expect(await typesOf(id)).toEqual(
      expect.arrayContaining(['undo.decision_needed', 'undo.constraints_accepted', 'migration.undone']),
    );
  });

  it('UNIQUE has no NOT VALID: rows are corrected and counted again, or the undo is declined', async () => {
    const { sql, act, until, send } = platform;
    const { id, versionSchema } = await completed(unique);
    await sql(`BEGIN; SET LOCAL search_path = "${versionSchema}", public;
      INSERT INTO people (id, name, age) VALUES (41, 'x', 1), (42, 'x', 1), (43, 'x', 1); COMMIT`);
    const waiting = await undo(id);
    expect(waiting.cannotReturn).toMatchObject([
      { constraint: 'one_badge', kind: 'unique', rows: 3, sample: [['41'], ['42'], ['43']] },
    ]);
    expect(verbs(waiting)).toEqual(['retry', 'reject']);
    const refused = await send('POST', `/migrations/${id}/approve`, { constraints: 'not_valid' });
    expect(refused).toMatchObject({ status: 409, body: { type: 'urn:theseus:problem:Conflict' } });
    expect(refused.body.detail).toContain('one_badge of people (3 rows)');
    await sql('DELETE FROM people WHERE id = 41');
    await act(id, 'retry');
    expect((await until(id, 'waiting_for_decision')).cannotReturn).toMatchObject([{ rows: 2 }]);
    await sql("UPDATE people SET badge = 'other' WHERE id = 42");
    await act(id, 'retry', { comment: 'corrected' });
    expect(await until(id, 'undone')).toMatchObject({ differences: [], cannotReturn: [] });
    expect(await schemaOf(sql)).toEqual(before);
  });

  it('rows that come between the count and the return are counted again; then it can only be finished', async () => {
    const { sql, act, until, hook, send } = platform;
    const { id, versionSchema } = await completed(file);
    let spoilt = false;
    hook.current = async ({ name, stage }) => {
      if (name !== 'migrations-restore-constraints' || stage !== 'before' || spoilt) return;
      spoilt = true;
      await spoil(versionSchema);
    };
    const waiting = await undo(id);
    expect(waiting.cannotReturn.map(({ constraint }) => constraint)).toEqual(['who', 'age NOT NULL', 'born']);
    expect(verbs(waiting)).toEqual(['approve', 'retry']);
    expect((await send('POST', `/migrations/${id}/reject`, {})).status).toBe(409);
    await sql('DELETE FROM visits WHERE id <= 2');
    await sql('DELETE FROM people WHERE id > 30');
    await act(id, 'retry');
    expect(await until(id, 'undone')).toMatchObject({ differences: [] });
    expect(await schemaOf(sql)).toEqual(before);
  });

  it('a rollback after the soft contract waits for the same decision', async () => {
    const { plan, sql, act, until, hook } = platform;
    const planned = await plan(file, { options: { soakSeconds: 0 } });
    hook.current = async ({ name, stage }) => {
      if (name !== 'migrations-schedule-removal' || stage !== 'before') return;
      await spoil(planned.plan?.versionSchema ?? '');
      throw new Sabotage('no removal');
    };
    await act(planned.id, 'start', { consents: planned.plan?.notes.map(({ code }) => code) ?? [] });
    const waiting = await until(planned.id, 'waiting_for_decision');
    expect(waiting.cannotReturn.map(({ rows }) => rows)).toEqual([2, 2, 1]);
    expect(verbs(waiting)).toEqual(['approve', 'retry']);
    expect(await typesOf(planned.id)).toContain('rollback.decision_needed');
    await sql('DELETE FROM visits WHERE id <= 2');
    await act(planned.id, 'retry');
    expect((await until(planned.id, 'waiting_for_decision')).cannotReturn).toHaveLength(2);
    await act(planned.id, 'approve', { constraints: 'not_valid' });
    const end = await until(planned.id, 'rolled_back');
    expect(end.cannotReturn.map(({ decision }) => decision)).toEqual(['not_valid', 'not_valid']);
    await expect(sql('INSERT INTO visits VALUES (50, 1)')).rejects.toThrow(/who/);
  });
});
