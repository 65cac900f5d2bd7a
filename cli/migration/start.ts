import { Command } from 'commander';
import type { TimeWindow } from '#migrations/schedule/windows.ts';
import { Migration } from '#migrations/schemas.ts';
import { type Ask, asking } from '../client.ts';
import { platformOf } from '../platform.ts';
import { timeOf, windowOf } from './hours.ts';
import { statusOf, watchOrReport } from './watch.ts';

interface Options {
  consent: string[];
  hash?: string;
  at?: string;
  window: TimeWindow[];
  breakGlass?: string;
  watch?: boolean;
  until?: string;
  json?: boolean;
}

/** Runs a planned migration, at once or as scheduled; `hash`: refuses when the plan is another one. */
export const startMigration = (
  ask: Ask,
  id: string,
  {
    consent,
    hash,
    at,
    window = [],
    breakGlass,
  }: { consent: string[]; hash?: string; at?: string; window?: TimeWindow[]; breakGlass?: string },
): Promise<Migration> =>
  ask({
    method: 'POST',
    path: `/migrations/${encodeURIComponent(id)}/start`,
    body: {
      ...(hash === undefined ? {} : { planHash: hash }),
      ...(at === undefined ? {} : { at }),
      ...(window.length === 0 ? {} : { windows: window }),
      ...(breakGlass === undefined ? {} : { breakGlass }),
      consents: consent,
    },
    answer: Migration,
  });

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
    .option('--at <time>', 'not before this time, e.g. 2026-03-02T22:00:00+01:00', timeOf)
    .option(
      '--window <hours>',
      'start and fill rows only in these hours, e.g. "mon-fri 22:00-04:00 Europe/Berlin"; may be repeated',
      (text, all: TimeWindow[]) => [...all, windowOf(text)],
      [],
    )
    .option('--break-glass <reason>', 'in an emergency, why: start at once, past approvals')
    .option('--watch', 'follow it to its end')
    .option('--until <status>', 'follow it until it is in this status, e.g. soaking')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Options, command: Command) => {
      const until = statusOf('--until', options.until);
      const ask = asking(await platformOf(command));
      await watchOrReport(ask, await startMigration(ask, id, options), { ...options, until });
    });
