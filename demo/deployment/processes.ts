import { launch, type RunningService, runService } from '../service-process.ts';
import { Second, type TrafficSettings } from './second.ts';
import type { VersionSettings } from './versions.ts';

/** Starts a version of the service; it ends with this process. */
export const runVersion = (settings: VersionSettings): Promise<RunningService> =>
  runService(new URL('./service.ts', import.meta.url), settings, `Version ${settings.version}`);

export interface RunningTraffic {
  /** What came of every second so far. */
  seconds: Second[];
  /** Lets requests under way end; resolves when all of them are told. */
  stop(): Promise<void>;
  kill(): void;
}

/** Starts visitors; they end with this process. `died`: they ended unasked, so that silence must not pass for success. */
export function runTraffic(settings: TrafficSettings, died: (error: Error) => void): RunningTraffic {
  const child = launch(new URL('./traffic.ts', import.meta.url), settings);
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
