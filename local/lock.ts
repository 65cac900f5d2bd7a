import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeDurably } from './durable-file.ts';

const holder = z.object({
  pid: z.int().positive(),
  /** When that process began, as its system tells; tells a process from a later one with the same id. */
  born: z.string(),
  /** Where its API answers, once it does. */
  url: z.string().optional(),
  /** Where requests to services go in. */
  gatewayUrl: z.string().optional(),
  released: z.boolean().optional(),
});
export type Holder = z.infer<typeof holder>;

export interface DirectoryLock {
  /** Tells clients on this machine where the API is, and the gateway. */
  announce(url: string, gatewayUrl?: string): Promise<void>;
  release(): Promise<void>;
}

/** The start time of a process in clock ticks (Linux), or '' where that cannot be read. */
function bornOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command in parentheses and may itself hold blanks and parentheses.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function isAlive({ pid, born, released }: Holder): boolean {
  if (released) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives and belongs to another user.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  return born === bornOf(pid);
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return holder.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined; // gone, or cut off while it was written
  }
}

// Locks are numbered and the highest counts. A start takes the number after the highest if that one is
// dead or released; the highest is never deleted, so numbers only rise. Deleting a dead lock instead would
// let two starts that saw it dead delete each other's.
const nameOf = (number: number) => `platform-${number}.lock`;

async function numbersIn(directory: string): Promise<number[]> {
  const names = await readdir(directory).catch(() => []);
  return names.flatMap((name) => /^platform-(\d+)\.lock$/.exec(name)?.[1] ?? []).map(Number);
}

async function highest(directory: string): Promise<{ number: number; holder: Holder | undefined }> {
  const number = Math.max(0, ...(await numbersIn(directory)));
  return { number, holder: await readHolder(join(directory, nameOf(number))) };
}

/** Who runs a platform over this directory now; undefined when nobody does. */
export async function holderOf(directory: string): Promise<Holder | undefined> {
  const { holder: found } = await highest(directory);
  return found && isAlive(found) ? found : undefined;
}

/**
 * Takes the directory for this process. Throws, naming the process that holds it; what a killed process
 * left behind is taken over.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const mine: Holder = { pid: process.pid, born: bornOf(process.pid) };
  const draft = join(directory, `platform-${randomUUID()}.unfinished`);
  await writeFile(draft, JSON.stringify(mine), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 100; attempt++) {
      const { number, holder: other } = await highest(directory);
      if (other !== undefined && isAlive(other)) throw held(directory, other);
      const path = join(directory, nameOf(number + 1));
      // A link is made whole or not at all, and never over another.
      if (!(await linked(draft, path))) continue;
      const numbers = await numbersIn(directory);
      const older = numbers.filter((one) => one <= number);
      const newer = numbers.some((one) => one > number + 1);
      const useless = newer ? [number + 1] : older;
      await Promise.all(useless.map((one) => rm(join(directory, nameOf(one)), { force: true })));
      if (!newer) return lockOf(path, mine);
    }
    throw new Error(`${directory} could not be locked: other processes keep starting and ending over it`);
  } finally {
    await rm(draft, { force: true });
  }
}

function held(directory: string, other: Holder): Error {
  const where = other.url === undefined ? '' : ` and answers at ${other.url}`;
  return new Error(
    `Process ${other.pid} runs a platform over ${directory}${where}. Stop it first, or choose another directory.`,
  );
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function lockOf(path: string, mine: Holder): DirectoryLock {
  return {
    announce: (url, gatewayUrl) => writeDurably(path, JSON.stringify({ ...mine, url, gatewayUrl })),
    release: () => writeDurably(path, JSON.stringify({ ...mine, released: true })),
  };
}
