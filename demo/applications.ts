import { type ChildProcess, fork } from 'node:child_process';
import { z } from 'zod';
import type { ApplicationOptions, Second, ShopModel } from '../examples/shop/application.ts';
import type { FromApplication, ToApplication } from '../examples/shop/process.ts';

/** An application of the shop in a process of its own. */
export interface RunningApplication {
  version: 'old' | 'new';
  seconds: Second[];
  /** Lets requests in flight end, and tells what was written. */
  stop(): Promise<ShopModel>;
  /** Ends it at once. */
  kill(): void;
}

// The process is ours and of this version; the shape is checked all the same, because a crash may send half of it.
const fromApplication = z.custom<FromApplication>(
  (value) => typeof value === 'object' && value !== null && 'seconds' in value,
);

/**
 * Starts an application; it stops by itself when this process ends. `died` hears of an end that nobody asked for: an
 * application that is gone has no failed requests, so silence must not pass for success.
 */
export function runApplication(
  options: ApplicationOptions,
  died: (error: Error) => void,
): RunningApplication {
  const child: ChildProcess = fork(new URL('../examples/shop/process.ts', import.meta.url), {
    stdio: 'inherit',
    // A Ctrl-C in the terminal is for the demo.
    detached: true,
  });
  const seconds: Second[] = [];
  const finished = Promise.withResolvers<ShopModel>();
  const send = (message: ToApplication) => child.send(message, () => {});
  let over = false;
  const broke = (why: string): void => {
    if (over) return;
    over = true;
    died(new Error(`The ${options.version} application ended ${why}`));
  };
  child.on('message', (raw) => {
    const message = fromApplication.parse(raw);
    seconds.push(...message.seconds);
    if ('model' in message) {
      over = true;
      finished.resolve(message.model);
    }
  });
  child.on('error', (error) => broke(error.message));
  child.on('exit', (code, signal) => broke(`with ${signal ?? `code ${code}`}`));
  send({ start: options });
  return {
    version: options.version,
    seconds,
    stop() {
      send('stop');
      return finished.promise;
    },
    kill() {
      over = true;
      child.kill('SIGKILL');
    },
  };
}
