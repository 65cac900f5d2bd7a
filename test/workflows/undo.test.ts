import { beforeAll, describe, expect, it } from 'vitest';
import { type Platform, schemaOf, startPlatform } from './harness.ts';

const day = 86_400_000;

describe('after completion', () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await startPlatform();
  });

  const completed = async (file: string, more: object = {}) => {
    const { id } = await platform.plan(file, { options: { soakSeconds: 0 }, ...more });
    await platform.act(id, 'start');
    return platform.until(id, 'completed');
  };

  it('undo takes everything back, what new clients wrote included', async () => {
    const { sql, act, until } = platform;
    const before = await schemaOf(sql);
    const { id, versionSchema } = await completed('05-shop.yaml');
    await sql(
      `INSERT INTO "${versionSchema}".customers (first_name, last_name, email) VALUES ('Grace', 'Hopper', 'g@example.com')`,
    );
    await act(id, 'undo');
    const undone = await until(id, 'undone', 'waiting_for_decision');
    if (undone.status === 'waiting_for_decision') await act(id, 'undo', { acceptLosses: true });
    const end = await until(id, 'undone');
    expect(end).toMatchObject({ differences: [], versionSchema: null, removalAt: null });
    expect(await schemaOf(sql)).toEqual(before);
    expect(await sql(`SELECT name FROM customers WHERE email = 'g@example.com'`)).toEqual([
      { name: 'Grace Hopper' },
    ]);
    await sql(`DELETE FROM customers WHERE email = 'g@example.com'`);
  });

  it('undo goes last in, first out', async () => {
    const { act, until, send } = platform;
    const first = await completed('01-split-name.yaml');
    const second = await completed('03-add-not-null.yaml');
    const refused = await send('POST', `/migrations/${first.id}/undo`, {});
    expect(refused.body).toMatchObject({
      status: 409,
      type: 'urn:theseus:problem:LaterMigrationStands',
      evidence: { later: second.id },
    });
    for (const { id } of [second, first]) {
      await act(id, 'undo', { acceptLosses: true });
      await until(id, 'undone');
    }
  });

  it('the removal comes with the end of the undo window, after a backup of its rows', async () => {
    const { cloud, until, send, sql } = platform;
    const { id, removalAt } = await completed('01-split-name.yaml', {
      options: { soakSeconds: 0, undoWindowSeconds: (7 * day) / 1_000 },
    });
    expect(Date.parse(removalAt ?? '') - cloud.clock.now()).toBeGreaterThan(6.9 * day);
    await cloud.clock.advance(7 * day + 1_000);
    const removed = await until(id, 'removed');
    expect(removed.next).toEqual([]);
    expect(
      await sql(
        `SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'customers' ORDER BY 1`,
      ),
    ).toEqual(
      ['created_at', 'email', 'first_name', 'id', 'last_name'].map((column_name) => ({ column_name })),
    );
    const refused = await send('POST', `/migrations/${id}/undo`, {});
    expect(refused.status).toBe(409);
  });
});
