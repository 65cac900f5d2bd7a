import { Command } from 'commander';
import { z } from 'zod';
import { GoesOn, VerifiedBackup } from '#migrations/backups/schemas.ts';
import { call } from '../client.ts';
import { asTyped, count, print, printJson } from '../output.ts';
import { platformOf } from '../platform.ts';

/** Says where the end of long work on a backup is told. */
export function reportGoesOn(event: string, { events }: z.output<typeof GoesOn>): void {
  print(`It takes longer; the event ${event} tells when it is done.`);
  print(asTyped(`theseus migration events ${events.split('/').at(2)}`));
}

/** `theseus backup verify <id>`: exit 3 when the backup is damaged. */
export const backupVerify = (): Command =>
  new Command('verify')
    .description('Read a whole backup and compare its rows and checksums')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action(async (id: string, options: { json?: boolean }, command: Command) => {
      const platform = await platformOf(command);
      const seen = await call(platform, {
        method: 'POST',
        path: `/backups/${encodeURIComponent(id)}/verify`,
        answer: z.union([VerifiedBackup, GoesOn]),
      });
      if (options.json) return printJson(seen);
      if ('events' in seen) return reportGoesOn('backup.verified or backup.damaged', seen);
      print(`${count(seen.rows)} rows in ${seen.parts} parts are as they were stored.`);
    });
