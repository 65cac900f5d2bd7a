import type { Migration } from '#migrations/schemas.ts';
import { progressLine } from '../cli/migration/screen.ts';
import { colours, count, table } from '../cli/output.ts';
import type { RunningApplication } from './applications.ts';
import { trafficBetween } from './figures.ts';
import { type LiveBlock, startLiveBlock } from './live-block.ts';

/** What is on the screen now; the demo's flow changes it, the screen draws it. */
export interface Scene {
  title: string;
  migration: Migration | undefined;
  applications: RunningApplication[];
  /** p99 of the old application before the migration, ms. */
  p99Before: number | undefined;
  /** Keys the visitor may press now. */
  keys: string;
}

const recentMs = 5_000;

function applicationRows(scene: Scene): string[][] {
  const now = Date.now();
  return scene.applications.map((application) => {
    const all = trafficBetween(application.seconds, 0, now);
    const recent = trafficBetween(application.seconds, now - recentMs, now + 1);
    const failed = all.failed === 0 ? colours.green('0 failed') : colours.red(`${all.failed} failed`);
    const before = scene.p99Before === undefined ? '' : colours.dim(` (${scene.p99Before} ms before)`);
    return [
      `  ${application.version} application`,
      `${count(all.requests)} requests`,
      failed,
      `p99 ${recent.p99} ms${before}`,
    ];
  });
}

function phaseLine(migration: Migration): string {
  const done = migration.phases
    .filter((phase) => phase.endedAt)
    .map((phase) => `${colours.green('✓')} ${phase.name.replaceAll('_', ' ')}`);
  const now = migration.phases
    .filter((phase) => !phase.endedAt)
    .map((phase) => `${colours.cyan('▸')} ${colours.bold(phase.name.replaceAll('_', ' '))}`);
  return `  ${[...done.slice(-7), ...now].join('  ')}`;
}

/** The same in a few words, where lines cannot be drawn again. */
function inWords(scene: Scene): string[] {
  const { migration } = scene;
  const where = migration
    ? [`[${(migration.phase ?? migration.status).replaceAll('_', ' ')}]${progressLine(migration) ?? ''}`]
    : [];
  return [...where, ...applicationRows(scene).map((row) => row.join(', '))];
}

function inPlaceLines(scene: Scene): string[] {
  const { migration } = scene;
  const progress = migration && progressLine(migration);
  return [
    ...(migration ? [phaseLine(migration)] : []),
    ...(progress ? [progress] : []),
    ...table(applicationRows(scene)),
    ...(scene.keys === '' ? [] : [colours.dim(`  ${scene.keys}`)]),
  ];
}

/** Draws the scene until it is stopped. */
export const startScreen = (scene: Scene): LiveBlock =>
  startLiveBlock({
    title: () => colours.bold(scene.title),
    lines: (inPlace) => (inPlace ? inPlaceLines(scene) : inWords(scene)),
    state: () => `${scene.title} ${scene.migration?.status} ${scene.migration?.phase}`,
  });
