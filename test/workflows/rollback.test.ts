import { beforeAll, describe, expect, it } from 'vitest';
import { ConnectionLost } from '#migrations/errors.ts';
import { type Platform, Sabotage, schemaOf, startPlatform } from './harness.ts';

const data = (sql: Platform['sql']) =>
  sql(
    `SELECT (SELECT md5(string_agg(c::text, '|' ORDER BY id)) FROM customers c) AS customers,
       (SELECT md5(string_agg(o::text, '|' ORDER BY id)) FROM orders o) AS orders,
       (SELECT md5(string_agg(i::text, '|' ORDER BY id)) FROM items i) AS items`,
  );

describe('a failure', () => {
  let platform: Platform;
  let before: unknown;
  beforeAll(async () => {
    platform = await startPlatform();
    before = { schema: await schemaOf(platform.sql), data: await data(platform.sql) };
  });

  it.each([
    'back-up-definitions',
    'expand',
    'plan-ranges',
    'backfill-range',
    'build-indexes',
    'add-constraints',
    'verify-range',
    'publish',
    'contract',
    'schedule-removal',
  ])('after %s leads back to schema and data as before', async (task) => {
    const { plan, act, until, sql, hook } = platform;
    const { id } = await plan('05-shop.yaml', { options: { soakSeconds: 0 } });
    hook.current = ({ name, stage }) => {
      if (name === `migrations-${task}` && stage === 'after') throw new Sabotage(`no more ${task}`);
    };
    await act(id, 'start');
    const rolledBack = await until(id, 'rolled_back');
    hook.current = undefined;
    expect(rolledBack.failure).toMatchObject({ name: 'Sabotage', message: `no more ${task}` });
    expect(rolledBack).toMatchObject({ differences: [], versionSchema: null });
    expect({ schema: await schemaOf(sql), data: await data(sql) }).toEqual(before);
  });

  it('says how often it was tried', async () => {
    const { plan, act, until, show, hook } = platform;
    const { id } = await plan('04-rename-table.yaml', { options: { soakSeconds: 0 } });
    let tries = 0;
    hook.current = ({ name, stage }) => {
      if (name !== 'migrations-expand' || stage !== 'before') return;
      tries += 1;
      throw tries === 1 ? new ConnectionLost('the network is gone') : new Sabotage('and stays so');
    };
    await act(id, 'start');
    await until(id, 'rolled_back');
    hook.current = undefined;
    expect((await show(id)).errors).toMatchObject([
      { name: 'Sabotage', retries: 1, phase: expect.any(String) },
    ]);
  });
});
