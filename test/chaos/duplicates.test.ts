import { expect, it } from 'vitest';
import { schemaOf, startPlatform } from '../workflows/harness.ts';
import { openShop } from './shop.ts';

it('every task and request arriving twice at once: rollback, completion and removal under traffic', async () => {
  const shop = await openShop(1_000);
  const platform = await startPlatform({ rows: 1, duplicate: 'concurrently' });
  const added = await platform.send('POST', '/databases', { name: 'busy', url: shop.url });
  expect(added.status).toBe(201);
  const before = await schemaOf(shop.sql);
  const begin = async () => {
    const { id } = await platform.plan('05-shop.yaml', { database: 'busy', options: { ranges: 2 } });
    await platform.act(id, 'start');
    return platform.until(id, 'soaking');
  };
  shop.open('old', null);

  const rolledBack = await begin();
  await platform.act(rolledBack.id, 'rollback');
  expect(await platform.until(rolledBack.id, 'rolled_back')).toMatchObject({ differences: [] });
  expect(await schemaOf(shop.sql)).toEqual(before);

  const { id, clientPath, versionSchema } = await begin();
  shop.open('new', clientPath);
  await platform.act(id, 'complete');
  const completed = await platform.until(id, 'completed');
  expect(completed.verification).toMatchObject({ wrong: 0 });
  await shop.close('old');

  // Time is moved only while nothing runs: a task would be found to have taken a week.
  const { engine, clock } = platform.cloud;
  await engine.idle();
  await clock.advance(Date.parse(completed.removalAt ?? '') - clock.now() + 500);
  await platform.until(id, 'removed');
  await shop.close('new');
  expect(await shop.check({ schema: versionSchema ?? '' })).toMatchObject({ wrong: [] });
  expect(shop.errors()).toEqual([]);
});
