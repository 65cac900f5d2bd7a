import { type RunningService, runService } from '../service-process.ts';
import { runVisitors, type Visitors } from '../visitors.ts';
import { Second, type TrafficSettings } from './second.ts';
import type { VersionSettings } from './versions.ts';

/** Starts a version of the service; it ends with this process. */
export const runVersion = (settings: VersionSettings): Promise<RunningService> =>
  runService(new URL('./service.ts', import.meta.url), settings, `Version ${settings.version}`);

export interface RunningTraffic extends Visitors {
  /** What came of every second so far. */
  seconds: Second[];
}

/** Starts visitors; they end with this process. `died`: they ended unasked, so that silence must not pass for success. */
export function runTraffic(settings: TrafficSettings, died: (error: Error) => void): RunningTraffic {
  const seconds: Second[] = [];
  const visitors = runVisitors(new URL('./traffic.ts', import.meta.url), settings, {
    name: 'visitors',
    told: (message) => seconds.push(Second.parse(message)),
    died,
  });
  return { ...visitors, seconds };
}
