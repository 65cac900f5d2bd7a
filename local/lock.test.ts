import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { holderOf, lockDirectory } from './lock.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'theseus-lock-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Another process that takes the lock and keeps it. */
async function otherProcess() {
  const script = `const { lockDirectory } = await import(${JSON.stringify(new URL('./lock.ts', import.meta.url).href)});
    await lockDirectory(process.argv[1]); console.log('locked'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

describe('the lock of a directory', () => {
  it('names the process that holds it and where its API is', async () => {
    const lock = await lockDirectory(directory);
    await lock.announce('http://127.0.0.1:1');
    await expect(lockDirectory(directory)).rejects.toThrow(
      `Process ${process.pid} runs a platform over ${directory} and answers at http://127.0.0.1:1`,
    );
    expect(await holderOf(directory)).toMatchObject({ pid: process.pid, url: 'http://127.0.0.1:1' });
    await lock.release();
    expect(await holderOf(directory)).toBeUndefined();
    expect(await readdir(directory)).toEqual(['platform-1.lock']);
  });

  it('of a living process is respected, of a killed one taken over', async () => {
    const child = await otherProcess();
    await expect(lockDirectory(directory)).rejects.toThrow(`Process ${child.pid}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const lock = await lockDirectory(directory);
    expect((await holderOf(directory))?.pid).toBe(process.pid);
    await lock.release();
  });

  it('is given to one of many that find a dead one at once', async () => {
    for (const left of [
      '{"pid":4194300,"born":"1"}',
      `{"pid":${process.pid},"born":"of an earlier process"}`,
      '{"pi',
    ]) {
      await writeFile(join(directory, 'platform-900.lock'), left);
      const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => lockDirectory(directory)));
      const won = outcomes.filter((one) => one.status === 'fulfilled');
      expect(won).toHaveLength(1);
      await won[0]?.value.release();
      expect(await readdir(directory)).toHaveLength(1);
      await rm(directory, { recursive: true });
      await mkdir(directory);
    }
  });
});
