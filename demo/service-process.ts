import { type ChildProcess, fork } from 'node:child_process';
import { z } from 'zod';
import { exitCode, Failure } from '../cli/failure.ts';

const startLimitMs = 30_000;

/** Runs a module as a process of its own, with its settings as the first argument. */
export const launch = (file: URL, settings: object): ChildProcess =>
  fork(file, [JSON.stringify(settings)], {
    stdio: 'inherit',
    // A Ctrl-C in the terminal is for the demo.
    detached: true,
  });

const exitOf = (child: ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', () => resolve()));

export interface RunningService {
  url: string;
  /** Lets requests under way end. */
  stop(): Promise<void>;
}

/** Starts a service, which says its port; it ends with this process. `name` is what people call it. */
export async function runService(file: URL, settings: object, name: string): Promise<RunningService> {
  const child = launch(file, settings);
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
      throw new Failure(`${name} did not start.`, {
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
