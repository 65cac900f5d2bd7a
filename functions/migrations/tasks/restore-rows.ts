import { z } from 'zod';
import { task } from '#platform/task.ts';
import { restoreBackup } from '../backups/restore-backup.ts';
import { MigrationId, RestoredRows, RestoreRows } from '../schemas.ts';
import { runOptions } from '../target.ts';

/** Puts the rows of a backup into a new table. The migration's events tell how it ended, whoever still waits. */
export const handler = task({
  name: 'restore-rows',
  input: RestoreRows.extend({ migrationId: MigrationId, actor: z.string() }),
  output: RestoredRows,
  handler: ({ migrationId, actor, ...asked }, tools) =>
    restoreBackup(migrationId, actor, asked, runOptions(tools)),
});
