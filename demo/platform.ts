import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type Ask, call } from '../cli/client.ts';
import { exitCode, Failure } from '../cli/failure.ts';
import { findPlatform, type Platform } from '../cli/platform.ts';

const startLimitMs = 60_000;
const ready = z.object({ url: z.string(), gatewayUrl: z.string() });
const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The platform in a process of its own, so that it can be killed for real. */
export interface PlatformProcess {
  current(): Platform;
  /** Where requests to services go. */
  gatewayUrl: string;
  /** One request; waits for the platform while the visitor's kill has it down. */
  ask: Ask;
  /** `kill -9`, then a new process over the same directory. Resolves when it answers again. */
  killAndRestart(): Promise<void>;
  /** In order, at most 10 s; `now` ends it as suddenly as a power cut. */
  stop(now: boolean): Promise<void>;
}

const failed = (what: string) => new Failure(`The platform ${what}.`, { code: exitCode.unreachable });

const portOf = (url: string) => Number(new URL(url).port);

const launch = (directory: string, port: number, gatewayPort: number): ChildProcess =>
  spawn(
    process.execPath,
    [
      // It ends when we do, however we end.
      ...['--import', fileOf('../bin/follow.js')],
      ...[fileOf('../cli/theseus.ts'), '--directory', directory, 'dev', '--json'],
      ...['--port', String(port), '--gateway-port', String(gatewayPort)],
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      // A Ctrl-C in the terminal is for the demo, which stops the platform in order.
      detached: true,
      env: {
        ...process.env,
        LOG_LEVEL: process.env.LOG_LEVEL ?? 'SILENT',
        POWERTOOLS_LOG_LEVEL: process.env.LOG_LEVEL ?? 'SILENT',
      },
    },
  );

/** Where it answers, once it does. */
function readyAt(child: ChildProcess): Promise<z.infer<typeof ready>> {
  const { promise, resolve, reject } = Promise.withResolvers<z.infer<typeof ready>>();
  const timer = setTimeout(() => {
    child.kill('SIGKILL');
    reject(failed('did not start within a minute'));
  }, startLimitMs);
  child.once('error', reject);
  child.once('exit', (code, signal) =>
    reject(failed(`ended at its start, with ${signal ?? `code ${code}`}`)),
  );
  createInterface({ input: child.stdout ?? process.stdin }).once('line', (line) => {
    try {
      resolve(ready.parse(JSON.parse(line)));
    } catch {
      reject(failed(`said '${line.slice(0, 200)}' at its start`));
    }
  });
  return promise.finally(() => clearTimeout(timer));
}

const exitOf = (child: ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', () => resolve()));

/** Starts `theseus dev` on a directory; it ends when this process ends. */
export async function startPlatform(directory: string): Promise<PlatformProcess> {
  let child = launch(directory, 0, 0);
  const { url, gatewayUrl } = await readyAt(child);
  let platform = await findPlatform(directory);
  let down: Promise<void> | undefined;
  let stopped = false;
  const writing = new Set<Promise<unknown>>();

  async function restart(): Promise<void> {
    // The demo's own few words to the platform are left to end: it would not know whether they were heard.
    await Promise.allSettled(writing);
    child.kill('SIGKILL');
    await exitOf(child);
    if (stopped) return;
    child = launch(directory, portOf(url), portOf(gatewayUrl));
    await readyAt(child);
    platform = await findPlatform(directory);
  }

  return {
    current: () => platform,
    gatewayUrl,
    async ask(request) {
      const reads = request.method === 'GET';
      for (;;) {
        await down;
        const asked = call(platform, request);
        if (!reads) writing.add(asked);
        try {
          return await asked;
        } catch (error) {
          const cutOff = error instanceof Failure && error.code === exitCode.unreachable;
          if (!reads || !cutOff || down === undefined) throw error;
        } finally {
          writing.delete(asked);
        }
      }
    },
    async killAndRestart() {
      down ??= restart();
      await down;
      down = undefined;
    },
    async stop(now) {
      stopped = true;
      child.kill(now ? 'SIGKILL' : 'SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await exitOf(child);
      clearTimeout(late);
    },
  };
}
