import type { Migration, MigrationStatus } from '#migrations/schemas.ts';
import { asTyped, bar, colours, count, cutTo, duration, print } from '../output.ts';
import { approvalLines, cannotReturnLines, moveLines, nextLines, printNext } from './report.ts';

/** Here it waits for a person: what they can do is said at once, not only at the end. */
const waiting = new Set<MigrationStatus>([
  'waiting_for_approval',
  'scheduled',
  'paused',
  'soaking',
  'waiting_for_decision',
]);

function waitingLines(migration: Migration): string[] {
  if (!waiting.has(migration.status)) return [];
  const path = migration.clientPath === null ? [] : [`  new clients: search_path = ${migration.clientPath}`];
  const open = migration.status === 'waiting_for_decision' ? cannotReturnLines(migration) : [];
  if (migration.waitsUntil !== null) path.push(`  starts at ${migration.waitsUntil}`);
  return [...path, ...moveLines(migration), ...open, ...approvalLines(migration), ...nextLines(migration)];
}

const label = (phase: string): string => phase.replaceAll('_', ' ');

function phaseLines(migration: Migration): string[] {
  return migration.phases.map((phase) => {
    const ran = Date.parse(phase.endedAt ?? new Date().toISOString()) - Date.parse(phase.startedAt);
    const mark = phase.endedAt ? colours.green('✓') : colours.cyan('▸');
    return `  ${mark} ${label(phase.name).padEnd(20)} ${colours.dim(duration(Math.max(0, ran)))}`;
  });
}

/** The line under the phases: how far the rows are. Undefined while there is nothing to count. */
export function progressLine(migration: Migration): string | undefined {
  const { rowsDone, rowsTotal, rowsPerSecond, secondsLeft } = migration.progress;
  if (rowsTotal === 0) return undefined;
  const still = migration.waitsUntil === null ? '' : `, goes on at ${migration.waitsUntil}`;
  const share = rowsDone >= rowsTotal ? 1 : rowsDone / rowsTotal;
  const left = secondsLeft === null || share === 1 ? '' : `, ${duration(secondsLeft * 1000)} left`;
  const p99 = migration.probe.p99Ms === null ? '' : `, p99 ${migration.probe.p99Ms.toFixed(1)} ms`;
  return `  ${bar(share)}  ${count(rowsDone)} of ${count(rowsTotal)} rows, ${count(rowsPerSecond)} rows/s${left}${p99}${still}`;
}

/** What `watch` draws. On a terminal the block is redrawn in place; elsewhere a line is printed when something changed. */
export function liveScreen(): { show(migration: Migration): void; end(migration: Migration): void } {
  const inPlace = Boolean(process.stdout.isTTY);
  let drawn = 0;
  let told = '';
  let toldAt = 0;

  function draw(migration: Migration): void {
    const progress = progressLine(migration);
    const lines = [
      `${colours.bold(migration.name)} on ${migration.database.name}: ${migration.status.replaceAll('_', ' ')}`,
      ...phaseLines(migration),
      ...(progress ? [progress] : []),
      ...waitingLines(migration),
    ];
    if (drawn > 0) process.stdout.write(`\u001b[${drawn}A\u001b[J`);
    for (const line of lines) print(cutTo(line, process.stdout.columns));
    drawn = lines.length;
  }

  function tell(migration: Migration): void {
    const now = `${migration.status} ${migration.phase ?? ''}`;
    const moving = migration.status === 'running' && Date.now() - toldAt > 5_000;
    if (now === told && !moving) return;
    told = now;
    toldAt = Date.now();
    print(
      `${migration.name}: ${migration.status.replaceAll('_', ' ')}${migration.phase ? `, ${label(migration.phase)}` : ''}${progressLine(migration) ?? ''}`,
    );
    for (const line of waitingLines(migration)) print(line);
  }

  return {
    show: inPlace ? draw : tell,
    end(migration) {
      (inPlace ? draw : tell)(migration);
      if (migration.failure) {
        print(colours.red(`  ${migration.failure.message}`));
        if (migration.failure.action) print(`  ${asTyped(migration.failure.action)}`);
      }
      if (!waiting.has(migration.status)) printNext(migration);
    },
  };
}
