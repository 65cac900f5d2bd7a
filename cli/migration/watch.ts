import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { Migration, MigrationStatus } from '#migrations/schemas.ts';
import { type Ask, asking } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { reportMigration } from './report.ts';
import { liveScreen } from './screen.ts';

interface Options {
  json?: boolean;
  /** Ends when the migration gets there. */
  until?: MigrationStatus | undefined;
}

interface Given {
  json?: boolean;
  until?: string;
}

/** An option's value as a status, if given. @throws Failure (usage) naming the statuses there are. */
export function statusOf(option: string, text: string | undefined): MigrationStatus | undefined {
  if (text === undefined) return undefined;
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

/** Where a followed migration is shown: a terminal, lines of JSON, or whoever embeds the command. */
export interface MigrationOutput {
  /** After every look, changed or not. */
  show(migration: Migration): void;
  /** Instead, at the last look. */
  end(migration: Migration): void;
}

/** A line of JSON for each change. */
function jsonLines(): MigrationOutput {
  let said = '';
  const show = (migration: Migration): void => {
    const now = JSON.stringify(migration);
    if (now !== said) printJson(migration);
    said = now;
  };
  return { show, end: show };
}

/** Looks at a migration until `done` says so or nothing more happens by itself, and returns it as it was then. */
export async function followMigration(
  ask: Ask,
  id: string,
  {
    output,
    done,
    everyMs = 250,
    signal,
  }: {
    output: MigrationOutput;
    done: (migration: Migration) => boolean;
    everyMs?: number;
    signal?: AbortSignal;
  },
): Promise<Migration> {
  for (;;) {
    const path = `/migrations/${encodeURIComponent(id)}`;
    const migration = await ask({ method: 'GET', path, answer: Migration });
    if (done(migration) || final.has(migration.status)) {
      output.end(migration);
      return migration;
    }
    output.show(migration);
    await sleep(everyMs, undefined, { signal });
  }
}

/**
 * Follows a migration on the terminal until nothing more happens by itself, or until it is where `until` says. Sets the
 * exit code to 4 when it failed or was rolled back, and when it ended somewhere else.
 */
export async function watchMigration(ask: Ask, id: string, { json, until }: Options): Promise<void> {
  const migration = await followMigration(ask, id, {
    output: json ? jsonLines() : liveScreen(),
    done: ({ status }) => status === until,
    everyMs: json ? 500 : 250,
  });
  const missed = until !== undefined && migration.status !== until;
  if (missed || (until === undefined && bad.has(migration.status))) process.exitCode = exitCode.failed;
}

/** How a verb that sets a migration going ends: with where it stands now, or after following it. */
export async function watchOrReport(
  ask: Ask,
  migration: Migration,
  options: Options & { watch?: boolean },
): Promise<void> {
  if (options.watch || options.until !== undefined) await watchMigration(ask, migration.id, options);
  else reportMigration(migration, options);
}

/** `theseus migration watch <id>`: phases and progress until the end; one JSON line per change with --json. */
export const migrationWatch = (): Command =>
  new Command('watch')
    .description('Follow a migration: phases, progress, rows a second, time left')
    .argument('<id>')
    .option('--until <status>', 'end when it is in this status, e.g. soaking: deploy the new version now')
    .option('--json', 'print a JSON line for each change')
    .action(async (id: string, options: Given, command: Command) => {
      const until = statusOf('--until', options.until);
      const platform = await platformOf(command);
      await watchMigration(asking(platform), id, { ...options, until });
    });
