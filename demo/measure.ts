import { cpus, type as osType, release } from 'node:os';
import type { Migration } from '#migrations/schemas.ts';
import type { ShopSize } from '../examples/shop/data.ts';
import { trafficBetween } from './figures.ts';
import type { Measurements } from './report.ts';
import type { Told } from './story.ts';

/** The report's figures from what happened. `applications` are all that the migration had to keep at work. */
export function measure(
  told: Told,
  facts: Pick<Measurements, 'startedAt' | 'postgres' | 'migration' | 'events'> & { size: ShopSize },
): Measurements {
  const { migration, old, all, migrationFrom, publishedAt, migrationTo } = told;
  const { size, ...given } = facts;
  const secondsOf = (version: 'old' | 'new') =>
    all.filter((one) => one.version === version).flatMap((one) => one.seconds);
  const [oldSeconds, newSeconds] = [secondsOf('old'), secondsOf('new')];
  const both = [...oldSeconds, ...newSeconds];
  const begin = old.seconds[0]?.at ?? migrationFrom;
  return {
    ...given,
    machine: `${osType()} ${release()}, ${cpus().length} cores, Node ${process.versions.node}`,
    rows: size,
    phases: [
      { name: 'before', from: begin, to: migrationFrom },
      ...migration.phases.map((phase) => ({
        name: phase.name.replaceAll('_', ' '),
        from: Date.parse(phase.startedAt),
        to: Date.parse(phase.endedAt ?? phase.startedAt),
      })),
    ],
    oldSeconds,
    newSeconds,
    before: trafficBetween(old.seconds, 0, migrationFrom),
    during: trafficBetween(old.seconds, migrationFrom, publishedAt ?? migrationTo),
    afterPublish: trafficBetween(both, publishedAt ?? migrationTo, migrationTo),
    requests: both.reduce((sum, second) => sum + second.latencies.length, 0),
    failures: both.flatMap((second) => second.errors),
    backfill: {
      rows: migration.progress.rowsDone,
      rowsPerSecond: backfillRate(migration),
      chunks: migration.progress.chunks,
    },
    locks: migration.locks,
    verify: { rows: migration.verification.rowsChecked, repaired: migration.verification.repaired },
    checks: told.checks,
    contrast: told.contrast,
  };
}

/** Rows a second over the whole backfill phase, pauses included. */
function backfillRate(migration: Migration): number {
  const phase = migration.phases.find((one) => one.name === 'backfill');
  if (!phase?.endedAt) return 0;
  const seconds = (Date.parse(phase.endedAt) - Date.parse(phase.startedAt)) / 1000;
  return seconds > 0 ? migration.progress.rowsDone / seconds : 0;
}
