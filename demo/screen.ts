import type { Migration } from '#migrations/schemas.ts';
import { progressLine } from '../cli/migration/screen.ts';
import { colours, count, cutTo, print, table } from '../cli/output.ts';
import type { RunningApplication } from './applications.ts';
import { trafficBetween } from './figures.ts';

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

export interface Screen {
  /** Prints a line that stays. */
  say(text: string): void;
  stop(): void;
}

/**
 * Draws the scene twice a second: in place on a terminal, elsewhere as a line when something changed and each 5 s.
 */
export function startScreen(scene: Scene): Screen {
  const inPlace = Boolean(process.stdout.isTTY);
  let stopped = false;
  let drawn = 0;
  let told = '';
  let toldAt = 0;

  function clear(): void {
    if (inPlace && drawn > 0) process.stdout.write(`\u001b[${drawn}A\u001b[J`);
    drawn = 0;
  }

  function block(): string[] {
    const { migration } = scene;
    const progress = migration && progressLine(migration);
    return [
      colours.bold(scene.title),
      ...(migration ? [phaseLine(migration)] : []),
      ...(progress ? [progress] : []),
      ...table(applicationRows(scene)),
      ...(scene.keys === '' ? [] : [colours.dim(`  ${scene.keys}`)]),
    ];
  }

  function draw(): void {
    if (inPlace) {
      clear();
      const lines = block().map((line) => cutTo(line, process.stdout.columns));
      for (const line of lines) print(line);
      drawn = lines.length;
      return;
    }
    const now = `${scene.title} ${scene.migration?.status} ${scene.migration?.phase}`;
    if (now === told && Date.now() - toldAt < recentMs) return;
    told = now;
    toldAt = Date.now();
    const { migration } = scene;
    const where = migration
      ? ` [${(migration.phase ?? migration.status).replaceAll('_', ' ')}]${progressLine(migration) ?? ''}`
      : '';
    const rows = applicationRows(scene).map((row) => row.join(', ').trim());
    print([`${scene.title}${where}`, ...rows].join(' | '));
  }

  const timer = setInterval(draw, 500);
  draw();
  return {
    say(text) {
      if (stopped) return;
      clear();
      print(text);
      draw();
    },
    stop() {
      stopped = true;
      clearInterval(timer);
      clear();
    },
  };
}
