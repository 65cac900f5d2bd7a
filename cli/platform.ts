import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { readTokens } from '#local/http/tokens.ts';
import { exitCode, Failure } from './failure.ts';

const runningPlatform = z.object({ url: z.url(), pid: z.int() });
/** Written by `theseus dev`, read by every other verb. */
export const runningFile = (directory: string): string => join(directory, 'running.json');

/** Where the platform is and what to show it. */
export interface Platform {
  url: string;
  token: string;
}

/** The laptop's data directory: --directory, THESEUS_DIRECTORY, or `.theseus` in the current folder. */
export const dataDirectory = (given?: string): string =>
  resolve(given ?? process.env.THESEUS_DIRECTORY ?? '.theseus');

/**
 * The platform this terminal speaks to: THESEUS_URL and THESEUS_TOKEN, or the one `theseus dev` runs on this directory.
 * @throws Failure (unreachable) when neither is there.
 */
export async function findPlatform(directory?: string): Promise<Platform> {
  const { THESEUS_URL: url, THESEUS_TOKEN: token } = process.env;
  if (url) {
    if (!token) {
      throw new Failure('THESEUS_URL is set and THESEUS_TOKEN is not.', {
        code: exitCode.usage,
        action:
          'Set THESEUS_TOKEN to a token of that environment, or unset THESEUS_URL to use the platform on this machine.',
      });
    }
    return { url: url.replace(/\/$/, ''), token };
  }
  const folder = dataDirectory(directory);
  try {
    const running = runningPlatform.parse(JSON.parse(await readFile(runningFile(folder), 'utf8')));
    const [first] = await readTokens(folder);
    if (!first) throw new Error('no token');
    return { url: running.url, token: first.token };
  } catch {
    throw new Failure(`No platform runs on ${folder}.`, {
      code: exitCode.unreachable,
      action: 'Start one with `npx theseus dev` in another terminal, or set THESEUS_URL and THESEUS_TOKEN.',
    });
  }
}
