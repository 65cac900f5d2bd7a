import { Command } from 'commander';
import { Migration } from '#migrations/schemas.ts';
import { call } from '../client.ts';
import { findPlatform } from '../platform.ts';
import { reportMigration } from './report.ts';
import { statusOf, watchMigration } from './watch.ts';

interface Options {
  consent: string[];
  hash?: string;
  watch?: boolean;
  until?: string;
  json?: boolean;
}

/** `theseus migration start <id>`: runs a planned migration. With --watch the exit code is that of watch. */
export const migrationStart = (): Command =>
  new Command('start')
    .description('Run a planned migration')
    .argument('<id>')
    .option(
      '--consent <code>',
      'consent to a note of the plan; may be repeated',
      (code, all: string[]) => [...all, code],
      [],
    )
    .option('--hash <hash>', 'refuse to start when the plan is another one')
    .option('--watch', 'follow it to its end')
    .option('--until <status>', 'follow it until it is in this status, e.g. soaking')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Options, command: Command) => {
      const until = options.until === undefined ? {} : { until: statusOf('--until', options.until) };
      const platform = await findPlatform(command.optsWithGlobals<{ directory?: string }>().directory);
      const migration = await call(platform, {
        method: 'POST',
        path: `/migrations/${encodeURIComponent(id)}/start`,
        body: {
          ...(options.hash === undefined ? {} : { planHash: options.hash }),
          consents: options.consent,
        },
        answer: Migration,
      });
      if (options.watch || options.until !== undefined)
        await watchMigration(platform, migration.id, { json: options.json ?? false, ...until });
      else reportMigration(migration, options);
    });
