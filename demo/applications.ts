import { type ChildProcess, fork } from 'node:child_process';
import { z } from 'zod';
import type { ApplicationOptions, Second, ShopModel } from '../examples/shop/application.ts';
import type { FromApplication, ToApplication } from '../examples/shop/process.ts';

/** An application of the shop in a process of its own. */
export interface RunningApplication {
  version: 'old' | 'new';
  seconds: Second[];
  stop(): Promise<ShopModel>;
}

// The process is ours and of this version; the shape is checked all the same, because a crash may send half of it.
const fromApplication = z.custom<FromApplication>(
  (value) => typeof value === 'object' && value !== null && 'seconds' in value,
);

/** Starts an application; it stops by itself when this process ends. */
export function runApplication(options: ApplicationOptions): RunningApplication {
  const child: ChildProcess = fork(new URL('../examples/shop/process.ts', import.meta.url), {
    stdio: 'inherit',
  });
  const seconds: Second[] = [];
  const send = (message: ToApplication) => child.send(message);
  let finished: (model: ShopModel) => void = () => {};
  let broke: (error: Error) => void = () => {};
  let ended = false;
  child.on('message', (raw) => {
    const message = fromApplication.parse(raw);
    seconds.push(...message.seconds);
    if ('model' in message) {
      ended = true;
      finished(message.model);
    }
  });
  child.on('exit', (code) => {
    if (!ended) broke(new Error(`The ${options.version} application ended with code ${code}`));
  });
  send({ start: options });
  return {
    version: options.version,
    seconds,
    stop: () =>
      new Promise((resolve, reject) => {
        finished = resolve;
        broke = reject;
        send('stop');
      }),
  };
}
