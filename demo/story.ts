import { basename } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Database } from '#migrations/databases/schemas.ts';
import type { Migration, MigrationStatus } from '#migrations/schemas.ts';
import { exitCode, Failure } from '../cli/failure.ts';
import { actOnMigration } from '../cli/migration/actions.ts';
import { planMigration, readMigrationFile } from '../cli/migration/plan.ts';
import { startMigration } from '../cli/migration/start.ts';
import { undoMigration } from '../cli/migration/undo.ts';
import { followMigration } from '../cli/migration/watch.ts';
import { colours, count } from '../cli/output.ts';
import type { ShopModel } from '../examples/shop/application.ts';
import { checkShop } from '../examples/shop/check.ts';
import type { ShopSize } from '../examples/shop/data.ts';
import { type RunningApplication, runApplication } from './applications.ts';
import { measureContrast } from './contrast.ts';
import { trafficBetween } from './figures.ts';
import type { LiveBlock } from './live-block.ts';
import type { PlatformProcess } from './platform.ts';
import type { Measurements } from './report.ts';
import type { Scene } from './screen.ts';

export const migrationFile = 'examples/05-shop.yaml';
const requestsPerSecond = 100;
const baselineMs = 8_000;
const soakMs = 8_000;
const longestMigrationMs = 15 * 60_000;

export interface Cast {
  url: string;
  size: ShopSize;
  platform: PlatformProcess;
  scene: Scene;
  screen: LiveBlock;
  /** Whether the visitor wants the migration taken back now. */
  undoWanted(): boolean;
  /** From here on the visitor's keys would only spoil the measurement. */
  handsOff(): void;
  /** Every application that was started, for whoever has to end them. */
  applications: RunningApplication[];
  applicationDied(error: Error): void;
  /** Aborted when nobody watches any longer. */
  over: AbortSignal;
}

/** What happened, when (epoch ms). */
export interface Told {
  migration: Migration;
  migrationFrom: number;
  /** Undefined when it was taken back before. */
  publishedAt: number | undefined;
  migrationTo: number;
  old: RunningApplication;
  /** Every application of the story, that of the contrast left out. */
  all: RunningApplication[];
  checks: Measurements['checks'];
  contrast: Measurements['contrast'];
}

/**
 * The shop under traffic, the migration, the check by the applications' own model, the way back, and for contrast one
 * plain statement. Where the visitor wants it undone early, it is rolled back from wherever it stands.
 */
export async function tellStory(cast: Cast): Promise<Told> {
  const { url, size, platform, scene, screen } = cast;
  const sleep = (ms: number) => setTimeout(ms, undefined, { signal: cast.over });
  const models: ShopModel[] = [];
  const checks: Measurements['checks'] = [];

  const startApplication = (version: 'old' | 'new', searchPath: string | null): RunningApplication => {
    const running = runApplication(
      {
        url,
        version,
        searchPath,
        rate: requestsPerSecond,
        share: { modulus: 2, remainder: version === 'old' ? 0 : 1 },
        size,
        seed: cast.applications.length + 1,
      },
      cast.applicationDied,
    );
    cast.applications.push(running);
    scene.applications.push(running);
    return running;
  };
  const stopApplication = async (running: RunningApplication): Promise<void> => {
    models.push(await running.stop());
    scene.applications = scene.applications.filter((one) => one !== running);
  };
  const { ask } = platform;
  /** The demo's own screen in place of the command's: two applications stand beside the migration. */
  const showMigration = (migration: Migration): void => {
    scene.migration = migration;
  };
  const output = { show: showMigration, end: showMigration };

  /** Follows the migration until `done`. Throws Failure when it ended otherwise. */
  async function follow(id: string, done: (seen: Migration) => boolean): Promise<Migration> {
    const late = AbortSignal.timeout(longestMigrationMs);
    const signal = AbortSignal.any([cast.over, late]);
    const migration = await followMigration(ask, id, { output, done, signal }).catch((error: unknown) => {
      if (!late.aborted) throw error;
      throw new Failure('The migration took longer than 15 minutes.', { code: exitCode.failed });
    });
    if (done(migration)) return migration;
    throw new Failure(`The migration is ${migration.status}: ${migration.failure?.message ?? ''}`, {
      code: exitCode.failed,
      action: migration.failure?.action ?? undefined,
    });
  }
  const reach = (id: string, status: MigrationStatus) => follow(id, (seen) => seen.status === status);

  async function check(name: string, form: Parameters<typeof checkShop>[1]): Promise<void> {
    const found = await checkShop(url, form, size, models);
    checks.push({ name, ...found });
    const mark = found.wrongRows === 0 ? colours.green('✓') : colours.red('✗');
    screen.say(`  ${mark} ${name}: ${count(found.rows)} rows read, ${found.wrongRows} wrong`);
  }

  const old = startApplication('old', null);
  await sleep(baselineMs);
  const migrationFrom = Date.now();
  scene.p99Before = trafficBetween(old.seconds, 0, migrationFrom).p99;

  scene.title = `Migrating: ${migrationFile}`;
  await ask({ method: 'POST', path: '/databases', body: { name: 'shop', url }, answer: Database });
  const file = await readMigrationFile(fileURLToPath(new URL(`../${migrationFile}`, import.meta.url)));
  const planned = await planMigration(
    ask,
    { file, fileName: basename(migrationFile) },
    { database: 'shop', soak: '10m', consent: [] },
  );
  const { id } = planned.migration;
  showMigration(planned.migration);
  const consents = planned.plan.notes.filter(({ severity }) => severity === 'consent');
  await startMigration(ask, id, { consent: consents.map(({ code }) => code) });

  let publishedAt: number | undefined;
  let fresh: RunningApplication | undefined;
  const reached = await follow(id, (seen) => seen.status === 'soaking' || cast.undoWanted());
  if (reached.status === 'soaking') {
    publishedAt = Date.now();
    fresh = startApplication('new', reached.clientPath?.replaceAll(' ', '') ?? null);
    scene.title = 'Published: both versions read and write the same rows';
    const soaked = Date.now() + soakMs;
    await follow(id, () => Date.now() >= soaked || cast.undoWanted());
  }

  let migration: Migration;
  let migrationTo: number;
  if (cast.undoWanted()) {
    scene.title = 'Rolling back, with the old application at work';
    if (fresh) await stopApplication(fresh); // its schema goes away
    await actOnMigration(ask, id, 'rollback', { comment: 'the visitor wants it undone' });
    migration = await reach(id, 'rolled_back');
    migrationTo = Date.now();
    await sleep(1_000);
    await stopApplication(old);
    await check('rolled back, old form', { version: 'old' });
  } else {
    scene.title = 'Completing: the old form stays fed until the undo window ends';
    await actOnMigration(ask, id, 'complete');
    migration = await reach(id, 'completed');
    await sleep(2_000);
    migrationTo = Date.now();

    scene.title = "Checking every row with the applications' own model";
    await Promise.all([old, ...(fresh ? [fresh] : [])].map(stopApplication));
    await check('completed, new form', { version: 'new', schema: migration.versionSchema ?? '' });
    await check('completed, old form', { version: 'old' });

    scene.title = 'Undoing, with the old application at work';
    const again = startApplication('old', null);
    await sleep(1_000);
    await undoMigration(ask, id, { acceptLosses: true, comment: 'the demo takes it back' });
    await reach(id, 'undone');
    await sleep(1_000);
    await stopApplication(again);
    await check('undone, old form', { version: 'old' });
  }

  cast.handsOff();
  scene.title = 'For contrast: one plain ALTER TYPE under the same traffic';
  scene.migration = undefined;
  const all = [...cast.applications];
  const contrastApplication = startApplication('old', null);
  const contrast = await measureContrast(url, contrastApplication, sleep);
  await stopApplication(contrastApplication);
  return { migration, migrationFrom, publishedAt, migrationTo, old, all, checks, contrast };
}
