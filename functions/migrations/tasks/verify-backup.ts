import { z } from 'zod';
import { task } from '#platform/task.ts';
import { verifyBackup } from '../backups/restore-backup.ts';
import { BackupId, VerifiedBackup } from '../backups/schemas.ts';
import { runOptions } from '../databases/target.ts';
import { BackupDamaged } from '../errors.ts';

/** Reads a whole backup, as a restore would. The migration's events tell how it ended, whoever still waits. */
export const handler = task({
  name: 'verify-backup',
  input: z.strictObject({ backup: BackupId, actor: z.string() }),
  output: VerifiedBackup,
  handler: ({ backup, actor }, tools) =>
    verifyBackup(backup, actor, runOptions(tools)).catch((error: unknown) => {
      if (error instanceof BackupDamaged) tools.metrics.count('BackupDamaged');
      throw error;
    }),
});
