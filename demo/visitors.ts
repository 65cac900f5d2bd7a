import { launch } from './service-process.ts';

export interface Visitors {
  /** Lets requests under way end; resolves when all of them are told. */
  stop(): Promise<void>;
  kill(): void;
}

export interface Listener {
  /** What people call them. */
  name: string;
  /** Hears what they saw. */
  told: (message: unknown) => void;
  /** They ended unasked, so that silence must not pass for success. */
  died: (error: Error) => void;
}

/** Starts a process of `visitSteadily`; it ends with this one. */
export function runVisitors(file: URL, settings: object, { name, told, died }: Listener): Visitors {
  const child = launch(file, settings);
  const over = Promise.withResolvers<void>();
  let asked = false;
  child.on('message', (message) => {
    if (message === 'over') over.resolve();
    else told(message);
  });
  child.once('exit', (code, signal) => {
    over.resolve();
    if (!asked) died(new Error(`The ${name} ended with ${signal ?? `code ${code}`}`));
  });
  return {
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
