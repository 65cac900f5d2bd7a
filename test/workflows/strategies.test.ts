import { beforeAll, describe, expect, it } from 'vitest';
import { type Platform, startPlatform } from './harness.ts';

const path = (version: string | null) => `SET LOCAL search_path = "${version}", public`;

describe('ways back', { timeout: 180_000 }, () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await startPlatform({ rows: 300 });
  });

  const begun = async (file: string, options: object) => {
    const { id } = await platform.plan(file, { options });
    await platform.act(id, 'start');
    return id;
  };
  const refusal = async (id: string, verb: string, strategy: string) =>
    (await platform.send('POST', `/migrations/${id}/${verb}`, { strategy })).body;

  it('to_backup: rows of before win over what was written since, which is backed up', async () => {
    const { act, until, sql, send } = platform;
    await sql(`INSERT INTO customers (id, name, email) VALUES (1001, 'Ever Green', 'ever@example.com')`);
    const before = await sql('SELECT * FROM customers ORDER BY id');
    const id = await begun('01-split-name.yaml', { soakSeconds: 0, backUpRows: true });
    const { versionSchema, backups } = await until(id, 'completed');
    expect(backups).toMatchObject([{ purpose: 'before', table: 'customers', rows: 301 }]);
    const plan = (await send('GET', `/migrations/${id}/plan`)).body;
    expect(plan.forecast.strategies).toMatchObject([
      { strategy: 'revert', impossible: null },
      {
        strategy: 'to_backup',
        impossible: null,
        writtenSince: expect.stringContaining('customers (about 30'),
      },
      { strategy: 'schema_only', impossible: null },
    ]);
    await sql(`BEGIN; ${path(versionSchema)};
      UPDATE customers SET last_name = 'de la Cruz' WHERE id = 1;
      UPDATE customers SET email = 'c9@example.org' WHERE id = 9;
      DELETE FROM customers WHERE id = 1001;
      INSERT INTO customers (id, first_name, last_name, email) VALUES (2001, 'New', 'Comer', 'c9@example.com'); COMMIT`);
    const asked = await act(id, 'undo', { strategy: 'to_backup' });
    expect(asked.wayBack).toMatchObject({
      strategy: 'to_backup',
      overwriting: 'undecided',
      restored: [
        { table: 'customers', backup: backups[0]?.id, rows: 301, expected: null, overwritten: null },
      ],
    });
    // Somebody has to agree to what it would do, and nothing is left of the comparison.
    expect((await until(id, 'waiting_for_decision')).wayBack?.restored).toMatchObject([
      { expected: { overwritten: 2, broughtBack: 1, basis: 'counted' }, overwritten: null },
    ]);
    const made = `SELECT relname FROM pg_class WHERE relnamespace = 'theseus'::regnamespace AND relname ~ '^(old|compared|overwritten)_'`;
    expect(await sql(made)).toEqual([]);
    await act(id, 'approve');
    const undone = await until(id, 'undone');
    expect(undone).toMatchObject({
      differences: [],
      wayBack: {
        // The address of row 9 is another's now: that row stays as it is, and its old values are in the backup.
        restored: [{ overwritten: 1, broughtBack: 1, refused: 1, sample: [['9']] }],
      },
    });
    expect(undone.wayBack?.restored[0]?.reason).toContain('customers_email_key');
    const [overwritten] = undone.backups.filter(({ purpose }) => purpose === 'overwritten');
    expect(overwritten).toMatchObject({ table: 'customers', rows: 1 });
    const copy = await send('POST', `/backups/${overwritten?.id}/restore`, { table: 'written_since' });
    expect(copy.status).toBe(200);
    expect(await sql('SELECT id::int, name FROM written_since')).toEqual([{ id: 1, name: 'Ada de la Cruz' }]);

    expect(await sql(`SELECT name FROM customers WHERE id = 2001`)).toEqual([{ name: 'New Comer' }]);
    await sql(`DROP TABLE written_since; DELETE FROM customers WHERE id = 2001;
      UPDATE customers SET email = 'c9@example.com' WHERE id = 9`);
    expect(await sql('SELECT * FROM customers ORDER BY id')).toEqual(before);
    expect(await sql(made)).toEqual([]);
    await sql('DELETE FROM customers WHERE id = 1001');
  });

  it('schema_only: the data of the new form stays in a table of its own, and nobody is asked', async () => {
    const { act, until, sql } = platform;
    const id = await begun('01-split-name.yaml', { soakSeconds: 3_600 });
    const { versionSchema } = await until(id, 'soaking');
    await sql(
      `BEGIN; ${path(versionSchema)}; UPDATE customers SET last_name = 'de la Cruz' WHERE id = 1; COMMIT`,
    );
    const into = { schema: 'public', table: `customers_of_${id}` };
    const asked = await act(id, 'rollback', { strategy: 'schema_only' });
    expect(asked.wayBack?.kept).toEqual([
      { table: 'customers', into, key: ['id'], columns: ['id', 'first_name', 'last_name'], rows: null },
    ]);
    const { wayBack } = await until(id, 'rolled_back');
    expect(wayBack?.kept).toMatchObject([{ into, rows: 300 }]);
    expect(
      await sql(`SELECT name, last_name FROM customers JOIN "${into.table}" USING (id) WHERE id = 1`),
    ).toEqual([{ name: 'Ada de la Cruz', last_name: 'de la Cruz' }]);
    await sql(`UPDATE customers SET name = 'Ada Lovelace1' WHERE id = 1; DROP TABLE "${into.table}"`);
  });

  it('is refused by name where it makes no sense, and nothing changes', async () => {
    const { act, until, show } = platform;
    const renamed = await begun('04-rename-table.yaml', { soakSeconds: 3_600 });
    await until(renamed, 'soaking');
    expect(await refusal(renamed, 'rollback', 'schema_only')).toMatchObject({
      type: 'urn:theseus:problem:StrategyImpossible',
      detail: expect.stringContaining('rename_table'),
      action: expect.stringContaining('theseus migration rollback'),
    });
    expect((await refusal(renamed, 'rollback', 'to_backup')).detail).toContain('no rows were backed up');
    expect((await refusal(renamed, 'rollback', 'sideways')).status).toBe(400);
    expect(await show(renamed)).toMatchObject({ status: 'soaking', wayBack: null });
    await act(renamed, 'rollback');
    expect(await until(renamed, 'rolled_back')).toMatchObject({ wayBack: { strategy: 'revert' } });
    const { id: planned } = await platform.plan('01-split-name.yaml');
    expect((await refusal(planned, 'rollback', 'schema_only')).detail).toContain('never published');
    await act(planned, 'rollback');
  });
});
