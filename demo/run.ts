import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, type as osType, release } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startPostgres } from '#local/postgres/server.ts';
import { Database, Migration, type MigrationStatus } from '#migrations/schemas.ts';
import { call } from '../cli/client.ts';
import { exitCode, Failure } from '../cli/failure.ts';
import { colours, count, duration, print } from '../cli/output.ts';
import type { ShopModel } from '../examples/shop/application.ts';
import { checkShop } from '../examples/shop/check.ts';
import { fillShop, type ShopSize } from '../examples/shop/data.ts';
import { type RunningApplication, runApplication } from './applications.ts';
import { measureContrast } from './contrast.ts';
import { trafficBetween } from './figures.ts';
import { hurtsOn } from './hurts.ts';
import { listenToKeys } from './keys.ts';
import { startPlatform } from './platform.ts';
import { type Measurements, reportPage } from './report.ts';
import { type Scene, startScreen } from './screen.ts';
import { printSummary } from './summary.ts';

const migrationFile = 'examples/05-shop.yaml';
const requestsPerSecond = 100;
const baselineMs = 8_000;
const soakMs = 8_000;
const longestMigrationMs = 15 * 60_000;

/**
 * The main job, shown: a shop under traffic changes its schema, is verified by a model of the demo's own, and changes
 * back. `rows` are orders and customers each. Sets a non-zero exit code when a request failed or a row is wrong.
 */
export async function runDemo({ once, rows }: { once: boolean; rows: number }): Promise<void> {
  if (!Number.isInteger(rows) || rows < 1_000 || rows > 10_000_000) {
    throw new Failure(`--rows is ${rows}; expected 1,000 to 10,000,000.`, { code: exitCode.usage });
  }
  const startedAt = Date.now();
  const size: ShopSize = { customers: rows, orders: rows, items: rows };
  const directory = resolve('.theseus/demo');
  await mkdir(directory, { recursive: true, mode: 0o700 });

  print(colours.bold('Theseus changes a live database without stopping it.'));
  print('Starting a real PostgreSQL and the platform on this machine …');
  const postgres = await startPostgres({ directory: `${directory}/postgres` });
  const url = await freshDatabase(postgres.url);
  await rm(`${directory}/platform`, { recursive: true, force: true });
  const [platform] = await Promise.all([startPlatform(`${directory}/platform`), fillShop(url, size)]);
  print(
    `The shop has ${count(size.customers)} customers, ${count(size.orders)} orders and ${count(size.items)} items (${duration(Date.now() - startedAt)}).`,
  );

  const scene: Scene = {
    title: 'Before: one application, one version',
    migration: undefined,
    applications: [],
    p99Before: undefined,
    keys: '',
  };
  const events: Measurements['events'] = [];
  const models: ShopModel[] = [];
  const olds: RunningApplication[] = [];
  let serial = 0;
  const application = (version: 'old' | 'new', searchPath: string | null): RunningApplication => {
    const running = runApplication({
      url,
      version,
      searchPath,
      rate: requestsPerSecond,
      share: { modulus: 2, remainder: version === 'old' ? 0 : 1 },
      size,
      seed: ++serial,
    });
    scene.applications.push(running);
    if (version === 'old') olds.push(running);
    return running;
  };
  const stopApplication = async (running: RunningApplication): Promise<void> => {
    models.push(await running.stop());
    scene.applications = scene.applications.filter((one) => one !== running);
  };

  const get = (id: string) =>
    call(platform.current(), { method: 'GET', path: `/migrations/${id}`, answer: Migration });
  const post = (path: string, body: unknown = {}) =>
    call(platform.current(), { method: 'POST', path, body, answer: Migration });
  const screen = startScreen(scene);
  const hurts = hurtsOn(url, platform);
  const happened = (text: string): void => {
    events.push({ at: Date.now(), text });
    screen.say(colours.yellow(`  ! ${text}`));
  };
  let undoNow = false;
  let restarting: Promise<unknown> | undefined;
  const keys = listenToKeys({
    k: () => {
      restarting = hurts
        .killWorker()
        .then(happened)
        .finally(() => {
          restarting = undefined;
        });
      return restarting;
    },
    c: async () => happened(await hurts.corruptRows(scene.migration)),
    l: async () => happened(await hurts.holdLock()),
    u: async () => {
      undoNow = true;
    },
  });
  scene.keys = keys.hint;

  /** Follows the migration until `done`, also across a platform that was just killed. */
  async function follow(id: string, done: (status: MigrationStatus) => boolean): Promise<Migration> {
    for (const end = Date.now() + longestMigrationMs; ; ) {
      await restarting;
      const migration = await get(id);
      scene.migration = migration;
      if (done(migration.status)) return migration;
      if (['failed', 'rolled_back', 'rejected'].includes(migration.status)) {
        throw new Failure(`The migration is ${migration.status}: ${migration.failure?.message ?? ''}`, {
          code: exitCode.failed,
          action: migration.failure?.action ?? undefined,
        });
      }
      if (Date.now() > end)
        throw new Failure('The migration took longer than 15 minutes.', { code: exitCode.failed });
      await sleep(250);
    }
  }

  try {
    const old = application('old', null);
    await sleep(baselineMs);
    const migrationFrom = Date.now();
    const before = trafficBetween(old.seconds, startedAt, migrationFrom);
    scene.p99Before = before.p99;

    scene.title = `Migrating: ${migrationFile}`;
    await call(platform.current(), {
      method: 'POST',
      path: '/databases',
      body: { name: 'shop', url },
      answer: Database,
    });
    const planned = await post('/migrations', {
      database: 'shop',
      file: await readFile(new URL(`../${migrationFile}`, import.meta.url), 'utf8'),
      fileName: '05-shop.yaml',
      options: { soakSeconds: 600 },
    });
    const { id } = await follow(planned.id, (status) => status === 'planned');
    const consents =
      scene.migration?.plan?.notes.filter((note) => note.severity === 'consent').map((note) => note.code) ??
      [];
    await post(`/migrations/${id}/start`, { consents });
    const published = await follow(id, (status) => status === 'soaking');

    const publishedAt = Date.now();
    const fresh = application('new', published.clientPath?.replaceAll(' ', '') ?? null);
    scene.title = 'Published: both versions read and write the same rows';
    for (const end = Date.now() + soakMs; Date.now() < end && !undoNow; ) {
      scene.migration = await get(id);
      await sleep(250);
    }
    scene.title = 'Completing: the old form stays fed until the undo window ends';
    await post(`/migrations/${id}/complete`);
    const completed = await follow(id, (status) => status === 'completed');
    await sleep(2_000);
    const migrationTo = Date.now();

    scene.title = "Checking every row with the applications' own model";
    await Promise.all([stopApplication(old), stopApplication(fresh)]);
    const newForm = await checkShop(
      url,
      { version: 'new', schema: published.versionSchema ?? '' },
      size,
      models,
    );
    const oldForm = await checkShop(url, { version: 'old' }, size, models);
    screen.say(
      `  ${newForm.wrongRows + oldForm.wrongRows === 0 ? colours.green('✓') : colours.red('✗')} ${count(newForm.rows)} rows read in the new form and ${count(oldForm.rows)} in the old: ${newForm.wrongRows + oldForm.wrongRows} wrong`,
    );

    scene.title = 'Undoing, with the old application at work';
    const again = application('old', null);
    await sleep(1_000);
    await post(`/migrations/${id}/undo`, { acceptLosses: true, comment: 'the demo takes it back' });
    await follow(id, (status) => status === 'undone');
    await sleep(1_000);
    await stopApplication(again);
    const undone = await checkShop(url, { version: 'old' }, size, models);
    screen.say(
      `  ${undone.wrongRows === 0 ? colours.green('✓') : colours.red('✗')} undone: ${count(undone.rows)} rows read, ${undone.wrongRows} wrong`,
    );

    scene.title = 'For contrast: one plain ALTER TYPE under the same traffic';
    scene.migration = undefined;
    const contrastApplication = application('old', null);
    const contrast = await measureContrast(url, contrastApplication);
    await contrastApplication.stop();
    scene.keys = '';
    screen.stop();

    const oldSeconds = olds.filter((one) => one !== contrastApplication).flatMap((one) => one.seconds);
    const failures = [...oldSeconds, ...fresh.seconds].flatMap((second) => second.errors);
    const measurements: Measurements = {
      startedAt,
      machine: `${osType()} ${release()}, ${cpus().length} cores, Node ${process.versions.node}`,
      postgres: await serverVersion(url),
      migration: migrationFile,
      rows: size,
      phases: [
        { name: 'before', from: migrationFrom - baselineMs, to: migrationFrom },
        ...completed.phases.map((phase) => ({
          name: phase.name.replaceAll('_', ' '),
          from: Date.parse(phase.startedAt),
          to: Date.parse(phase.endedAt ?? phase.startedAt),
        })),
      ],
      events,
      oldSeconds,
      newSeconds: fresh.seconds,
      before,
      during: trafficBetween(old.seconds, migrationFrom, publishedAt),
      afterPublish: trafficBetween([...old.seconds, ...fresh.seconds], publishedAt, migrationTo),
      failedRequests: failures.length,
      backfill: {
        rows: completed.progress.rowsDone,
        rowsPerSecond: backfillRate(completed),
        chunks: completed.progress.chunks,
      },
      locks: completed.locks,
      verify: { rows: completed.verification.rowsChecked, repaired: completed.verification.repaired },
      checks: [
        { name: 'new form, after completion', ...newForm },
        { name: 'old form, after completion', ...oldForm },
        { name: 'old form, after undo', ...undone },
      ],
      contrast,
    };
    await writeFile('report.html', reportPage(measurements));
    printSummary(measurements, failures);
    const wrongRows = measurements.checks.reduce((sum, check) => sum + check.wrongRows, 0);
    if (failures.length > 0 || wrongRows > 0) process.exitCode = exitCode.failed;

    if (!once) {
      print(
        `\nThe platform stays up on ${platform.current().url} until Ctrl-C. Look around in another terminal:`,
      );
      print(`  npx theseus --directory .theseus/demo/platform migration show ${id}`);
      await new Promise<void>((done) => {
        process.once('SIGINT', () => done());
        process.once('SIGTERM', () => done());
      });
    }
  } finally {
    screen.stop();
    keys.stop();
    await platform.stop();
    await postgres.stop();
  }
}

async function freshDatabase(adminUrl: string): Promise<string> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query('DROP DATABASE IF EXISTS shop WITH (FORCE)');
    await client.query('CREATE DATABASE shop');
  } finally {
    await client.end();
  }
  const url = new URL(adminUrl);
  url.pathname = '/shop';
  return url.href;
}

async function serverVersion(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    return rows[0]?.server_version ?? '';
  } finally {
    await client.end();
  }
}

/** Rows a second over the whole backfill phase, pauses included. */
function backfillRate(migration: Migration): number {
  const phase = migration.phases.find((one) => one.name === 'backfill');
  if (!phase?.endedAt) return 0;
  const seconds = (Date.parse(phase.endedAt) - Date.parse(phase.startedAt)) / 1000;
  return seconds > 0 ? migration.progress.rowsDone / seconds : 0;
}
