import { z } from 'zod';
import { task } from '#platform/task.ts';
import { restoreBackup } from '../backups/restore-backup.ts';
import { BackupId, RestoredRows, RestoreRows } from '../backups/schemas.ts';
import { runOptions } from '../databases/target.ts';

/** Puts rows of a backup into a new table. The migration's events tell how it ended, whoever still waits. */
export const handler = task({
  name: 'restore-rows',
  input: z.strictObject({ backup: BackupId, actor: z.string(), restore: RestoreRows }),
  output: RestoredRows,
  handler: ({ backup, actor, restore }, tools) => restoreBackup(backup, actor, restore, runOptions(tools)),
});
