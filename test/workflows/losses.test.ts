import { beforeAll, describe, expect, it } from 'vitest';
import { readManifest } from '#migrations/backups/store.ts';
import { artifactsBucket } from '#platform/artifacts.ts';
import { type Platform, startPlatform } from './harness.ts';

describe('an undo that would lose something', () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await startPlatform({ rows: 20 });
  });

  const withNewRows = async () => {
    const { plan, act, until, sql } = platform;
    const planned = await plan('03-add-not-null.yaml', { options: { soakSeconds: 0 } });
    await act(planned.id, 'start');
    const completed = await until(planned.id, 'completed');
    await sql(`UPDATE "${completed.versionSchema}".orders SET status = 'shipped' WHERE id <= 5`);
    return completed;
  };

  it('counts the rows, keeps them, and waits for a decision', async () => {
    const { act, until, sql } = platform;
    const { id, versionSchema } = await withNewRows();
    await act(id, 'undo');
    const waiting = await until(id, 'waiting_for_decision');
    expect(waiting.losses).toMatchObject([{ table: 'orders', rows: expect.any(Number) }]);
    expect(waiting.losses?.[0]?.rows).toBeGreaterThanOrEqual(5);
    // Nothing was taken back yet: new clients still work.
    expect(
      await sql(`SELECT count(*)::int AS n FROM "${versionSchema}".orders WHERE status = 'shipped'`),
    ).toEqual([{ n: 5 }]);
    await act(id, 'reject', { comment: 'keep it' });
    await until(id, 'completed');
    expect((await platform.show(id)).next.map(({ path }) => path)).toEqual([`/migrations/${id}/undo`]);

    await act(id, 'undo');
    const again = await until(id, 'waiting_for_decision');
    await sql(`UPDATE "${versionSchema}".orders SET status = 'late' WHERE id = 10`);
    await act(id, 'approve');
    const undone = await until(id, 'undone');
    expect(undone.differences).toEqual([]);
    const events = await platform.send('GET', `/migrations/${id}/events?limit=100`);
    const types = events.body.items.map(({ type }: { type: string }) => type);
    expect(types).toEqual(
      expect.arrayContaining(['undo.losses_declined', 'undo.losses_accepted', 'migration.undone']),
    );
    // Each attempt kept the rows as they were then, and what came while the decision was waited for.
    const lost = again.losses?.[0]?.rows ?? 0;
    expect(undone.backups.map(({ purpose, rows }) => ({ purpose, rows }))).toEqual([
      { purpose: 'revert', rows: lost + 1 },
      { purpose: 'undo', rows: waiting.losses?.[0]?.rows },
      { purpose: 'undo', rows: lost },
    ]);
    const folder = undone.backups[0]?.location ?? '';
    const [, migration = '', backup = ''] = folder.split('/');
    const manifest = await readManifest({ bucket: artifactsBucket(), migration, backup });
    expect(manifest.columns).toContain('status');
    expect(manifest.rows).toBe(lost + 1);
  });

  it('keeps what new clients wrote before a rollback takes it', async () => {
    const { plan, act, until, sql } = platform;
    const { id } = await plan('03-add-not-null.yaml', { options: { soakSeconds: 3_600 } });
    await act(id, 'start');
    const { versionSchema } = await until(id, 'soaking');
    await sql(`UPDATE "${versionSchema}".orders SET status = 'lost' WHERE id <= 3`);
    await act(id, 'rollback');
    const end = await until(id, 'rolled_back');
    expect(end.differences).toEqual([]);
    expect(end.backups).toMatchObject([{ purpose: 'revert', table: 'orders', rows: 3 }]);

    const backup = `/backups/${end.backups[0]?.id}`;
    const asked = { table: 'lost_orders' };
    const restored = await platform.send('POST', `${backup}/restore`, asked);
    expect(restored).toMatchObject({
      status: 200,
      body: { schema: 'public', table: 'lost_orders', columns: ['id', 'status'], rows: 3 },
    });
    expect(await sql('SELECT id::int, status FROM lost_orders ORDER BY id')).toEqual(
      [1, 2, 3].map((number) => ({ id: number, status: 'lost' })),
    );
    const again = await platform.send('POST', `${backup}/restore`, asked);
    expect(again.body.type).toBe('urn:theseus:problem:TableExists');
    for (const path of ['/backups/bak_none_0123456789', `${backup.slice(0, -10)}0123456789`]) {
      const unknown = await platform.send('POST', `${path}/restore`, asked);
      expect(unknown.body.type).toBe('urn:theseus:problem:NotFound');
    }
    const events = await platform.send('GET', `/migrations/${id}/events?limit=100`);
    expect(events.body.items.map(({ type }: { type: string }) => type)).toContain('backup.restored');
    await sql('DROP TABLE lost_orders');
  });

  it('keeps nothing, and shows no loss, where there is none', async () => {
    const { plan, act, until } = platform;
    const { id } = await plan('03-add-not-null.yaml', { options: { soakSeconds: 0 } });
    await act(id, 'start');
    await until(id, 'completed');
    await act(id, 'undo');
    expect(await until(id, 'undone')).toMatchObject({ losses: [], backups: [] });
  });
});
