import { Command } from 'commander';
import { Backup } from '#migrations/backups/schemas.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { reportBackup } from './show.ts';

interface Options {
  reason: string;
  until?: string | null;
  json?: boolean;
}

/** `2027-01-31`, a time, or `forever`. @throws Failure (usage). */
function timeOf(text: string): string | null {
  if (text === 'forever') return null;
  const at = new Date(text);
  if (!Number.isNaN(at.getTime())) return at.toISOString();
  throw new Failure(`--until is '${text}'; expected a day such as 2027-01-31, a time, or forever.`, {
    code: exitCode.usage,
  });
}

const verb = (name: 'keep' | 'delete', description: string): Command =>
  new Command(name)
    .description(description)
    .argument('<id>')
    .requiredOption('--reason <text>', 'kept in the history')
    .option('--json', 'print JSON')
    .action(async (id: string, { reason, until, json }: Options, command: Command) => {
      const platform = await platformOf(command);
      const backup = await call(platform, {
        method: 'POST',
        path: `/backups/${encodeURIComponent(id)}/${name}`,
        body: until === undefined ? { reason } : { reason, until },
        answer: Backup,
      });
      if (json) return printJson(backup);
      reportBackup(backup);
    });

/** `theseus backup keep <id> --until <time> --reason <text>`. */
export const backupKeep = (): Command =>
  verb('keep', 'Set how long a backup is kept').requiredOption(
    '--until <time>',
    'deleted from then on; forever: until somebody deletes it',
    timeOf,
  );

/** `theseus backup delete <id> --reason <text>`. */
export const backupDelete = (): Command =>
  verb('delete', 'Delete the rows of a backup; who did it and why is kept');
