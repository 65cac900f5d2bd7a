import { describe, expect, it } from 'vitest';
import { startPlatform } from './harness.ts';

describe('a migration', () => {
  it('runs from plan to completion', async () => {
    const { plan, act, until, sql } = await startPlatform();
    const planned = await plan('05-shop.yaml', { options: { soakSeconds: 0 } });
    expect(planned).toMatchObject({ status: 'planned', phase: null });
    await act(planned.id, 'start', { consents: planned.plan?.notes.map(({ code }) => code) ?? [] });
    const completed = await until(planned.id, 'completed');
    expect(completed.progress.rowsDone).toBe(completed.progress.rowsTotal);
    await sql(`SELECT * FROM "${completed.versionSchema}".customers LIMIT 3`);
  });
});
