import { Command } from 'commander';
import { Migration } from '#migrations/schemas.ts';
import { call } from '../client.ts';
import { findPlatform } from '../platform.ts';
import { reportMigration } from './report.ts';
import { statusOf, watchMigration } from './watch.ts';

interface Options {
  acceptLosses?: boolean;
  comment?: string;
  watch?: boolean;
  until?: string;
  json?: boolean;
}

/** `theseus migration undo <id>`: takes a completed migration back, within its undo window. */
export const migrationUndo = (): Command =>
  new Command('undo')
    .description('Take a completed migration back; rows that cannot return are listed first')
    .argument('<id>')
    .option('--accept-losses', 'go on even when rows cannot return; they are backed up')
    .option('--comment <text>', 'kept in the history')
    .option('--watch', 'follow it to its end')
    .option('--until <status>', 'follow it until it is in this status, e.g. waiting_for_decision')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Options, command: Command) => {
      const until = options.until === undefined ? {} : { until: statusOf('--until', options.until) };
      const platform = await findPlatform(command.optsWithGlobals<{ directory?: string }>().directory);
      const migration = await call(platform, {
        method: 'POST',
        path: `/migrations/${encodeURIComponent(id)}/undo`,
        body: {
          ...(options.acceptLosses ? { acceptLosses: true } : {}),
          ...(options.comment === undefined ? {} : { comment: options.comment }),
        },
        answer: Migration,
      });
      if (options.watch || options.until !== undefined)
        await watchMigration(platform, migration.id, { json: options.json ?? false, ...until });
      else reportMigration(migration, options);
    });
