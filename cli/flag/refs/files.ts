import { execFile } from 'node:child_process';
import { open, readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { exitCode, Failure } from '../../failure.ts';

/** Files in which code stands, by their endings. */
const sources = new Set(
  'ts tsx mts cts js jsx mjs cjs vue svelte astro html py rb php go rs java kt kts scala groovy cs fs vb swift m mm dart c cc cpp h hpp ex exs erl clj lua r jl sh'
    .split(' ')
    .map((ending) => `.${ending}`),
);
const skipped = new Set(['node_modules', 'vendor', 'dist', 'build', 'target', 'cdk.out']);
export const mostFiles = 50_000;
export const mostBytes = 1_000_000;

const run = promisify(execFile);

/** How many files were not looked into, and why. */
export interface Skipped {
  tooLarge: number;
  binary: number;
  unreadable: number;
}

/**
 * Paths of source files below a folder, relative to it, in order: in a repository of Git those that Git has or would
 * have, which leaves out what .gitignore names; elsewhere all but hidden folders and those of dependencies.
 * @throws Failure (usage) when it is no folder, (refused) above 50,000 files.
 */
export async function sourceFiles(folder: string): Promise<string[]> {
  const all = (await gitFiles(folder)) ?? (await walked(folder));
  const paths = all.filter((path) => sources.has(extname(path).toLowerCase())).sort();
  if (paths.length <= mostFiles) return paths;
  throw new Failure(`${folder} has ${paths.length} source files; expected at most ${mostFiles}.`, {
    code: exitCode.refused,
    action: 'Name a folder within it.',
  });
}

/** What Git lists; undefined where the folder is in no repository, or there is no Git. */
async function gitFiles(folder: string): Promise<string[] | undefined> {
  try {
    const { stdout } = await run(
      'git',
      ['-C', folder, 'ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'],
      { timeout: 60_000, maxBuffer: 256_000_000 },
    );
    return stdout.split('\0').filter((path) => path !== '');
  } catch {
    return undefined;
  }
}

async function walked(folder: string): Promise<string[]> {
  const paths: string[] = [];
  const open = [''];
  for (let below = open.pop(); below !== undefined; below = open.pop()) {
    for (const entry of await entriesOf(folder, below)) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory() && !entry.name.startsWith('.') && !skipped.has(entry.name)) open.push(path);
      if (entry.isFile()) paths.push(path);
      if (paths.length > 10 * mostFiles) return paths;
    }
  }
  return paths;
}

async function entriesOf(folder: string, below: string) {
  try {
    return await readdir(join(folder, below), { withFileTypes: true });
  } catch (cause) {
    // What cannot be read within is left out; the folder itself was asked for.
    if (below !== '') return [];
    throw new Failure(`${folder} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      code: exitCode.usage,
      action: 'Name a folder with source files.',
    });
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The text of a file; or why it is not looked into: over 1 MB, not a text of UTF-8, not there any more. */
export async function readSource(path: string): Promise<{ text: string } | { skipped: keyof Skipped }> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    if (size > mostBytes) return { skipped: 'tooLarge' };
    const bytes = await file.readFile();
    if (bytes.subarray(0, 8_000).includes(0)) return { skipped: 'binary' };
    try {
      return { text: utf8.decode(bytes) };
    } catch {
      return { skipped: 'binary' };
    }
  } catch {
    return { skipped: 'unreadable' };
  }
}
