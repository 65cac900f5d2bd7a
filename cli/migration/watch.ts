import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { Migration, MigrationStatus } from '#migrations/schemas.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { printJson } from '../output.ts';
import { findPlatform, type Platform } from '../platform.ts';
import { liveScreen } from './screen.ts';

interface Options {
  json?: boolean;
  /** Ends when the migration gets there. */
  until?: MigrationStatus;
}

interface Given {
  json?: boolean;
  until?: string;
}

/** An option's value as a status. @throws Failure (usage) naming the statuses there are. */
export function statusOf(option: string, text: string): MigrationStatus {
  const parsed = MigrationStatus.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new Failure(`${option} is '${text}'; expected one of ${MigrationStatus.options.join(', ')}.`, {
    code: exitCode.usage,
  });
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

/**
 * Follows a migration until nothing more happens by itself, or until it is where `until` says. Sets the exit code to 4
 * when it failed or was rolled back, and when it ended somewhere else.
 */
export async function watchMigration(
  platform: Platform,
  id: string,
  { json, until }: Options,
): Promise<Migration> {
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
    if (migration.status === until || final.has(migration.status)) {
      screen?.end(migration);
      const missed = until !== undefined && migration.status !== until;
      if (missed || (until === undefined && bad.has(migration.status))) process.exitCode = exitCode.failed;
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
    .option('--until <status>', 'end when it is in this status, e.g. soaking: deploy the new version now')
    .option('--json', 'print a JSON line for each change')
    .action(async (id: string, options: Given, command: Command) => {
      const { until: given, ...rest } = options;
      const until = given === undefined ? {} : { until: statusOf('--until', given) };
      const platform = await findPlatform(command.optsWithGlobals<{ directory?: string }>().directory);
      await watchMigration(platform, id, { ...rest, ...until });
    });
