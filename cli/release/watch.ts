import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { Release } from '#deployments/releases/schemas.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { print } from '../output.ts';
import { type Platform, platformOf } from '../platform.ts';
import { printRelease } from './describe.ts';
import { releasePath } from './read.ts';

const everyMs = 1_000;

/** Prints a release whenever it stands otherwise, until all members are there. @throws Failure when it went back */
export async function watchRelease(platform: Platform, id: string, toEnd = false): Promise<void> {
  let seen = '';
  for (;;) {
    const release = await call(platform, { method: 'GET', path: releasePath(id), answer: Release });
    const { status, members, flags } = release;
    const now = JSON.stringify([status, members, flags]);
    if (now !== seen) {
      if (seen !== '') print();
      printRelease(release);
    }
    seen = now;
    if (status === 'completed' || (status === 'keeping' && !toEnd)) return;
    if (status === 'rolled_back' || status === 'needs_attention') {
      throw new Failure(`The release ended ${status.replace('_', ' ')}.`, {
        code: exitCode.failed,
        action: `See: npx theseus release events ${id}`,
      });
    }
    await sleep(everyMs);
  }
}

/** `theseus release watch <id>`. */
export const releaseWatch = (): Command =>
  new Command('watch')
    .description('Follow a release until all members are there, or until it ends')
    .argument('<id>')
    .option('--to-end', 'until the old versions are let go as well')
    .action(async (id: string, { toEnd }: { toEnd?: boolean }, command: Command) => {
      await watchRelease(await platformOf(command), id, toEnd);
    });
