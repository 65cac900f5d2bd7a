import { Command } from 'commander';
import { Migration } from '#migrations/schemas.ts';
import { type Ask, asking, call } from '../client.ts';
import { findPlatform } from '../platform.ts';
import { reportMigration } from './report.ts';

interface Options {
  comment?: string;
  hash?: string;
  json?: boolean;
}

/** Asks for what needs no more than a comment. */
export const actOnMigration = (
  ask: Ask,
  id: string,
  verb: 'pause' | 'resume' | 'complete' | 'rollback',
  { comment }: { comment?: string } = {},
): Promise<Migration> =>
  ask({
    method: 'POST',
    path: `/migrations/${encodeURIComponent(id)}/${verb}`,
    body: comment === undefined ? {} : { comment },
    answer: Migration,
  });

const action = (verb: Parameters<typeof actOnMigration>[2], description: string) => (): Command =>
  new Command(verb)
    .description(description)
    .argument('<id>')
    .option('--comment <text>', 'kept in the history')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Options, command: Command) => {
      const platform = await findPlatform(command.optsWithGlobals<{ directory?: string }>().directory);
      reportMigration(await actOnMigration(asking(platform), id, verb, options), options);
    });

/** Approve and reject name the plan they are about: an approval never passes to another plan. */
const decision = (verb: 'approve' | 'reject', description: string) => (): Command =>
  new Command(verb)
    .description(description)
    .argument('<id>')
    .option('--hash <hash>', 'the hash of the plan you read; the current plan is shown and used when absent')
    .option('--comment <text>', 'kept in the history')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Options, command: Command) => {
      const platform = await findPlatform(command.optsWithGlobals<{ directory?: string }>().directory);
      const path = `/migrations/${encodeURIComponent(id)}`;
      const current = await call(platform, { method: 'GET', path, answer: Migration });
      const planHash = options.hash ?? current.plan?.hash;
      const body = {
        // While undo waits for a decision about losses there is no plan to name.
        ...(planHash === undefined || current.status === 'waiting_for_decision' ? {} : { planHash }),
        ...(options.comment === undefined ? {} : { comment: options.comment }),
      };
      reportMigration(
        await call(platform, { method: 'POST', path: `${path}/${verb}`, body, answer: Migration }),
        options,
      );
    });

export const migrationActions: (() => Command)[] = [
  action('pause', 'Stop filling rows after the current chunk; both schemas stay in step'),
  action('resume', 'Go on where pause stopped'),
  action('complete', 'End the soak now: contract softly and start the undo window'),
  action('rollback', 'Leave schema and data as they were before, from any phase before completion'),
  decision('approve', 'Approve the plan a migration waits with'),
  decision('reject', 'Reject the plan; nothing has been changed'),
];
