import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { Migration, type MigrationStatus } from '#migrations/schemas.ts';
import { call } from '../client.ts';
import { exitCode } from '../failure.ts';
import { printJson } from '../output.ts';
import { findPlatform, type Platform } from '../platform.ts';
import { liveScreen } from './screen.ts';

interface Options {
  json?: boolean;
}

/** Nothing more happens by itself in these. */
const final = new Set<MigrationStatus>([
  'planned',
  'rejected',
  'completed',
  'rolled_back',
  'undone',
  'removed',
  'failed',
  'cancelled',
]);
const bad = new Set<MigrationStatus>(['rejected', 'rolled_back', 'failed']);

/** Follows a migration until nothing more happens by itself; sets the exit code to 4 when it failed or was rolled back. */
export async function watchMigration(platform: Platform, id: string, { json }: Options): Promise<Migration> {
  const screen = json ? undefined : liveScreen();
  let said = '';
  for (;;) {
    const migration = await call(platform, {
      method: 'GET',
      path: `/migrations/${encodeURIComponent(id)}`,
      answer: Migration,
    });
    if (screen) screen.show(migration);
    else {
      const now = JSON.stringify(migration);
      if (now !== said) printJson(migration);
      said = now;
    }
    if (final.has(migration.status)) {
      screen?.end(migration);
      if (bad.has(migration.status)) process.exitCode = exitCode.failed;
      return migration;
    }
    await sleep(screen ? 250 : 500);
  }
}

/** `theseus migration watch <id>`: phases and progress until the end; one JSON line per change with --json. */
export const migrationWatch = (): Command =>
  new Command('watch')
    .description('Follow a migration: phases, progress, rows a second, time left')
    .argument('<id>')
    .option('--json', 'print a JSON line for each change')
    .action(async (id: string, options: Options, command: Command) => {
      const platform = await findPlatform(command.optsWithGlobals<{ directory?: string }>().directory);
      await watchMigration(platform, id, options);
    });
