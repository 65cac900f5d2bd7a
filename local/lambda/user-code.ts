import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { HandlerModule } from './runtime.ts';

/** The code of one published version of a user's own function. */
export interface VersionCode {
  version: string;
  file: string;
}

const functionName = /^[\w-]{1,64}$/;
const firstAliases = z.record(z.string(), z.string());
const versionFile = /^([1-9]\d{0,8})\.(ts|mts|js|mjs)$/;

// A function is all that is asked of it here; what it takes and gives is between it and who invokes it.
const handlerModule = z.looseObject({
  handler: z.custom<HandlerModule['handler']>((one) => typeof one === 'function'),
});

/**
 * A folder of users' own functions: `<name>/<number>.ts` (or .mts, .js, .mjs) exports the handler of a published version.
 * It is read at every question, so that a version is there as soon as its file is.
 */
export function codeIn(folder: string | undefined) {
  const root = folder === undefined ? undefined : resolve(folder);

  /** Names of the functions. Throws when the folder cannot be read. */
  async function names(): Promise<string[]> {
    if (root === undefined) return [];
    const entries = await readdir(root, { withFileTypes: true });
    return entries
      .filter((one) => one.isDirectory() && functionName.test(one.name))
      .map((one) => one.name)
      .sort();
  }

  /** The versions of a function in rising order; none when there is no such function. Throws when a version has two files. */
  async function versions(name: string): Promise<VersionCode[]> {
    if (root === undefined || !functionName.test(name)) return [];
    const directory = join(root, name);
    if (!(await stat(directory).catch(() => undefined))?.isDirectory()) return [];
    const found = (await readdir(directory)).flatMap((file): VersionCode[] => {
      const version = versionFile.exec(file)?.[1];
      return version === undefined ? [] : [{ version, file: join(directory, file) }];
    });
    found.sort((one, other) => Number(one.version) - Number(other.version));
    const twice = found.find(({ version }, at) => found[at + 1]?.version === version);
    if (twice === undefined) return found;
    throw new Error(`${directory} has two files of version ${twice.version}; keep one of them.`);
  }

  /** The aliases that a function is to begin with, and their versions: its file aliases.json. Throws when that is no JSON of texts. */
  async function aliases(name: string): Promise<Record<string, string>> {
    if (root === undefined) return {};
    const file = join(root, name, 'aliases.json');
    const text = await readFile(file, 'utf8').catch(() => '{}');
    try {
      return firstAliases.parse(JSON.parse(text));
    } catch (cause) {
      throw new Error(`${file} names no aliases; expected for example {"live": "1"}.`, { cause });
    }
  }

  return { names, versions, aliases };
}

/** Imports a version's module. Throws when it exports no function `handler`. */
export async function importVersion({ file }: VersionCode): Promise<HandlerModule> {
  const module: unknown = await import(pathToFileURL(file).href);
  const parsed = handlerModule.safeParse(module);
  if (!parsed.success) throw new Error(`${file} exports no function named handler.`);
  return { handler: parsed.data.handler };
}

/** As AWS gives it: SHA-256 of the code, base64. */
export const digestOf = async ({ file }: VersionCode): Promise<{ sha256: string; bytes: number }> => {
  const code = await readFile(file);
  return { sha256: createHash('sha256').update(code).digest('base64'), bytes: code.length };
};
