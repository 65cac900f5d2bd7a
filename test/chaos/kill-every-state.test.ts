import { afterEach, expect, it } from 'vitest';
import type { Phase } from '#migrations/schemas.ts';
import { type MortalPlatform, startMortal } from './platform.ts';
import { holding, noPhase, openShop } from './shop.ts';
import { deathsIn, everyStateOf, failing, survivedIn } from './states.ts';

let platform: MortalPlatform;
afterEach(() => platform?.stop());

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** On UTC's clocks, so many hours from now. */
const inHours = (hours: number) => `${new Date(Date.now() + hours * hourMs).toISOString().slice(11, 13)}:00`;

it('kill -9 in every state of a migration and its removal: every row is right and no request failed', async () => {
  const shop = await openShop(3_000);
  platform = await startMortal(shop.url);
  shop.open('old', null);
  const planned = await platform.plan('05-shop.yaml', { ranges: 2, requireApproval: true, backUpRows: true });
  const { id } = planned;
  const planHash = planned.plan?.hash;
  // What failures lead to, the publish that waits, and a range that waits for room, are visited elsewhere.
  const elsewhere = [...failing, 'AwaitPublishResume', 'AwaitBackfillRoom'];
  const forward = deathsIn('migration', (state) => !elsewhere.includes(state));
  await platform.kill({ deaths: forward });

  // Closed now, open three hours later.
  const windows = [{ from: inHours(2), to: inHours(22), timeZone: 'UTC' }];
  await platform.start(planned, { windows });
  await platform.reach(id, 'waiting_for_approval');
  await platform.act(id, 'approve', ({ approval }) => approval?.decision === 'approved', { planHash });
  const paused = ({ status }: { status: string }) => status === 'paused';
  const resumed = ({ status }: { status: string }) => status !== 'paused';
  await platform.reach(id, 'scheduled');
  await platform.die('migration unrecorded AwaitStart');
  await platform.act(id, 'resume', ({ status }) => status !== 'scheduled');
  await platform.die('migration unrecorded AwaitBackfillWindow');
  await platform.act(id, 'pause', paused);
  await platform.kill({ deaths: forward, shiftMs: 3 * hourMs });
  await platform.die('migration unrecorded AwaitBackfillResume');
  await holding(shop.url, noPhase, async () => {
    await platform.act(id, 'resume', resumed);
    const reached: (Phase | null)[] = ['index', 'constrain', 'verify'];
    await platform.until(id, 'the end of the backfill', ({ phase }) => reached.includes(phase));
    await platform.act(id, 'pause', paused);
  });
  await platform.die('migration unrecorded AwaitVerifyResume');
  await platform.act(id, 'resume', resumed);

  const { versionSchema, clientPath } = await platform.reach(id, 'soaking');
  shop.open('new', clientPath);
  await platform.act(id, 'complete', ({ status }) => status !== 'soaking');
  await platform.reach(id, 'completed');
  await platform.die('migration entered Completed');
  await shop.close('old');
  await shop.close('new');
  expect(await shop.check('old')).toMatchObject({ wrong: [] });
  const schema = versionSchema ?? '';
  expect(await shop.check({ schema })).toMatchObject({ wrong: [] });
  expect(platform.deaths().toSorted()).toEqual(forward.toSorted());
  expect([...survivedIn('migration', platform), ...elsewhere].toSorted()).toEqual(everyStateOf('migration'));

  // A week later, while the new version is in use. At first a view of somebody else's stands in the way.
  shop.open('new', clientPath);
  await shop.sql('CREATE VIEW report AS SELECT name FROM customers');
  const removal = deathsIn('migration-removal', (state) => state !== 'NothingToDo');
  await platform.kill({ deaths: removal, shiftMs: 8 * dayMs });
  await platform.die('migration-removal entered Failed');
  await shop.sql('DROP VIEW report');
  await platform.kill({ deaths: removal, shiftMs: 9 * dayMs });
  await platform.reach(id, 'removed');
  await platform.die('migration-removal entered Removed');
  await shop.close('new');
  expect(await shop.check({ schema })).toMatchObject({ wrong: [] });
  expect(platform.deaths().toSorted()).toEqual([...forward, ...removal].toSorted());
  const survived = [...survivedIn('migration-removal', platform), 'NothingToDo'];
  expect(survived.toSorted()).toEqual(everyStateOf('migration-removal'));
  expect(await shop.sql("SELECT attname FROM pg_attribute WHERE attname LIKE '\\_theseus%'")).toEqual([]);

  expect(shop.errors()).toEqual([]);
  expect(shop.requests()).toBeGreaterThan(500);
}, 420_000);
