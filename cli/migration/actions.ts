import { Command, Option } from 'commander';
import type { RollbackStrategy } from '#migrations/plan/strategies.ts';
import { Migration } from '#migrations/schemas.ts';
import { type Ask, asking, call } from '../client.ts';
import { platformOf } from '../platform.ts';
import { reportMigration } from './report.ts';
import { strategyOption } from './undo.ts';

interface Options {
  breakGlass?: string;
  strategy?: RollbackStrategy;
  acceptLosses?: boolean;
  comment?: string;
  constraints?: string;
  hash?: string;
  json?: boolean;
}

/** Asks for what needs no more than a comment; of a rollback also its strategy, and whether it may overwrite. */
export const actOnMigration = (
  ask: Ask,
  id: string,
  verb: 'pause' | 'resume' | 'complete' | 'rollback' | 'retry',
  { comment, strategy, acceptLosses }: Pick<Options, 'comment' | 'strategy' | 'acceptLosses'> = {},
): Promise<Migration> =>
  ask({
    method: 'POST',
    path: `/migrations/${encodeURIComponent(id)}/${verb}`,
    body: {
      ...(comment === undefined ? {} : { comment }),
      ...(strategy === undefined ? {} : { strategy }),
      ...(acceptLosses ? { acceptLosses } : {}),
    },
    answer: Migration,
  });

const action = (verb: Parameters<typeof actOnMigration>[2], description: string) => (): Command => {
  const command = new Command(verb).description(description).argument('<id>');
  if (verb === 'rollback') {
    command.addOption(strategyOption());
    command.option('--accept-losses', 'to_backup overwrites rows without asking; they are backed up');
  }
  return command
    .option('--comment <text>', 'kept in the history')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Options, command: Command) => {
      const platform = await platformOf(command);
      reportMigration(await actOnMigration(asking(platform), id, verb, options), options);
    });
};

/** Approve and reject name the plan they are about: an approval never passes to another plan. */
const decision = (verb: 'approve' | 'reject', description: string) => (): Command => {
  const command = new Command(verb)
    .description(description)
    .argument('<id>')
    .option('--hash <hash>', 'the hash of the plan you read; the current plan is shown and used when absent');
  if (verb === 'approve') {
    command.addOption(
      new Option(
        '--constraints <how>',
        'of an undo or rollback that rows refuse: not_valid gives the constraints back for new rows only',
      ).choices(['not_valid']),
    );
    command.option(
      '--break-glass <reason>',
      'in an emergency, why: counts as all approvals, and windows are over',
    );
  }
  return command
    .option('--comment <text>', 'kept in the history')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Options, command: Command) => {
      const platform = await platformOf(command);
      const path = `/migrations/${encodeURIComponent(id)}`;
      const current = await call(platform, { method: 'GET', path, answer: Migration });
      const planHash = options.hash ?? current.plan?.hash;
      const body = {
        // While an undo waits for a decision about what cannot return there is no plan to name.
        ...(planHash === undefined || current.status === 'waiting_for_decision' ? {} : { planHash }),
        ...(options.constraints === undefined ? {} : { constraints: options.constraints }),
        ...(options.breakGlass === undefined ? {} : { breakGlass: options.breakGlass }),
        ...(options.comment === undefined ? {} : { comment: options.comment }),
      };
      reportMigration(
        await call(platform, { method: 'POST', path: `${path}/${verb}`, body, answer: Migration }),
        options,
      );
    });
};

export const migrationActions = {
  pause: action('pause', 'Stop filling rows after the current chunk; both schemas stay in step'),
  resume: action('resume', 'Go on where pause stopped'),
  complete: action('complete', 'End the soak now: contract softly and start the undo window'),
  rollback: action('rollback', 'Leave schema and data as they were before, from any phase before completion'),
  retry: action('retry', 'Count again what refuses the old constraints, after the rows were corrected'),
  approve: decision('approve', 'Approve the plan a migration waits with, or accept what cannot return'),
  reject: decision('reject', 'Reject the plan, or keep the migration when something cannot return'),
};
