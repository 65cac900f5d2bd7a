import { Command } from 'commander';
import { Release, type ReleaseAction } from '#deployments/releases/schemas.ts';
import { call } from '../client.ts';
import { printJson } from '../output.ts';
import { platformOf } from '../platform.ts';
import { printRelease } from './describe.ts';
import { releasePath } from './read.ts';

const descriptions: Record<ReleaseAction, string> = {
  approve: 'Approve a release that waits for it',
  abort: 'Give a release up: every member and flag goes back',
  rollback: 'Take every member and flag back, as long as the old versions are kept',
  finish: 'Let the old versions of all members go before their time',
};

/** `theseus release approve|abort|rollback|finish <id>`. */
export const releaseAction = (verb: ReleaseAction): Command =>
  new Command(verb)
    .description(descriptions[verb])
    .argument('<id>')
    .option('--comment <text>', 'why; it stays in the events')
    .option('--json', 'print JSON')
    .action(async (id: string, { comment, json }: { comment?: string; json?: boolean }, command: Command) => {
      const release = await call(await platformOf(command), {
        method: 'POST',
        path: `${releasePath(id)}/${verb}`,
        body: comment === undefined ? {} : { comment },
        answer: Release,
      });
      if (json) printJson(release);
      else printRelease(release);
    });
