import { Command, Option } from 'commander';
import { RollbackStrategy } from '#migrations/plan/strategies.ts';
import { Migration } from '#migrations/schemas.ts';
import { type Ask, asking } from '../client.ts';
import { platformOf } from '../platform.ts';
import { statusOf, watchOrReport } from './watch.ts';

interface Options {
  acceptLosses?: boolean;
  strategy?: RollbackStrategy;
  comment?: string;
  watch?: boolean;
  until?: string;
  json?: boolean;
}

/** What becomes of the rows on the way back. */
export const strategyOption = (): Option =>
  new Option('--strategy <strategy>', 'what becomes of rows written since (default: revert)').choices(
    RollbackStrategy.options,
  );

/** Takes a completed migration back; what cannot return is decided on first, unless its loss is accepted here. */
export const undoMigration = (
  ask: Ask,
  id: string,
  { acceptLosses, strategy, comment }: Pick<Options, 'acceptLosses' | 'strategy' | 'comment'>,
): Promise<Migration> =>
  ask({
    method: 'POST',
    path: `/migrations/${encodeURIComponent(id)}/undo`,
    body: {
      ...(acceptLosses ? { acceptLosses } : {}),
      ...(strategy === undefined ? {} : { strategy }),
      ...(comment === undefined ? {} : { comment }),
    },
    answer: Migration,
  });

/** `theseus migration undo <id>`: takes a completed migration back, within its undo window. */
export const migrationUndo = (): Command =>
  new Command('undo')
    .description('Take a completed migration back; rows that cannot return are listed first')
    .argument('<id>')
    .option('--accept-losses', 'go on even when rows cannot return or are overwritten; they are backed up')
    .addOption(strategyOption())
    .option('--comment <text>', 'kept in the history')
    .option('--watch', 'follow it to its end')
    .option('--until <status>', 'follow it until it is in this status, e.g. waiting_for_decision')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Options, command: Command) => {
      const until = statusOf('--until', options.until);
      const ask = asking(await platformOf(command));
      await watchOrReport(ask, await undoMigration(ask, id, options), { ...options, until });
    });
