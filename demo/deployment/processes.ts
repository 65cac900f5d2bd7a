import { type ChildProcess, fork } from 'node:child_process';
import { z } from 'zod';
import { exitCode, Failure } from '../../cli/failure.ts';
import { Second, type TrafficSettings } from './second.ts';
import type { VersionSettings } from './versions.ts';

const startLimitMs = 30_000;

const launch = (file: string, settings: object): ChildProcess =>
  fork(new URL(file, import.meta.url), [JSON.stringify(settings)], {
    stdio: 'inherit',
    // A Ctrl-C in the terminal is for the demo.
    detached: true,
  });

const exitOf = (child: ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', () => resolve()));

export interface RunningVersion {
  url: string;
  /** Lets requests under way end. */
  stop(): Promise<void>;
}

/** Starts a version of the service; it ends with this process. */
export async function runVersion(settings: VersionSettings): Promise<RunningVersion> {
  const child = launch('./service.ts', settings);
  const said = new Promise<unknown>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('said no port')), startLimitMs);
    child.once('message', (message) => {
      clearTimeout(late);
      resolve(message);
    });
    child.once('exit', () => reject(new Error('ended at its start')));
  });
  const { port } = z.object({ port: z.int() }).parse(
    await said.catch((cause: unknown) => {
      child.kill('SIGKILL');
      throw new Failure(`Version ${settings.version} did not start.`, {
        code: exitCode.unreachable,
        details: [String(cause)],
      });
    }),
  );
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 3_000);
      await exitOf(child);
      clearTimeout(late);
    },
  };
}

export interface RunningTraffic {
  /** What came of every second so far. */
  seconds: Second[];
  /** Lets requests under way end; resolves when all of them are told. */
  stop(): Promise<void>;
  kill(): void;
}

/** Starts visitors; they end with this process. `died`: they ended unasked, so that silence must not pass for success. */
export function runTraffic(settings: TrafficSettings, died: (error: Error) => void): RunningTraffic {
  const child = launch('./traffic.ts', settings);
  const seconds: Second[] = [];
  const over = Promise.withResolvers<void>();
  let asked = false;
  child.on('message', (message) => {
    if (message === 'over') over.resolve();
    else seconds.push(Second.parse(message));
  });
  child.once('exit', (code, signal) => {
    over.resolve();
    if (!asked) died(new Error(`The visitors ended with ${signal ?? `code ${code}`}`));
  });
  return {
    seconds,
    async stop() {
      asked = true;
      child.send('stop');
      await over.promise;
    },
    kill() {
      asked = true;
      child.kill('SIGKILL');
    },
  };
}
