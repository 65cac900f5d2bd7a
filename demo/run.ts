import { mkdir, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type DirectoryLock, holderOf, lockDirectory } from '#local/lock.ts';
import { exitCode, Failure } from '../cli/failure.ts';
import { colours, count, duration, print } from '../cli/output.ts';
import { fillShop, type ShopSize } from '../examples/shop/data.ts';
import type { RunningApplication } from './applications.ts';
import type { Curtain } from './curtain.ts';
import type { Ending } from './ending.ts';
import { hurtsOn } from './hurts.ts';
import { listenToKeys } from './keys.ts';
import { measure } from './measure.ts';
import { perform } from './perform.ts';
import { startPlatform } from './platform.ts';
import { type Measurements, reportPage } from './report.ts';
import { type Scene, startScreen } from './screen.ts';
import { demoPostgres, freshDatabase, serverVersion } from './stage.ts';
import { migrationFile, tellStory } from './story.ts';
import { printSummary } from './summary.ts';

/**
 * The main job, shown: a shop under traffic changes its schema, is verified by a model of the demo's own, and changes
 * back. `rows` are orders and customers each. Sets a non-zero exit code when a request failed or a row is wrong, and
 * the signal's own when it was broken off. Leaves no process behind.
 */
export async function runDemo({ once, rows }: { once: boolean; rows: number }): Promise<void> {
  if (!Number.isInteger(rows) || rows < 1_000 || rows > 10_000_000) {
    throw new Failure(`--rows is ${rows}; expected 1,000 to 10,000,000.`, { code: exitCode.usage });
  }
  await perform({ once }, async (curtain, ending) => {
    const directory = resolve('.theseus/demo');
    const lock = await takeStage(directory);
    curtain.before(() => lock.release());
    await play({ once, rows, directory, ending, curtain });
  });
}

async function takeStage(directory: string): Promise<DirectoryLock> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Failure(`${directory} cannot be made: ${error instanceof Error ? error.message : error}`, {
      code: exitCode.refused,
      action: 'Run the demo in a folder that you may write to.',
    });
  }
  const holder = await holderOf(directory);
  if (!holder) return lockDirectory(directory);
  throw new Failure(`A demo runs in ${directory} already: process ${holder.pid}.`, {
    code: exitCode.refused,
    action: 'End it with Ctrl-C first, or run this one in another folder.',
  });
}

interface Play {
  once: boolean;
  rows: number;
  directory: string;
  ending: Ending;
  curtain: Curtain;
}

async function play({ once, rows, directory, ending, curtain }: Play): Promise<void> {
  const startedAt = Date.now();
  const size: ShopSize = { customers: rows, orders: rows, items: rows };
  print(colours.bold('Theseus changes a live database without stopping it.'));
  print('Starting a real PostgreSQL and the platform on this machine …');

  const postgresStarting = demoPostgres(`${directory}/postgres`, ending.wasAsked);
  curtain.before(async () => (await postgresStarting.catch(() => undefined))?.stop());
  const url = await freshDatabase((await postgresStarting).url);
  await rm(`${directory}/platform`, { recursive: true, force: true });
  const platformStarting = startPlatform(`${directory}/platform`);
  curtain.before(async (now) => (await platformStarting.catch(() => undefined))?.stop(now));
  print(`Filling the shop: ${count(rows)} customers, orders and items each …`);
  const [platform] = await Promise.all([platformStarting, fillShop(url, size)]);
  print(`Ready after ${duration(Date.now() - startedAt)}.`);

  const scene: Scene = {
    title: 'Before: one application, one version',
    migration: undefined,
    applications: [],
    p99Before: undefined,
    keys: '',
  };
  const events: Measurements['events'] = [];
  const screen = startScreen(scene);
  curtain.before((now) => {
    screen.stop();
    if (now) print('Ending the demo …');
  });
  const happened = (text: string): void => {
    events.push({ at: Date.now(), text });
    screen.say(colours.yellow(`  ! ${text}`));
  };
  const hurts = hurtsOn(url, platform);
  let undoWanted = false;
  const keys = listenToKeys(
    {
      k: async () => happened(await hurts.killWorker()),
      c: async () => happened(await hurts.corruptRows(scene.migration)),
      l: async () => happened(await hurts.holdLock()),
      u: async () => {
        if (!undoWanted) happened('undo asked for');
        undoWanted = true;
      },
    },
    (error) => happened(`that did not work: ${error instanceof Error ? error.message : error}`),
  );
  curtain.before(() => keys.stop());
  scene.keys = keys.hint;

  const applications: RunningApplication[] = [];
  curtain.before(() => {
    for (const one of applications) one.kill();
  });
  const trouble = Promise.withResolvers<never>();
  const story = tellStory({
    url,
    size,
    platform,
    scene,
    screen,
    applications,
    over: curtain.fallen,
    undoWanted: () => undoWanted,
    handsOff() {
      keys.stop();
      scene.keys = '';
    },
    applicationDied: trouble.reject,
  });
  const told = await Promise.race([story, trouble.promise]);
  screen.stop();

  const measurements = measure(told, {
    startedAt,
    postgres: await serverVersion(url),
    migration: migrationFile,
    events,
    size,
  });
  await writeFile('report.html', reportPage(measurements));
  printSummary(measurements);
  const wrongRows = measurements.checks.reduce((sum, check) => sum + check.wrongRows, 0);
  if (measurements.failures.length > 0 || wrongRows > 0) process.exitCode = exitCode.failed;
  if (once) return;

  print(
    `\nThe platform stays up on ${platform.current().url} until Ctrl-C. Look around in another terminal:`,
  );
  print(`  npx theseus --directory .theseus/demo/platform migration show ${told.migration.id}`);
}
