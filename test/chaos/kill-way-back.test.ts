import { afterEach, expect, it } from 'vitest';
import type { Migration, Phase } from '#migrations/schemas.ts';
import { type MortalPlatform, startMortal } from './platform.ts';
import { holding, noPhase, openShop, schemaOf } from './shop.ts';
import { deathsIn, everyStateOf, failing, survivedIn } from './states.ts';

let platform: MortalPlatform;
afterEach(() => platform?.stop());

const dayMs = 86_400_000;

/** As long as it is held, expand cannot have its lock. */
const noExpand = 'SELECT FROM customers LIMIT 1';

it('kill -9 in every state of rollbacks and undos: schema and rows as before, no request failed', async () => {
  const shop = await openShop(2_000);
  platform = await startMortal(shop.url);
  const before = await schemaOf(shop.sql);
  // An execution that nobody named does nothing; only the removal's schedule starts one.
  const reached = (state: string) => state !== 'NothingToDo';
  const wayBack = [
    ...deathsIn('migration', (state) => failing.includes(state) || state === 'AwaitPublishResume'),
    ...deathsIn('migration-rollback', reached),
    ...deathsIn('migration-undo', reached),
    'migration-removal entered NothingToDo',
  ];
  // Deaths on the way there, by which this test knows where the migration is.
  const [waitsInBackfill, waitsInVerify, verifiedAgain] = [
    'migration unrecorded AwaitBackfillResume',
    'migration unrecorded AwaitVerifyResume',
    'migration entered VerifyAgainRangeOver',
  ] as const;
  const deaths = [...wayBack, waitsInBackfill, waitsInVerify, verifiedAgain];
  await platform.kill({ deaths });
  shop.open('old', null);

  const begin = async (file: string, soakSeconds = 600) => {
    const planned = await platform.plan(file, { ranges: 2, soakSeconds });
    await platform.start(planned);
    return planned.id;
  };
  const pause = (id: string) => platform.act(id, 'pause', ({ status }) => status === 'paused');
  const resume = (id: string) => platform.act(id, 'resume', ({ status }) => status !== 'paused');
  const complete = (id: string) => platform.act(id, 'complete', ({ status }) => status !== 'soaking');
  const rollBack = (id: string) => platform.act(id, 'rollback', rollbackAsked);
  const inPhase = (id: string, ...phases: Phase[]) =>
    platform.until(id, phases.join(' or '), ({ phase }) => phase !== null && phases.includes(phase));
  const asBefore = async (id: string) => {
    expect(await platform.reach(id, 'rolled_back')).toMatchObject({ differences: [], versionSchema: null });
    expect(await schemaOf(shop.sql)).toEqual(before);
  };
  const pausedBefore = async (hold: string, phase: Phase, file: string) =>
    holding(shop.url, hold, async () => {
      const id = await begin(file);
      await inPhase(id, phase);
      await pause(id);
      return id;
    });

  // In the middle of the backfill; the rollback itself fails at first: somebody's view needs what it wants to drop.
  const inBackfill = await pausedBefore(noExpand, 'expand', '05-shop.yaml');
  await platform.die(waitsInBackfill);
  await shop.sql('CREATE VIEW report AS SELECT first_name FROM customers');
  await rollBack(inBackfill);
  await platform.until(inBackfill, 'giving up', ({ status }) => status === 'failed');
  await shop.sql('DROP VIEW report');
  await platform.act(inBackfill, 'rollback', ({ status }) => status !== 'failed');
  await asBefore(inBackfill);

  const beforePublish = await pausedBefore(noPhase, 'lock', '04-rename-table.yaml');
  await platform.die('migration unrecorded AwaitPublishResume');
  await rollBack(beforePublish);
  await asBefore(beforePublish);

  const inVerify = await pausedBefore(noPhase, 'lock', '05-shop.yaml');
  await platform.until(inVerify, 'ranges', ({ progress }) => progress.perTable.length > 0);
  await holding(shop.url, noPhase, async () => {
    await resume(inVerify);
    await inPhase(inVerify, 'index', 'constrain', 'verify');
    await pause(inVerify);
  });
  await platform.die(waitsInVerify);
  await rollBack(inVerify);
  await asBefore(inVerify);

  const published = await begin('05-shop.yaml');
  await platform.reach(published, 'soaking');
  await holding(shop.url, noPhase, async () => {
    await complete(published);
    await inPhase(published, 'verify_published');
    await platform.act(published, 'rollback', rollbackAsked, { strategy: 'schema_only' });
  });
  const taken = (await platform.reach(published, 'rolled_back')).wayBack?.kept ?? [];
  expect(taken.map(({ table }) => table).toSorted()).toEqual(['customers', 'orders']);
  for (const { into, rows } of taken) {
    const [kept] = await shop.sql(`SELECT count(*)::int AS rows FROM "${into.table}"`);
    expect(kept?.rows).toBe(rows);
    await shop.sql(`DROP TABLE "${into.table}"`);
  }
  await asBefore(published);

  const contracted = await begin('05-shop.yaml', 0);
  await platform.die(verifiedAgain);
  await holding(shop.url, noPhase, async () => {
    await inPhase(contracted, 'contract');
    await rollBack(contracted);
    // A row that the old version refuses, as one of a new client after the soft contract; it goes while somebody decides.
    await shop.sql('ALTER TABLE customers ALTER COLUMN name DROP NOT NULL');
    await shop.sql(`BEGIN; SET LOCAL theseus.worker = 'backfill';
      INSERT INTO customers (id, email, first_name, last_name) VALUES (99000001, 'refused@example.com', 'No', 'Name'); COMMIT`);
  });
  await platform.until(contracted, 'a decision', ({ status }) => status === 'waiting_for_decision');
  const refused = await platform.show(contracted);
  expect(refused.cannotReturn).toMatchObject([
    { constraint: 'name NOT NULL', rows: 1, sample: [['99000001']] },
  ]);
  await shop.sql('DELETE FROM customers WHERE id = 99000001');
  await platform.act(contracted, 'retry', ({ status }) => status !== 'waiting_for_decision');
  await asBefore(contracted);

  // Undone after completion, at the second attempt: at the first the losses are declined.
  const undone = await begin('05-shop.yaml');
  const { clientPath, versionSchema } = await platform.reach(undone, 'soaking');
  shop.open('new', clientPath);
  // Nobody ends the soak; its time passes while the platform is dead.
  await platform.kill({ deaths, shiftMs: 11 * 60_000 });
  await platform.reach(undone, 'completed');
  await shop.close('new');
  const [lossy] = await shop.sql(
    `INSERT INTO "${versionSchema}".orders (customer_id, amount) VALUES (1, 3000000000) RETURNING id`,
  );
  const undo = () => platform.act(undone, 'undo', ({ status }) => status !== 'completed');
  await undo();
  const waiting = await platform.reach(undone, 'waiting_for_decision');
  expect(waiting.losses).toContainEqual(expect.objectContaining({ table: 'orders', rows: 1 }));
  await platform.act(undone, 'reject', ({ status }) => status === 'completed');
  await platform.reach(undone, 'completed');
  await platform.die('migration-undo entered Failed');
  await undo();
  await platform.reach(undone, 'waiting_for_decision');
  await platform.act(undone, 'approve', ({ status }) => status !== 'waiting_for_decision');
  expect(await platform.reach(undone, 'undone')).toMatchObject({ differences: [], versionSchema: null });
  expect(await schemaOf(shop.sql)).toEqual(before);
  expect(await shop.sql('DELETE FROM orders WHERE id = $1 RETURNING amount', [lossy?.id])).toEqual([
    { amount: 2_147_483_647 },
  ]);

  // A week later comes the removal that was scheduled.
  await platform.die('migration-undo entered Undone');
  await platform.kill({ deaths, shiftMs: 8 * dayMs });
  await platform.die('migration-removal entered NothingToDo');
  expect((await platform.show(undone)).status).toBe('undone');

  await shop.close('old');
  expect(await shop.check('old')).toMatchObject({ wrong: [] });
  expect(platform.deaths().toSorted()).toEqual(deaths.toSorted());
  expect(survivedIn('migration', platform)).toEqual(expect.arrayContaining(failing));
  for (const machine of ['migration-rollback', 'migration-undo']) {
    const survived = [...survivedIn(machine, platform), 'NothingToDo'];
    expect(survived.toSorted()).toEqual(everyStateOf(machine));
  }
  expect(shop.errors()).toEqual([]);
}, 420_000);

/** Accepted, also when the answer was lost: from then on nothing else may be asked. */
function rollbackAsked({ status, next }: Migration): boolean {
  return status === 'rolling_back' || status === 'rolled_back' || status === 'failed' || next.length === 0;
}
