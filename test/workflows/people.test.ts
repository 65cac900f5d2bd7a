import { describe, expect, it } from 'vitest';
import { startPlatform } from './harness.ts';

describe('people', () => {
  it('pause a backfill, see it stand still, and resume it', async () => {
    const { plan, act, until, show, hook, send } = await startPlatform({ rows: 4_000 });
    const { id } = await plan('02-change-type.yaml', {
      options: { soakSeconds: 0, ranges: 3, concurrency: 1 },
    });
    let ranges = 0;
    hook.current = async ({ name, stage }) => {
      if (name !== 'migrations-backfill-range' || stage !== 'before') return;
      ranges += 1;
      if (ranges === 1) await act(id, 'pause', { comment: 'traffic' });
    };
    await act(id, 'start');
    await until(id, 'paused');
    const paused = await show(id);
    expect(paused.next.map(({ path }) => path)).toEqual([
      `/migrations/${id}/resume`,
      `/migrations/${id}/rollback`,
    ]);
    const refused = await send('POST', `/migrations/${id}/pause`, {});
    expect(refused.body).toMatchObject({ status: 409, evidence: { status: 'paused' } });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await show(id)).progress.rowsDone).toBe(0);
    await act(id, 'resume');
    const completed = await until(id, 'completed');
    expect(completed.progress).toMatchObject({ rowsDone: 4_000, rowsWritten: 4_000 });
    expect(completed.progress.perTable).toMatchObject([{ ranges: 3, rangesDone: 3 }]);
  });

  it('end a soak by a call, or by letting its time pass', async () => {
    const { plan, act, until, show, cloud } = await startPlatform({ rows: 10 });
    const first = await plan('04-rename-table.yaml', { options: { soakSeconds: 3_600 } });
    await act(first.id, 'start');
    const soaking = await until(first.id, 'soaking');
    expect(soaking.clientPath).toBe('"public_04-rename-table", public');
    expect(Date.parse(soaking.soakUntil ?? '') - cloud.clock.now()).toBeGreaterThan(3_500_000);
    await act(first.id, 'complete');
    await until(first.id, 'completed');

    const second = await plan('03-add-not-null.yaml', { options: { soakSeconds: 30 * 86_400 } });
    await act(second.id, 'start');
    await until(second.id, 'soaking');
    await cloud.clock.advance(29 * 86_400_000);
    expect((await show(second.id)).status).toBe('soaking');
    await cloud.clock.advance(86_400_000);
    await until(second.id, 'completed');
  });

  it('ask for a rollback while rows are filled', async () => {
    const { plan, act, until, hook } = await startPlatform({ rows: 2_000 });
    const { id } = await plan('01-split-name.yaml', { options: { soakSeconds: 0 } });
    let asked = false;
    hook.current = async ({ name, stage }) => {
      if (asked || name !== 'migrations-backfill-range' || stage !== 'after') return;
      asked = true;
      await act(id, 'rollback', { comment: 'no' });
    };
    await act(id, 'start');
    const rolledBack = await until(id, 'rolled_back');
    expect(rolledBack.failure).toMatchObject({ name: 'MigrationCancelled' });
  });

  it('cannot run two migrations of one schema at once', async () => {
    const { plan, act, until, send } = await startPlatform({ rows: 10 });
    const first = await plan('04-rename-table.yaml', { options: { soakSeconds: 600 } });
    const second = await plan('01-split-name.yaml');
    await act(first.id, 'start');
    const refused = await send('POST', `/migrations/${second.id}/start`, {});
    expect(refused.body).toMatchObject({
      status: 409,
      type: 'urn:theseus:problem:MigrationInProgress',
      evidence: { holder: first.id },
    });
    await until(first.id, 'soaking');
    await act(first.id, 'rollback');
    await until(first.id, 'rolled_back');
    await act(second.id, 'start');
    await until(second.id, 'soaking');
  });
});
