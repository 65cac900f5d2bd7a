import { resolve } from 'node:path';
import type { Command } from 'commander';
import { readTokens } from '#local/http/tokens.ts';
import { holderOf } from '#local/lock.ts';
import { exitCode, Failure } from './failure.ts';

/** Where the platform is and what to show it. */
export interface Platform {
  url: string;
  token: string;
}

/** The laptop's data directory: --directory, THESEUS_DIRECTORY, or `.theseus` in the current folder. */
export const dataDirectory = (given?: string): string =>
  resolve(given ?? process.env.THESEUS_DIRECTORY ?? '.theseus');

async function tokensOf(folder: string) {
  try {
    return await readTokens(folder);
  } catch (error) {
    throw new Failure(error instanceof Error ? error.message : String(error), {
      code: exitCode.forbidden,
      action: 'Correct the file, or remove it and start the platform again: it makes a new one.',
    });
  }
}

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
  const holder = await holderOf(folder);
  const [first] = holder?.url ? await tokensOf(folder) : [];
  if (!holder?.url || !first) {
    throw new Failure(`No platform runs on ${folder}.`, {
      code: exitCode.unreachable,
      action: 'Start one with `npx theseus dev` in another terminal, or set THESEUS_URL and THESEUS_TOKEN.',
    });
  }
  return { url: holder.url, token: first.token };
}

/** The platform that a verb speaks to. @throws Failure (unreachable) */
export const platformOf = (command: Command): Promise<Platform> =>
  findPlatform(command.optsWithGlobals<{ directory?: string }>().directory);
