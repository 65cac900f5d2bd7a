import { beforeAll, describe, expect, it } from 'vitest';
import { type Platform, startPlatform } from './harness.ts';

const hour = 3_600_000;
const rename = `operations:
  - rename_table:
      from: items
      to: parts
`;

describe('a schedule', () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await startPlatform({ rows: 400 });
  });
  const later = (ms: number) => new Date(platform.cloud.clock.now() + ms).toISOString();
  /** Open for an hour a day, from so many hours after the present one. */
  const windowIn = (hours: number) => {
    const from = (new Date(platform.cloud.clock.now()).getUTCHours() + hours) % 24;
    const time = (at: number) => `${String(at % 24).padStart(2, '0')}:00`;
    return { from: time(from), to: time(from + 1), timeZone: 'UTC' };
  };
  const types = async (id: string): Promise<string[]> => {
    const { body } = await platform.send('GET', `/migrations/${id}/events?limit=100`);
    return body.items.map(({ type }: { type: string }) => type);
  };

  it('starts a migration at its time, planned anew', async () => {
    const { plan, act, until, show, cloud } = platform;
    const { id } = await plan(rename, { options: { soakSeconds: 0 } });
    const at = later(20 * hour);
    await act(id, 'start', { at });
    const scheduled = await until(id, 'scheduled');
    expect(scheduled).toMatchObject({ phase: null, schedule: { at, windows: [] } });
    expect(Math.abs(Date.parse(scheduled.waitsUntil ?? '') - Date.parse(at))).toBeLessThan(2_000);
    expect(scheduled.next.map(({ path }) => path)).toEqual([
      `/migrations/${id}/resume`,
      `/migrations/${id}/rollback`,
    ]);
    await cloud.clock.advance(19 * hour);
    expect((await show(id)).status).toBe('scheduled');
    await cloud.clock.advance(hour);
    const completed = await until(id, 'completed');
    expect(completed).toMatchObject({ waitsUntil: null });
    expect(Date.parse(completed.completedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(at));
    expect(completed.phases.map(({ name }) => name).slice(0, 5)).toEqual([
      'plan',
      'validate',
      'plan',
      'validate',
      'lock',
    ]);
    await act(id, 'undo');
    await until(id, 'undone');
    // What nobody called for at the moment it happened is in the audit trail with the next round of events.
    await platform.invoke('publish-events');
    const { body } = await platform.send('GET', `/audit?resource=${id}&limit=100`);
    const calls = body.items.map(({ subject, call }: Record<string, string>) => `${subject} ${call}`);
    const byItself = calls.filter((call: string) => call.startsWith('theseus '));
    expect(byItself.toSorted()).toEqual([
      'theseus lease.taken',
      'theseus lease.taken',
      'theseus migration.scheduled',
    ]);
    expect(calls.filter((call: string) => call.endsWith('/start'))).toHaveLength(1);
  });

  it('can be given up, and leaves the schema to others', async () => {
    const { plan, act, until, sql } = platform;
    const first = await plan(rename, { options: { soakSeconds: 0 } });
    await act(first.id, 'start', { at: later(hour) });
    await until(first.id, 'scheduled');
    const second = await plan(rename);
    const refused = await platform.send('POST', `/migrations/${second.id}/start`, {});
    expect(refused.body).toMatchObject({ type: 'urn:theseus:problem:MigrationInProgress' });
    await act(first.id, 'rollback', { comment: 'not today' });
    await until(first.id, 'cancelled');
    expect(
      await sql(`SELECT to_regnamespace('theseus') IS NULL OR NOT EXISTS
      (SELECT FROM pg_namespace WHERE nspname = 'public_inline') AS untouched`),
    ).toEqual([{ untouched: true }]);
    await act(second.id, 'start', { at: later(hour) });
    await until(second.id, 'scheduled');
    // Whoever cannot wait starts it before its time.
    await act(second.id, 'resume');
    await until(second.id, 'soaking');
    await act(second.id, 'rollback');
    await until(second.id, 'rolled_back');
  });

  it('asks for approval first, then waits', async () => {
    const { plan, act, until } = platform;
    const { id, plan: planned } = await plan(rename, { options: { soakSeconds: 0, requireApproval: true } });
    await act(id, 'start', { at: later(hour) });
    await until(id, 'waiting_for_approval');
    await act(id, 'approve', { planHash: planned?.hash });
    await until(id, 'scheduled');
    await act(id, 'rollback');
    await until(id, 'cancelled');
  });

  it('of windows lets a migration start and fill rows within them only', async () => {
    const { plan, act, until, show, cloud, hook, sql } = platform;
    const { id } = await plan('02-change-type.yaml', {
      options: { soakSeconds: 0, ranges: 2, concurrency: 1 },
    });
    const window = windowIn(3);
    await act(id, 'start', { windows: [window] });
    const scheduled = await until(id, 'scheduled');
    const opening = Date.parse(scheduled.waitsUntil ?? '');
    expect(new Date(opening).toISOString().slice(11, 16)).toBe(window.from);
    let calls = 0;
    hook.current = async ({ name, stage }) => {
      if (name !== 'migrations-backfill-range' || stage !== 'before') return;
      calls += 1;
      // The first range is filled, the window closes before the second one.
      if (calls === 2) await cloud.clock.advance(hour);
    };
    await cloud.clock.advance(opening - cloud.clock.now());
    for (let look = 0; !(await types(id)).includes('backfill.window_closed'); look += 1) {
      expect(look).toBeLessThan(1_000);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const closed = await show(id);
    expect(closed).toMatchObject({ status: 'running', phase: 'backfill' });
    expect(Math.abs(Date.parse(closed.waitsUntil ?? '') - opening - 24 * hour)).toBeLessThan(2_000);
    const done = closed.progress.rowsDone;
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(400);
    // Clients go on all day, and whoever pauses and resumes does not open the window.
    await sql('UPDATE orders SET amount = amount + 1 WHERE id = 1');
    await act(id, 'pause');
    await act(id, 'resume');
    await cloud.clock.advance(10 * hour);
    expect((await show(id)).progress.rowsDone).toBe(done);
    await cloud.clock.advance(opening + 24 * hour - cloud.clock.now());
    const completed = await until(id, 'completed');
    hook.current = undefined;
    expect(completed.progress).toMatchObject({ rowsDone: 400 });
    await act(id, 'undo');
    await until(id, 'undone');
  });

  it('outside its window can be taken back', async () => {
    const { plan, act, until, cloud, hook } = platform;
    const { id } = await plan('02-change-type.yaml', { options: { ranges: 1 } });
    hook.current = async ({ name, stage }) => {
      if (name !== 'migrations-backfill-range' || stage !== 'before') return;
      hook.current = undefined;
      await cloud.clock.advance(hour);
    };
    // Early in an hour, so that the window does not close before the start.
    await cloud.clock.advance(hour - (cloud.clock.now() % hour) + 60_000);
    await act(id, 'start', { windows: [windowIn(0)] });
    for (let look = 0; !(await types(id)).includes('backfill.window_closed'); look += 1) {
      expect(look).toBeLessThan(1_000);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await act(id, 'rollback');
    await until(id, 'rolled_back');
  });

  it('is refused when its time is over or its hours make no sense, and nothing starts', async () => {
    const { plan, send, show } = platform;
    const { id } = await plan(rename);
    const refused = async (body: object, pointer: string) => {
      const { body: problem } = await send('POST', `/migrations/${id}/start`, body);
      expect(problem).toMatchObject({ status: 400, errors: [{ pointer }] });
    };
    await refused({ at: later(-hour) }, '/body/at');
    await refused({ at: later(31 * 24 * hour) }, '/body/at');
    await refused({ at: 'tonight' }, '/body/at');
    const window = { from: '22:00', to: '04:00', timeZone: 'Europe/Berlin' };
    await refused({ windows: [{ ...window, timeZone: 'Moon/Base' }] }, '/body/windows/0/timeZone');
    await refused({ windows: [{ ...window, from: '25:00' }] }, '/body/windows/0/from');
    await refused({ windows: [{ ...window, days: ['someday'] }] }, '/body/windows/0/days/0');
    expect((await show(id)).status).toBe('planned');
  });
});
