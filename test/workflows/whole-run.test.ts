import { expect, it } from 'vitest';
import { startPlatform } from './harness.ts';
import { immodest } from './modest.ts';

it('a migration goes through every phase once, in order, and says what it did', async () => {
  const platform = await startPlatform({ rows: 2_000 });
  const { plan, act, until, send, sql, invoke, cloud } = platform;
  const seen: { type: string; sequence: number }[] = [];
  cloud.events.listen({ source: ['theseus.migrations'] }, (event) => {
    seen.push({ type: event['detail-type'], sequence: Number(Object(event.detail).sequence) });
  });
  const planned = await plan('05-shop.yaml', { options: { soakSeconds: 0, ranges: 2 } });
  expect(planned).toMatchObject({ status: 'planned', phase: null, versionSchema: null });
  await act(planned.id, 'start', { consents: planned.plan?.notes.map(({ code }) => code) ?? [] });
  const completed = await until(planned.id, 'completed');

  expect(completed.phases.map(({ name }) => name)).toEqual([
    'plan',
    'validate',
    'lock',
    'back_up_definitions',
    'expand',
    'backfill',
    'index',
    'constrain',
    'verify',
    'publish',
    'verify_published',
    'contract',
    'complete',
  ]);
  for (const phase of completed.phases)
    expect(Date.parse(phase.endedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(phase.startedAt));
  expect(completed.progress).toMatchObject({
    rowsDone: 4_000,
    rowsTotal: 4_000,
    rowsWritten: 4_000,
    secondsLeft: 0,
  });
  expect(completed.progress.perTable).toEqual(
    ['customers', 'orders'].map((table) => ({
      table,
      rowsDone: 2_000,
      rowsTotal: 2_000,
      ranges: 2,
      rangesDone: 2,
    })),
  );
  // Customers and orders, before publish and after it; items only have another name.
  expect(completed.verification).toMatchObject({ wrong: 0, repaired: 0, passes: 2 });
  expect(completed.verification.rowsChecked).toBeGreaterThanOrEqual(8_000);
  expect(immodest(platform)).toEqual([]);
  expect(completed.locks.attempts).toBeGreaterThan(2);
  expect(completed.locks.longestHoldMs).toBeGreaterThan(0);
  expect(completed.next.map(({ path }) => path)).toEqual([`/migrations/${planned.id}/undo`]);

  await sql(`SET search_path = ${completed.clientPath}`);
  const version = `"${completed.versionSchema}"`;
  expect(await sql(`SELECT first_name, last_name FROM ${version}.customers WHERE id = 2`)).toEqual([
    { first_name: 'Mary Ann', last_name: 'Smith2' },
  ]);
  expect(await sql(`SELECT status, count(*)::int FROM ${version}.orders GROUP BY 1 ORDER BY 1`)).toEqual([
    { status: 'noted', count: 666 },
    { status: 'open', count: 1_334 },
  ]);
  expect(await sql(`SELECT count(*)::int FROM ${version}.order_items`)).toEqual([{ count: 2_000 }]);

  await invoke('publish-events');
  const listed = await send('GET', `/migrations/${planned.id}/events?limit=100`);
  await expect.poll(() => seen.length, { timeout: 30_000 }).toBe(listed.body.items.length);
  expect(seen.map(({ sequence }) => sequence).toSorted((a, b) => a - b)).toEqual([
    ...listed.body.items.keys(),
  ]);
  expect(seen.map(({ type }) => type)).toEqual(
    expect.arrayContaining(['migration.started', 'migration.published', 'migration.completed']),
  );
});
