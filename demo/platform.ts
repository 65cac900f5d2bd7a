import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { findPlatform, type Platform } from '../cli/platform.ts';

const startLimitMs = 60_000;

/** The platform in a process of its own, so that it can be killed for real. */
export interface PlatformProcess {
  current(): Platform;
  /** `kill -9`, then a new process over the same directory. Resolves when it answers again. */
  killAndRestart(): Promise<void>;
  stop(): Promise<void>;
}

async function launch(directory: string, port: number): Promise<{ child: ChildProcess; url: string }> {
  const theseus = fileURLToPath(new URL('../cli/theseus.ts', import.meta.url));
  const child = spawn(
    process.execPath,
    [theseus, '--directory', directory, 'dev', '--port', String(port), '--json'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      // A Ctrl-C in the terminal is for the demo, which stops the platform in order.
      detached: true,
      env: {
        ...process.env,
        LOG_LEVEL: process.env.LOG_LEVEL ?? 'SILENT',
        POWERTOOLS_LOG_LEVEL: process.env.LOG_LEVEL ?? 'SILENT',
      },
    },
  );
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error('The platform did not start within a minute')),
      startLimitMs,
    );
    child.once('exit', (code) => reject(new Error(`The platform ended at its start, with code ${code}`)));
    createInterface({ input: child.stdout ?? process.stdin }).once('line', (line) => {
      clearTimeout(timer);
      const ready: unknown = JSON.parse(line);
      if (typeof ready === 'object' && ready !== null && 'url' in ready) resolve(String(ready.url));
    });
  });
  child.removeAllListeners('exit');
  return { child, url };
}

/** Starts `theseus dev` on a directory; it ends when this process ends. */
export async function startPlatform(directory: string): Promise<PlatformProcess> {
  let running = await launch(directory, 0);
  let platform = await findPlatform(directory);
  const port = Number(new URL(running.url).port);
  const atExit = () => running.child.kill('SIGKILL');
  process.once('exit', atExit);
  const ended = (child: ChildProcess) =>
    child.exitCode !== null || child.signalCode !== null
      ? Promise.resolve()
      : new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    current: () => platform,
    async killAndRestart() {
      running.child.kill('SIGKILL');
      await ended(running.child);
      running = await launch(directory, port);
      platform = await findPlatform(directory);
    },
    async stop() {
      process.removeListener('exit', atExit);
      running.child.kill('SIGTERM');
      const stopping = setTimeout(() => running.child.kill('SIGKILL'), 10_000);
      await ended(running.child);
      clearTimeout(stopping);
    },
  };
}
